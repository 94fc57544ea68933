"""How much a participant may call: token buckets in memory, one per participant and class.

Each process counts by itself. The defaults stand far above what a partner needs, and far below
what would starve the others; they are there for loops gone wild.

Calls that are refused before anybody is known, or for want of a right, are counted by the address
they come from. Only such calls are then turned away: who is let in is never kept out by others
behind the same address.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from services.gateway.access.book import Rate, RateClass
from services.gateway.access.refusals import RateLimited

DEFAULTS: Mapping[RateClass, Rate] = {
    RateClass.PAYMENTS: Rate(20_000, 60_000),
    RateClass.READS: Rate(5_000, 15_000),
    RateClass.WRITES: Rate(1_000, 3_000),
}
RATE_MAXIMUM = 1_000_000
# Signed calls cost a check of a signature and a row.
SIGNED = ("signed calls", Rate(1_000, 3_000))
REFUSED = ("refused calls", Rate(20, 500))
_PREFIX_6 = 64  # what one host can choose its addresses from
_BUCKETS_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class RateState:
    """What the RateLimit header fields say of a bucket: its size, what is left, and the seconds
    until it is full again."""

    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """RateLimit header fields (draft-ietf-httpapi-ratelimit-headers, up to version 7)."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }


class Bucket:
    """Tokens of one participant for one class of calls."""

    __slots__ = ("_now", "_seconds", "_tokens", "name", "rate")

    def __init__(self, name: str, rate: Rate, now: Callable[[], float]) -> None:
        self.name = name
        self.rate = rate
        self._now = now
        self._tokens = float(rate.burst)
        self._seconds = now()

    def take(self) -> None:
        """Take one. Raises `RateLimited` with the time until there is one."""
        self._fill()
        if self._tokens < 1:
            per_second = self.rate.per_second
            seconds = (1 - self._tokens) / per_second
            raise RateLimited(self.name, per_second, seconds, self.state.headers())
        self._tokens -= 1

    def spend(self, count: int) -> float:
        """Take `count`, on credit if need be; returns the seconds to wait before the next."""
        self._fill()
        self._tokens -= count
        return max(0.0, -self._tokens / self.rate.per_second)

    def _fill(self) -> None:
        now = self._now()
        rate = self.rate
        self._tokens = min(rate.burst, self._tokens + (now - self._seconds) * rate.per_second)
        self._seconds = now

    @property
    def state(self) -> RateState:
        """As it stands after the last call."""
        burst, left = self.rate.burst, max(0, int(self._tokens))
        return RateState(burst, left, -(-(burst - left) // self.rate.per_second))


class Rates:
    """All buckets. `now` gives monotonic seconds: a clock that is moved refills nothing."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def bucket(self, owner: str, name: str, rate: Rate) -> Bucket:
        """The bucket of a participant or an address, of this rate from now on."""
        bucket = self._buckets.get((owner, name))
        if bucket is None:
            if len(self._buckets) >= _BUCKETS_LIMIT:
                self._buckets.clear()
            bucket = self._buckets[owner, name] = Bucket(name, rate, self._now)
        bucket.rate = rate
        return bucket


def origin_of(address: str) -> str:
    """What calls from an address are counted by: of IPv6 the network that one host may fill."""
    try:
        known = ip_address(address)
    except ValueError:
        return ""
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return str(ip_network((known, _PREFIX_6), strict=False))
    return str(known)
