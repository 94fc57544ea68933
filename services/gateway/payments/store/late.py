"""Late charges: rows of their own, one for each charge."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.gateway.payments.saga import Side
from services.kit.postgres import Connection


class LateState(StrEnum):
    """Where a late charge is."""

    # The ledger is asked to book it against suspense.
    BOOKING = "booking"
    # Booked; the partner is asked to give it back.
    REFUNDING = "refunding"
    # Given back; the ledger is asked to reverse the booking.
    RETURNING = "returning"
    # Nothing is left in suspense. Final.
    REFUNDED = "refunded"
    # The ledger or the partner refused: an operator's case.
    CASE = "case"


@dataclass(frozen=True, slots=True)
class LateRow:
    """One late charge; field order is that of the columns."""

    reference: str
    charge_id: str
    payment_reference: str
    side: Side
    partner_id: str
    partner_reference: str
    currency: str
    amount_minor: int
    state: LateState
    message: str
    create_time: datetime
    debit_account_id: str
    credit_account_id: str

    @property
    def resource_id(self) -> str:
        """What commands and events carry."""
        return resource_id(Resource.LATE, self.reference)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


_COLUMNS = """reference, charge_id, payment_reference, side, partner_id, partner_reference,
    currency, amount_minor, state, message, create_time, debit_account_id, credit_account_id"""
_TYPES = ("text",) * 7 + ("bigint", "text", "text", "timestamptz", "text", "text")
_ARRAYS = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(_TYPES, 1))


async def known_charges(connection: Connection, charge_ids: Iterable[str]) -> set[str]:
    """Those of the charges that have been booked before."""
    rows = await connection.fetch(
        "SELECT charge_id FROM late_charges WHERE charge_id = ANY ($1::text[])", list(charge_ids)
    )
    return {row[0] for row in rows}


async def add_late(connection: Connection, rows: Sequence[LateRow], sweep: timedelta) -> None:
    """Insert; a charge known by now is a unique violation, and the unit repeats."""
    columns = zip(
        *(
            (
                row.reference,
                row.charge_id,
                row.payment_reference,
                row.side,
                row.partner_id,
                row.partner_reference,
                row.currency,
                row.amount_minor,
                row.state,
                row.message,
                row.create_time,
                row.debit_account_id,
                row.credit_account_id,
            )
            for row in rows
        ),
        strict=True,
    )
    await connection.execute(_ADD, *(list(column) for column in columns), sweep)


_ADD = f"""
INSERT INTO late_charges ({_COLUMNS}, update_time, next_sweep_time)
SELECT given.*, given.create_time, now() + $14::interval
FROM unnest({_ARRAYS}) AS given ({_COLUMNS})
"""  # noqa: S608


async def lock_late(connection: Connection, references: Iterable[str]) -> dict[str, LateRow]:
    """By reference, rows locked in order."""
    rows = await connection.fetch(_LOCK, sorted(set(references)))
    return {row[0]: _row(row) for row in rows}


_LOCK = f"""
SELECT {_COLUMNS} FROM late_charges
WHERE reference = ANY ($1::text[]) ORDER BY reference FOR UPDATE
"""  # noqa: S608


async def take_due_late(connection: Connection, limit: int) -> list[LateRow]:
    """Those whose answer has been outstanding too long; locked, others' skipped."""
    return [_row(row) for row in await connection.fetch(_TAKE_DUE, limit)]


_TAKE_DUE = f"""
SELECT {_COLUMNS} FROM late_charges
WHERE next_sweep_time <= now() ORDER BY next_sweep_time LIMIT $1 FOR UPDATE SKIP LOCKED
"""  # noqa: S608


def _row(row: Sequence[object]) -> LateRow:
    values: list[object] = list(row)
    values[3] = Side(str(row[3]))
    values[8] = LateState(str(row[8]))
    return LateRow(*values)  # type: ignore[arg-type]


async def store_late(
    connection: Connection, states: Mapping[str, tuple[LateState, str]], now: datetime
) -> None:
    """Store new states with their messages, by reference; final ones are no longer swept."""
    await connection.execute(
        """
        UPDATE late_charges AS l
        SET state = u.state, message = u.message, update_time = $4, repeat_count = 0,
            next_sweep_time = CASE WHEN u.state NOT IN ('refunded', 'case')
                THEN l.next_sweep_time END
        FROM unnest($1::text[], $2::text[], $3::text[]) AS u (reference, state, message)
        WHERE l.reference = u.reference
        """,
        list(states),
        [state for state, _ in states.values()],
        [message for _, message in states.values()],
        now,
    )


async def postpone_late(
    connection: Connection, references: Sequence[str], first: timedelta, longest: timedelta
) -> None:
    """Count one more repeat of each, and look again after twice as long as before."""
    await connection.execute(
        """
        UPDATE late_charges
        SET repeat_count = repeat_count + 1,
            next_sweep_time = now() + LEAST($2::interval * 2 ^ LEAST(repeat_count, 20),
                $3::interval)
        WHERE reference = ANY ($1::text[])
        """,
        references,
        first,
        longest,
    )
