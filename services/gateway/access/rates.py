"""How much a participant may call: token buckets in memory, one per participant and class.

Each process counts by itself. The defaults stand far above what a partner needs, and far below
what would starve the others; they are there for loops gone wild.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.gateway.access.book import Rate, RateClass
from services.gateway.access.refusals import RateLimited

DEFAULTS: Mapping[RateClass, Rate] = {
    RateClass.PAYMENTS: Rate(20_000, 60_000),
    RateClass.READS: Rate(5_000, 15_000),
    RateClass.WRITES: Rate(1_000, 3_000),
}
RATE_MAXIMUM = 1_000_000
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


@dataclass(slots=True)
class _Bucket:
    tokens: float
    seconds: float


class Rates:
    """Token buckets. `now` gives monotonic seconds: a clock that is moved refills nothing."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._buckets: dict[tuple[str, RateClass], _Bucket] = {}

    def take(self, participant_id: str, name: RateClass, rate: Rate) -> RateState:
        """Take one. Raises `RateLimited` with the time until there is one."""
        bucket = self._filled(participant_id, name, rate)
        if bucket.tokens < 1:
            raise RateLimited(name, rate.per_second, (1 - bucket.tokens) / rate.per_second)
        bucket.tokens -= 1
        left = int(bucket.tokens)
        return RateState(rate.burst, left, -(-(rate.burst - left) // rate.per_second))

    def spend(self, participant_id: str, name: RateClass, rate: Rate, count: int) -> float:
        """Take `count`, on credit if need be; returns the seconds to wait before the next."""
        bucket = self._filled(participant_id, name, rate)
        bucket.tokens -= count
        return max(0.0, -bucket.tokens / rate.per_second)

    def _filled(self, participant_id: str, name: RateClass, rate: Rate) -> _Bucket:
        now = self._now()
        bucket = self._buckets.get((participant_id, name))
        if bucket is None:
            if len(self._buckets) >= _BUCKETS_LIMIT:
                self._buckets.clear()
            bucket = self._buckets[participant_id, name] = _Bucket(rate.burst, now)
        bucket.tokens = min(rate.burst, bucket.tokens + (now - bucket.seconds) * rate.per_second)
        bucket.seconds = now
        return bucket
