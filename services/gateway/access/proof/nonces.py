"""Nonces of signed requests: each is good once, at whichever gateway process it comes.

They are kept in Postgres, for calls that are signed alone, many in one statement; a restart forgets
none. How many a participant may use is bounded by the gate, how long each is kept by its time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import asyncpg

from services.core.clock import Clock
from services.gateway.access.refusals import NonceReplayed
from services.gateway.access.store import spend_nonces
from services.kit.gather import Gather

# Three times as long as a signature is good: clocks of two machines may differ.
KEPT = timedelta(seconds=900)


@dataclass(frozen=True, slots=True)
class Nonce:
    """What a participant's signature may be used with once."""

    participant_id: str
    text: str


class Nonces(Protocol):
    """Where nonces are spent."""

    async def spend(self, nonce: Nonce) -> None:
        """Raises `NonceReplayed` where it was spent before."""


class SharedNonces:
    """Those of all processes that use this database."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._gather: Gather[Nonce, None] = Gather(self._spend)

    async def spend(self, nonce: Nonce) -> None:
        """Raises `NonceReplayed`, `QueueFull`, and what asyncpg raises: unknown is not fresh."""
        await self._gather.submit(nonce)

    async def _spend(self, batch: Sequence[Nonce]) -> Sequence[BaseException | None]:
        # In one order everywhere, so that two processes never wait for each other in a ring.
        wanted = sorted({(nonce.participant_id, nonce.text) for nonce in batch})
        now = self._clock.now()
        async with self._pool.acquire() as connection:
            fresh = await spend_nonces(connection, wanted, now, now + KEPT)
        return taken_once(batch, fresh)


class LocalNonces:
    """Those of one process, never forgotten: for an edge that stands alone, as in tests."""

    def __init__(self) -> None:
        self._spent: set[tuple[str, str]] = set()

    async def spend(self, nonce: Nonce) -> None:
        """Raises `NonceReplayed`."""
        name = (nonce.participant_id, nonce.text)
        if name in self._spent:
            raise NonceReplayed
        self._spent.add(name)


def taken_once(batch: Sequence[Nonce], fresh: set[tuple[str, str]]) -> list[BaseException | None]:
    """For each of `batch` nothing or its refusal: of equal ones the first has it."""
    left = set(fresh)
    answers: list[BaseException | None] = []
    for nonce in batch:
        name = (nonce.participant_id, nonce.text)
        answers.append(None if name in left else NonceReplayed())
        left.discard(name)
    return answers
