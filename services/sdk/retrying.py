"""When a call is repeated, and after how long. Ids make every repeat safe."""

import random
from dataclasses import dataclass

import grpc

# Nothing was done, or somebody else was first: asking again is what these statuses mean.
RETRIED = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED})


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a call is tried, the first pause and the longest, in seconds."""

    attempts: int = 6
    first_seconds: float = 0.1
    longest_seconds: float = 3.0

    def pause(self, attempt: int) -> float:
        """Seconds after the failed try number `attempt`, from 1: doubling, and by chance up to a
        half less, so that callers who failed together do not come back together."""
        exponent = min(attempt - 1, 30)
        full = min(self.first_seconds * 2.0**exponent, self.longest_seconds)
        return full * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
