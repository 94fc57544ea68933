"""SQL of orders. Their rows are locked after those of payments, in the order of their labels."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.core.money import Money
from services.gateway.acquiring.orders.model import FAILED, Claim, Order, OrderState
from services.gateway.payments.model import State
from services.kit.postgres import Connection

Found = tuple[Order, Claim | None]

_COLUMNS = """o.acquirer_id, o.order_id, o.label, o.merchant_id, o.amount_minor, o.currency,
    o.note, o.valid_seconds, o.code, o.create_time, o.expire_time, o.close_time,
    o.payment_reference, p.state, p.refunded_minor"""
_PAYMENTS = "LEFT JOIN payments AS p ON p.reference = o.payment_reference"
_FROM = f"SELECT {_COLUMNS} FROM orders AS o {_PAYMENTS}"  # noqa: S608
# How many orders one page of a shop or a state looks at, however few of them it is to show.
LOOK_AT = 10_000
# As `model.state_of` says it, so that a page can be of one state.
_STATE = """CASE
    WHEN p.state = 'completed' THEN 'paid'
    WHEN p.state IS NOT NULL AND p.state <> ALL ($5::text[]) THEN 'paying'
    WHEN o.close_time IS NOT NULL THEN 'closed'
    WHEN o.expire_time <= $6 THEN 'expired'
    ELSE 'open' END"""


def _found(row: Sequence[Any]) -> Found:
    owner, order_id, label, merchant_id, minor, currency, *rest = tuple(row)[:12]
    order = Order(owner, order_id, label, merchant_id, Money(minor, currency), *rest)
    reference, state, refunded = tuple(row)[12:]
    return order, None if reference is None else Claim(reference, State(state), refunded)


async def find_order(connection: Connection, acquirer_id: str, order_id: str) -> Found | None:
    """An acquirer's order, and what pays it."""
    row = await connection.fetchrow(
        f"{_FROM} WHERE o.acquirer_id = $1 AND o.order_id = $2",
        acquirer_id,
        order_id,
    )
    return None if row is None else _found(row)


async def list_orders(
    connection: Connection,
    acquirer_id: str,
    after: str,
    limit: int,
    now: datetime,
    merchant_id: str = "",
    state: OrderState | None = None,
    look_at: int = LOOK_AT,
) -> tuple[list[Found], str]:
    """A page of an acquirer's orders by id; and the id after which the next one begins, empty where
    there is none.

    Of one shop or state at most `limit` among the next `look_at`: a short page need not be the
    last.
    """
    is_filtered = bool(merchant_id or state)
    wide = max(limit, look_at) if is_filtered else limit
    rows = await connection.fetch(
        _LIST, acquirer_id, after, limit, merchant_id, sorted(FAILED), now, state or "", wide
    )
    found = [_found(row) for row in rows]
    if len(found) == limit:
        return found, found[-1][0].order_id
    if not is_filtered:
        return found, ""
    return found, await connection.fetchval(_LOOKED_AT, acquirer_id, after, wide - 1) or ""


_LIST = f"""
SELECT {_COLUMNS} FROM (
    SELECT * FROM orders WHERE acquirer_id = $1 AND order_id > $2 ORDER BY order_id LIMIT $8
) AS o {_PAYMENTS}
WHERE ($4 = '' OR o.merchant_id = $4) AND ($7 = '' OR {_STATE} = $7)
ORDER BY o.order_id LIMIT $3
"""  # noqa: S608
_LOOKED_AT = """
SELECT order_id FROM orders WHERE acquirer_id = $1 AND order_id > $2
ORDER BY order_id OFFSET $3 LIMIT 1
"""


async def lock_order(connection: Connection, acquirer_id: str, order_id: str) -> Found | None:
    """An acquirer's order, its row locked; then what decides is read."""
    await connection.execute(
        "SELECT FROM orders WHERE acquirer_id = $1 AND order_id = $2 FOR UPDATE",
        acquirer_id,
        order_id,
    )
    return await find_order(connection, acquirer_id, order_id)


async def close_order(
    connection: Connection, acquirer_id: str, order_id: str, now: datetime
) -> None:
    """Nobody may take it from now on. The caller has locked it."""
    await connection.execute(
        "UPDATE orders SET close_time = $3 WHERE acquirer_id = $1 AND order_id = $2",
        acquirer_id,
        order_id,
        now,
    )


async def add_order(connection: Connection, new: Order) -> None:
    """Insert a fresh order. A taken id is a unique violation."""
    await connection.execute(
        """
        INSERT INTO orders (acquirer_id, order_id, label, merchant_id, amount_minor, currency,
            note, valid_seconds, code, create_time, expire_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        new.acquirer_id,
        new.order_id,
        new.label,
        new.merchant_id,
        new.amount.minor,
        new.amount.currency,
        new.note,
        new.valid_seconds,
        new.code,
        new.create_time,
        new.expire_time,
    )


async def read_orders(connection: Connection, labels: Collection[str]) -> dict[str, Found]:
    """Orders by label; those unknown are left out."""
    rows = await connection.fetch(f"{_FROM} WHERE o.label = ANY ($1::text[])", sorted(labels))
    return {row["label"]: _found(row) for row in rows}


async def lock_orders(connection: Connection, labels: Collection[str]) -> dict[str, Found]:
    """These orders, by label; their rows are locked first, and read after that."""
    ordered = sorted(labels)
    await connection.execute(
        "SELECT 1 FROM orders WHERE label = ANY ($1::text[]) ORDER BY label FOR UPDATE", ordered
    )
    return await read_orders(connection, ordered)


async def put_claims(connection: Connection, taken: Mapping[str, str]) -> None:
    """These payments, by the orders' labels, have taken the orders. The caller has locked them."""
    await connection.execute(
        """
        UPDATE orders AS o SET payment_reference = u.reference
        FROM unnest($1::text[], $2::text[]) AS u (label, reference) WHERE o.label = u.label
        """,
        list(taken),
        list(taken.values()),
    )
