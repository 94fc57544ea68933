"""Late charges: a partner accepted a charge after its payment had been declined.

The payment stays as it is. The charge is booked against suspense (design §6: suspense → partner
payable; for a charge collected from a payer partner receivable → suspense), asked back from the
partner, and the booking is reversed once it came back. What ledger or partner refuse is a case for
an operator. Every charge is booked once: its id is unique.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from services.core.accounts import AccountKind, house
from services.core.clock import Clock
from services.core.ids import new_reference
from services.gateway.incoming import Incoming, What
from services.gateway.payments.messages import (
    bridge_command,
    leg_message,
    money,
    wallet_command,
)
from services.gateway.payments.model import Leg, Payment
from services.gateway.payments.saga import LateCharge, Side
from services.gateway.payments.store.late import (
    LateRow,
    LateState,
    add_late,
    known_charges,
    lock_late,
    store_late,
)
from services.gateway.payments.store.payments import SWEEP_AFTER
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet

log = structlog.get_logger()

BACK = "-back"


async def book_late_charges(
    connection: Connection, late: Sequence[tuple[Payment, LateCharge]], now: datetime
) -> list[Outgoing]:
    """Put new late charges on record; the commands that book them."""
    by_charge = {charge.charge_id: (payment, charge) for payment, charge in late}
    if not by_charge:
        return []
    known = await known_charges(connection, by_charge)
    rows = [
        _row_of(payment, charge, now)
        for charge_id, (payment, charge) in by_charge.items()
        if charge_id not in known
    ]
    if not rows:
        return []
    await add_late(connection, rows, SWEEP_AFTER)
    for row in rows:
        log.warning(
            "charge_accepted_late",
            charge_id=row.charge_id,
            partner_id=row.partner_id,
            amount=str(row.amount),
        )
    return [command for row in rows if (command := command_of(row)) is not None]


def _row_of(payment: Payment, charge: LateCharge, now: datetime) -> LateRow:
    terms = payment.terms
    suspense = house(AccountKind.SUSPENSE, charge.amount.currency).account_id
    if charge.side is Side.DELIVER:
        debit, credit = suspense, terms.payable_account_id
    else:
        debit, credit = terms.funding_account_id, suspense
    return LateRow(
        new_reference(now),
        charge.charge_id,
        terms.reference,
        charge.side,
        charge.partner_id,
        charge.partner_reference,
        charge.amount.currency,
        charge.amount.minor,
        LateState.BOOKING,
        "",
        now,
        debit,
        credit,
    )


def next_state(row: LateRow, heard: Incoming) -> LateState | None:
    """Where an event leads a late charge; None where it changes nothing. Pure."""
    returning = heard.link_id.endswith(BACK)
    match (row.state, heard.what):
        case (LateState.BOOKING, What.FUNDS_POSTED) if not returning:
            return LateState.REFUNDING
        case (LateState.REFUNDING, What.REFUND_ACCEPTED):
            return LateState.RETURNING
        case (LateState.RETURNING, What.FUNDS_POSTED) if returning:
            return LateState.REFUNDED
        case (LateState.BOOKING | LateState.RETURNING, What.FUNDS_REFUSED):
            return LateState.CASE
        case (LateState.REFUNDING, What.REFUND_REJECTED):
            return LateState.CASE
        case _:
            return None


def command_of(row: LateRow) -> Outgoing | None:
    """The command of the present state; None where nothing is outstanding."""
    match row.state:
        case LateState.BOOKING:
            return _transfer(row, row.resource_id, row.debit_account_id, row.credit_account_id)
        case LateState.REFUNDING:
            return _refund(row)
        case LateState.RETURNING:
            link_id = f"{row.resource_id}{BACK}"
            return _transfer(row, link_id, row.credit_account_id, row.debit_account_id)
        case _:
            return None


def _transfer(row: LateRow, link_id: str, debit: str, credit: str) -> Outgoing:
    # Keyed by the account beside suspense on both ways: those with a limit are one row.
    funding = row.credit_account_id if row.side is Side.DELIVER else row.debit_account_id
    transfer = wallet.TransferFunds(
        link_id=link_id,
        funding_account_id=funding,
        legs=[leg_message(Leg(debit, credit, row.amount, "late"))],
    )
    command = wallet.WalletCommand(transfer_funds=transfer)
    return wallet_command(funding, "TransferFunds", command)


def _refund(row: LateRow) -> Outgoing:
    refund = bridge.RefundCharge(
        refund_id=row.resource_id,
        charge_id=row.charge_id,
        resource_id=row.resource_id,
        amount=money(row.amount_minor, row.currency),
        reason="The payment had been declined before the charge was accepted.",
    )
    command = bridge.BridgeCommand(refund_charge=refund)
    return bridge_command(row.resource_id, "RefundCharge", command)


class LateChargeEvents:
    """The handler of events about late charges."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def handle(self, connection: Connection, batch: Sequence[Incoming]) -> Sequence[Outgoing]:
        """Decide a batch, event by event in order."""
        rows = await lock_late(connection, (heard.reference for heard in batch))
        states: dict[str, tuple[LateState, str]] = {}
        messages = []
        for heard in batch:
            row = rows.get(heard.reference)
            state = next_state(row, heard) if row is not None else None
            if row is None or state is None:
                continue
            row = rows[heard.reference] = replace(row, state=state)
            states[heard.reference] = (state, heard.message)
            if state is LateState.CASE:
                log.error("late_charge_stranded", charge_id=row.charge_id, reason=heard.reason)
            if (command := command_of(row)) is not None:
                messages.append(command)
        if states:
            await store_late(connection, states, self._clock.now())
        return messages

    def committed(self) -> None:
        """Nobody waits for a late charge."""
