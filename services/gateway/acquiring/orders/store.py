"""SQL of orders. Their rows are locked after those of payments, in the order of their labels."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.core.money import Money
from services.gateway.acquiring.orders.model import Claim, Order
from services.gateway.payments.model import State
from services.kit.postgres import Connection

Found = tuple[Order, Claim | None]

_COLUMNS = """o.acquirer_id, o.order_id, o.label, o.merchant_id, o.amount_minor, o.currency,
    o.note, o.valid_seconds, o.code, o.create_time, o.expire_time, o.payment_reference, p.state,
    p.refunded_minor"""
_FROM = f"""
SELECT {_COLUMNS} FROM orders AS o LEFT JOIN payments AS p ON p.reference = o.payment_reference
"""  # noqa: S608


def _found(row: Sequence[Any]) -> Found:
    owner, order_id, label, merchant_id, minor, currency, *rest = tuple(row)[:11]
    order = Order(owner, order_id, label, merchant_id, Money(minor, currency), *rest)
    reference, state, refunded = tuple(row)[11:]
    return order, None if reference is None else Claim(reference, State(state), refunded)


async def find_order(connection: Connection, acquirer_id: str, order_id: str) -> Found | None:
    """An acquirer's order, and what pays it."""
    row = await connection.fetchrow(
        f"{_FROM} WHERE o.acquirer_id = $1 AND o.order_id = $2",
        acquirer_id,
        order_id,
    )
    return None if row is None else _found(row)


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


async def lock_claims(connection: Connection, labels: Collection[str]) -> dict[str, Claim]:
    """What has taken these orders, by label; their rows are locked first, and read after that."""
    ordered = sorted(labels)
    await connection.execute(
        "SELECT 1 FROM orders WHERE label = ANY ($1::text[]) ORDER BY label FOR UPDATE", ordered
    )
    found = await read_orders(connection, ordered)
    return {label: claim for label, (_, claim) in found.items() if claim is not None}


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
