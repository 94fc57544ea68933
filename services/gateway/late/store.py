"""SQL of late charges: rows of their own, one for each charge."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.core.money import Money
from services.gateway.late.model import LateCharge, State, Step
from services.gateway.late.saga import ORDERS
from services.gateway.payments.saga import Side
from services.gateway.payments.store.payments import SWEEP_AFTER
from services.gateway.resources.store import LIFE_COLUMNS, LifeTable
from services.kit.postgres import Connection

TABLE = LifeTable("late_charges", State, Step, ORDERS)


async def known_charges(connection: Connection, charge_ids: Iterable[str]) -> set[str]:
    """Those of the charges that have been booked before."""
    rows = await connection.fetch(
        "SELECT charge_id FROM late_charges WHERE charge_id = ANY ($1::text[])", list(charge_ids)
    )
    return {row[0] for row in rows}


async def add_late(connection: Connection, late: LateCharge) -> None:
    """Insert; a charge known by now is a unique violation, and the unit repeats."""
    await connection.execute(
        """
        INSERT INTO late_charges (reference, charge_id, payment_reference, participant_id, side,
            partner_id, partner_reference, currency, amount_minor, debit_account_id,
            credit_account_id, create_time, state, step, update_time, next_sweep_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $12,
            now() + $15::interval)
        """,
        *(late.reference, late.charge_id, late.payment_reference, late.participant_id, late.side),
        *(late.partner_id, late.partner_reference, late.amount.currency, late.amount.minor),
        *(late.debit_account_id, late.credit_account_id, late.create_time),
        *(late.life.state, late.life.step, SWEEP_AFTER),
    )


async def read_late(connection: Connection, references: Sequence[str]) -> list[LateCharge]:
    """Late charges in the order of their references."""
    return [_late(tuple(row)) for row in await connection.fetch(_READ, references)]


_READ = f"""
SELECT l.reference, l.charge_id, l.payment_reference, l.participant_id, l.side, l.partner_id,
    l.partner_reference, l.amount_minor, l.currency, l.create_time, l.debit_account_id,
    l.credit_account_id, {LIFE_COLUMNS}
FROM late_charges AS l WHERE l.reference = ANY ($1::text[]) ORDER BY l.reference
"""  # noqa: S608


def _late(row: tuple[Any, ...]) -> LateCharge:
    reference, charge_id, payment, participant, side, partner_id, partner_reference = row[:7]
    return LateCharge(
        reference,
        charge_id,
        payment,
        participant,
        Side(side),
        partner_id,
        partner_reference,
        Money(*row[7:9]),
        row[9],
        row[10],
        row[11],
        TABLE.life(row),
    )
