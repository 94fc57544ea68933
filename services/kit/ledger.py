"""Commands to the ledger, as rows of the outbox: what every service that books says."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from services.core.accounts import AccountSpec
from services.core.money import Money
from services.kit.outbox import Outgoing
from services.pb.kawase.wallet.v1 import transfer_pb2, wallet_message_pb2

TOPIC = "wallet.command"
# Of the outbox: commands are no facts, nobody asks for them by sequence.
STRIPE = 0


@dataclass(frozen=True, slots=True)
class Move:
    """One leg of a transfer: `amount` from the debited account to the credited one."""

    debit_account_id: str
    credit_account_id: str
    amount: Money
    purpose: str

    @property
    def reverse(self) -> "Move":
        return Move(self.credit_account_id, self.debit_account_id, self.amount, self.purpose)


def transfer_funds(link_id: str, moves: Sequence[Move], stripe: int = STRIPE) -> Outgoing:
    """The command that posts all of `moves` (at least one) at once, or none of them.

    The account first debited is the funding account; a repeat of the link changes nothing.
    """
    funding = moves[0].debit_account_id
    command = wallet_message_pb2.WalletCommand(
        transfer_funds=wallet_message_pb2.TransferFunds(
            link_id=link_id,
            funding_account_id=funding,
            legs=[leg_message(move) for move in moves],
        )
    )
    return _outgoing(funding, "TransferFunds", command, stripe)


def open_accounts(specs: Sequence[AccountSpec], stripe: int = STRIPE) -> Outgoing:
    """The command that opens `specs` (at least one); the same specs give the same link id."""
    named = "\n".join(f"{spec.account_id} {spec.net_debit_limit}" for spec in specs)
    digest = hashlib.sha256(named.encode()).hexdigest()
    command = wallet_message_pb2.WalletCommand(
        open_accounts=wallet_message_pb2.OpenAccounts(
            link_id=f"open-{digest[:26]}", accounts=[account_message(spec) for spec in specs]
        )
    )
    return _outgoing(specs[0].account_id, "OpenAccounts", command, stripe)


def leg_message(move: Move) -> transfer_pb2.Leg:
    """A leg as the wallet reads it."""
    leg = transfer_pb2.Leg(
        debit_account_id=move.debit_account_id,
        credit_account_id=move.credit_account_id,
        purpose=move.purpose,
    )
    leg.amount.minor_units = move.amount.minor
    leg.amount.currency_code = move.amount.currency
    return leg


def account_message(spec: AccountSpec) -> transfer_pb2.Account:
    """An account as the wallet reads it."""
    account = transfer_pb2.Account(
        account_id=spec.account_id,
        currency_code=spec.currency,
        kind=transfer_pb2.AccountKind.Value(f"ACCOUNT_KIND_{spec.kind.name}"),
        owner_id=spec.owner,
        striped=spec.striped,
    )
    if spec.net_debit_limit is not None:
        account.net_debit_limit = spec.net_debit_limit
    return account


def _outgoing(
    funding_account_id: str, kind: str, command: wallet_message_pb2.WalletCommand, stripe: int
) -> Outgoing:
    return Outgoing(TOPIC, funding_account_id, stripe, kind, command.SerializeToString())
