"""What our payments of a day have earned by their spreads, from the facts of the payments."""

from collections import defaultdict
from datetime import date

from services.kit.postgres import Connection
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent

AT_ONCE = 5_000
READ_SECONDS = 120.0


async def spread_income(
    connection: Connection, partner_id: str, day: date
) -> list[tuple[str, int, int]]:
    """Currency, payments, minor units; payments without a spread do not count.

    Call it in a transaction.
    """
    sums: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    rows = connection.cursor(_COMPLETED, partner_id, day, prefetch=AT_ONCE, timeout=READ_SECONDS)
    async for (payload,) in rows:
        spread = PaymentEvent.FromString(payload).payment_completed.payment.spread
        if spread.minor_units:
            count, minor = sums[spread.currency_code]
            sums[spread.currency_code] = (count + 1, minor + spread.minor_units)
    return [(currency, *sums[currency]) for currency in sorted(sums)]


_COMPLETED = """
SELECT f.payload FROM our_rows AS o
JOIN facts AS f ON f.key = substr(o.resource_id, length('payment-') + 1)
WHERE (o.partner_id, o.day) = ($1, $2) AND o.kind = 'payment' AND o.resource_id LIKE 'payment-%'
    AND f.source = 'gateway' AND f.type = 'PaymentCompleted'
"""
