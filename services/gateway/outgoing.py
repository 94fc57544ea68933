"""The command that opens ledger accounts, as a row of the outbox."""

import hashlib
from collections.abc import Sequence

from services.core.accounts import AccountSpec
from services.gateway.payments.messages import wallet_command
from services.kit.outbox import Outgoing
from services.pb.kawase.wallet.v1 import transfer_pb2 as ledger
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet


def open_accounts(specs: Sequence[AccountSpec]) -> Outgoing:
    """The command that opens `specs` (at least one); the same specs give the same link id."""
    named = "\n".join(f"{spec.account_id} {spec.net_debit_limit}" for spec in specs)
    digest = hashlib.sha256(named.encode()).hexdigest()
    command = wallet.WalletCommand(
        open_accounts=wallet.OpenAccounts(
            link_id=f"open-{digest[:26]}", accounts=[_account(spec) for spec in specs]
        )
    )
    return wallet_command(specs[0].account_id, "OpenAccounts", command)


def _account(spec: AccountSpec) -> ledger.Account:
    account = ledger.Account(
        account_id=spec.account_id,
        currency_code=spec.currency,
        kind=ledger.AccountKind.Value(f"ACCOUNT_KIND_{spec.kind.name}"),
        owner_id=spec.owner,
        striped=spec.striped,
    )
    if spec.net_debit_limit is not None:
        account.net_debit_limit = spec.net_debit_limit
    return account
