"""How many calls of one participant run at once, where calls can last long: streams and waits.

What a process can hold is bounded elsewhere; this keeps one participant from taking all of it.
"""

from collections import Counter

from services.core.errors import LimitReached

PLACES = 400
"""Of a process: a fifth of `http.guard.CALL_LIMIT` and of `payments.waiters.WATCHER_LIMIT`."""


class Places:
    """Who takes a place gives it back."""

    def __init__(self, limit: int = PLACES) -> None:
        self._limit = limit
        self._taken: Counter[str] = Counter()

    def take(self, participant_id: str) -> None:
        """Raises `CallsAtOnceTooMany`."""
        if self._taken.get(participant_id, 0) >= self._limit:
            raise CallsAtOnceTooMany(self._limit)
        self._taken[participant_id] += 1

    def give_back(self, participant_id: str) -> None:
        """The other half of `take`."""
        self._taken[participant_id] -= 1
        if not self._taken[participant_id]:
            del self._taken[participant_id]


class CallsAtOnceTooMany(LimitReached):
    """As many calls of the participant run here as one may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"{limit} of your calls are running here: wait for one of them to end.",
            limit=str(limit),
        )
