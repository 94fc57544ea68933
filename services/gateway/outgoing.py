"""Messages the gateway sends, as rows of the outbox.

Commands to the wallet are keyed by the funding account, everything else by the resource; the
stripe follows the key. The header `type` is the name of the message inside the `oneof`.
"""

import hashlib
from collections.abc import Sequence

from services.core.accounts import AccountSpec
from services.core.ids import stripe_of
from services.kit.outbox import Outgoing
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.gateway.v1 import payment_event_pb2 as gateway
from services.pb.kawase.wallet.v1 import transfer_pb2 as ledger
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet

BodyMessage = wallet.WalletCommand | bridge.BridgeCommand | gateway.PaymentEvent


def _outgoing(topic: str, key: str, message: BodyMessage) -> Outgoing:
    name = message.WhichOneof("body") or ""
    kind = getattr(message, name).DESCRIPTOR.name
    return Outgoing(topic, key, stripe_of(key), kind, message.SerializeToString())


def wallet_command(funding_account_id: str, command: wallet.WalletCommand) -> Outgoing:
    """A command on topic wallet.command."""
    return _outgoing("wallet.command", funding_account_id, command)


def bridge_command(resource_id: str, command: bridge.BridgeCommand) -> Outgoing:
    """A command on topic bridge.command."""
    return _outgoing("bridge.command", resource_id, command)


def payment_event(reference: str, event: gateway.PaymentEvent) -> Outgoing:
    """A fact on topic payment.event."""
    return _outgoing("payment.event", reference, event)


def open_accounts(specs: Sequence[AccountSpec]) -> Outgoing:
    """The command that opens `specs` (at least one); the same specs give the same link id."""
    named = "\n".join(f"{spec.account_id} {spec.net_debit_limit}" for spec in specs)
    digest = hashlib.sha256(named.encode()).hexdigest()
    command = wallet.WalletCommand(
        open_accounts=wallet.OpenAccounts(
            link_id=f"open-{digest[:26]}", accounts=[_account(spec) for spec in specs]
        )
    )
    return wallet_command(specs[0].account_id, command)


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
