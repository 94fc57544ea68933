"""Puts late charges on record as payments hear of them, and says how they are driven."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from services.core.accounts import AccountKind, house
from services.core.ids import Resource, new_reference
from services.gateway.late import saga, store
from services.gateway.late.messages import command_of
from services.gateway.late.model import LateCharge
from services.gateway.payments import saga as payments
from services.gateway.payments.model import Payment
from services.gateway.resources.events import CaseFile, Kind
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.trace import follow, made_of

log = structlog.get_logger()


async def book_late_charges(
    connection: Connection, late: Sequence[tuple[Payment, payments.LateCharge]], now: datetime
) -> list[Outgoing]:
    """Put new late charges on record; the commands that book them."""
    by_charge = {charge.charge_id: (payment, charge) for payment, charge in late}
    if not by_charge:
        return []
    known = await store.known_charges(connection, by_charge)
    fresh = [
        _of(payment, charge, now)
        for charge_id, (payment, charge) in by_charge.items()
        if charge_id not in known
    ]
    for one in fresh:
        await store.add_late(connection, one)
        log.warning(
            "charge_accepted_late",
            charge_id=one.charge_id,
            partner_id=one.partner_id,
            amount=str(one.amount),
        )
    commands = []
    for one in fresh:
        follow(made_of(one.payment_reference))
        commands.append(command_of(one.life.step, one))
    return commands


def _of(payment: Payment, charge: payments.LateCharge, now: datetime) -> LateCharge:
    terms = payment.terms
    suspense = house(AccountKind.SUSPENSE, charge.amount.currency).account_id
    if charge.side is payments.Side.DELIVER:
        debit, credit = suspense, terms.payable_account_id
    else:
        debit, credit = terms.funding_account_id, suspense
    return LateCharge(
        new_reference(now),
        charge.charge_id,
        terms.reference,
        terms.participant_id,
        charge.side,
        charge.partner_id,
        charge.partner_reference,
        charge.amount,
        now,
        debit,
        credit,
        saga.first_life(now),
    )


def _case(late: LateCharge) -> CaseFile:
    return CaseFile(late.payment_reference, late.participant_id, late.partner_id, late.amount)


LATE_CHARGES = Kind[LateCharge](
    Resource.LATE,
    store.TABLE,
    store.read_late,
    saga.decide,
    command_of,
    lambda _late: None,
    _case,
    saga.resolve,
)
