"""How much an acquirer may give back for a shop in a day. The limit is data of the shop's version.

A wallet's refunds are not counted: they are limited by their payments.
"""

from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.core.money import Money
from services.gateway.acquiring.merchants import store
from services.gateway.acquiring.merchants.refusals import RefundDayLimitReached
from services.gateway.reference import Participant
from services.kit.postgres import Connection


def day_start(acquirer: Participant, now: datetime) -> datetime:
    """When the acquirer's day has begun; of one that has no time zone, that of UTC."""
    try:
        zone = ZoneInfo(acquirer.time_zone)
    except (ValueError, ZoneInfoNotFoundError):
        zone = ZoneInfo("UTC")
    return datetime.combine(now.astimezone(zone).date(), time.min, zone)


async def check_refund_limit(
    connection: Connection,
    acquirer: Participant,
    merchant_id: str,
    amount: Money,
    now: datetime,
) -> None:
    """Within the unit that makes the refund. Raises `RefundDayLimitReached`."""
    limit = await store.lock_refund_limit(connection, merchant_id)
    if not limit:
        return
    start = day_start(acquirer, now)
    used = await store.refunded_since(connection, acquirer.participant_id, merchant_id, start)
    if used + amount.minor > limit:
        left = Money(max(limit - used, 0), amount.currency)
        raise RefundDayLimitReached(merchant_id, left)
