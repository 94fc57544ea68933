"""SQL of prepaid orders. Who moves an order has locked its row: whoever comes first decides."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from services.core.money import Money
from services.gateway.payments.model import State as PaymentState
from services.gateway.prepaid.model import Order, State
from services.kit.postgres import Connection

_COLUMNS = """o.payment_reference, o.participant_id, o.payment_id, o.acquirer_id, o.merchant_id,
    o.lines, o.pick_up_code, o.pick_up_until, o.state, o.redemption_id, o.refund_due,
    o.create_time, o.update_time, p.state, t.target_minor, t.target_currency"""
_SELECT = f"""
SELECT {_COLUMNS}
FROM prepaid_orders AS o
JOIN payments AS p ON p.reference = o.payment_reference
JOIN payment_terms AS t ON t.reference = o.payment_reference
"""  # noqa: S608


def _order(row: Sequence[Any]) -> Order:
    fields = tuple(row)
    life = (State(fields[8]), *fields[9:13])
    return Order(*(*fields[:8], *life, PaymentState(fields[13]), Money(fields[14], fields[15])))


async def add_order(connection: Connection, new: Order) -> None:
    """Insert a fresh order. A taken code is a unique violation, which repeats the unit."""
    await connection.execute(
        """
        INSERT INTO prepaid_orders (payment_reference, participant_id, payment_id, acquirer_id,
            merchant_id, lines, pick_up_code, pick_up_until, state, create_time, update_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        *(new.payment_reference, new.participant_id, new.payment_id, new.acquirer_id),
        *(new.merchant_id, new.lines, new.pick_up_code, new.pick_up_until, new.state),
        *(new.create_time, new.update_time),
    )


async def find_of_wallet(
    connection: Connection, participant_id: str, payment_id: str, *, lock: bool = False
) -> Order | None:
    """A wallet's order by its own id of the payment."""
    where = "WHERE o.participant_id = $1 AND o.payment_id = $2"
    return await _find(connection, where, lock, participant_id, payment_id)


async def find_of_acquirer(
    connection: Connection, acquirer_id: str, reference: str, *, lock: bool = False
) -> Order | None:
    """An acquirer's order by our reference of its payment."""
    where = "WHERE o.acquirer_id = $1 AND o.payment_reference = $2"
    return await _find(connection, where, lock, acquirer_id, reference)


async def find_by_code(connection: Connection, acquirer_id: str, code: str) -> Order | None:
    """The order at an acquirer's shops that has this code, locked."""
    where = "WHERE o.acquirer_id = $1 AND o.pick_up_code = $2"
    return await _find(connection, where, True, acquirer_id, code)


async def _find(connection: Connection, where: str, lock: bool, *given: str) -> Order | None:
    if lock:
        # Only then is read what decides: a payment may end while one waits for the order.
        locking = f"SELECT 1 FROM prepaid_orders AS o {where} FOR UPDATE"  # noqa: S608
        await connection.execute(locking, *given)
    row = await connection.fetchrow(f"{_SELECT} {where}", *given)
    return None if row is None else _order(row)


async def is_begun(connection: Connection, reference: str) -> bool:
    """Whether a payment is of an order that its shop has begun or handed out."""
    return bool(
        await connection.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM prepaid_orders
                WHERE payment_reference = $1 AND state IN ('accepted', 'picked_up')
            )
            """,
            reference,
        )
    )


async def list_waiting(
    connection: Connection, acquirer_id: str, merchant_id: str, after: str, limit: int
) -> list[Order]:
    """Paid orders that nobody has picked up, in the order of their payments."""
    rows = await connection.fetch(
        f"""{_SELECT}
        WHERE o.acquirer_id = $1 AND ($2 = '' OR o.merchant_id = $2) AND o.payment_reference > $3
            AND o.state IN ('placed', 'accepted') AND p.state = 'completed'
            AND p.refunded_minor < t.target_minor
        ORDER BY o.payment_reference LIMIT $4
        """,
        acquirer_id,
        merchant_id,
        after,
        limit,
    )
    return [_order(row) for row in rows]


async def take_over(connection: Connection, now: datetime, limit: int) -> list[Order]:
    """Open orders whose time is over and whose payment is final; locked, others' skipped."""
    rows = await connection.fetch(
        f"""{_SELECT}
        WHERE o.state IN ('placed', 'accepted') AND o.pick_up_until <= $1
            AND p.state IN ('completed', 'declined', 'cancelled', 'expired')
        ORDER BY o.pick_up_until LIMIT $2 FOR UPDATE OF o SKIP LOCKED
        """,
        now,
        limit,
    )
    return [_order(row) for row in rows]


async def store_moves(connection: Connection, moved: Sequence[Order]) -> None:
    """Store where orders are now; they are locked."""
    await connection.execute(
        """
        UPDATE prepaid_orders AS o
        SET state = u.state, redemption_id = u.redemption_id, refund_due = u.refund_due,
            update_time = u.update_time
        FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::timestamptz[])
            AS u (reference, state, redemption_id, refund_due, update_time)
        WHERE o.payment_reference = u.reference
        """,
        [order.payment_reference for order in moved],
        [order.state for order in moved],
        [order.redemption_id for order in moved],
        [order.refund_due for order in moved],
        [order.update_time for order in moved],
    )


async def list_refunds_due(connection: Connection, limit: int) -> list[Order]:
    """Orders whose money is still to be asked back, longest first; without those put off."""
    rows = await connection.fetch(
        f"""{_SELECT}
        WHERE o.refund_due AND (o.refund_retry_time IS NULL OR o.refund_retry_time <= now())
        ORDER BY o.update_time LIMIT $1
        """,
        limit,
    )
    return [_order(row) for row in rows]


async def refund_asked(connection: Connection, reference: str) -> None:
    """The refund of an order is on record."""
    await connection.execute(
        "UPDATE prepaid_orders SET refund_due = false WHERE payment_reference = $1", reference
    )


async def put_off(connection: Connection, reference: str, wait: timedelta) -> None:
    """Ask again after `wait` only, by Postgres's clock."""
    await connection.execute(
        "UPDATE prepaid_orders SET refund_retry_time = now() + $2 WHERE payment_reference = $1",
        reference,
        wait,
    )
