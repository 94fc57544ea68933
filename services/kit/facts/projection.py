"""Reads copied facts into a service's own tables: in order per stripe, each once.

What is read is what the copy holds without a gap. The place is kept, under a lock, in the
transaction that stores what was read and writes what is to be sent, so several processes may try
and one does it. The tables `projected` and `facts` are the service's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg
import structlog

from services.core.errors import KawaseError
from services.kit.facts.owners import FactKind
from services.kit.facts.store import read_stripes
from services.kit.outbox import Outgoing
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()

# Facts of one transaction, over all stripes.
TAKE_LIMIT = 20_000
PAUSE_SECONDS = 0.25
RETRY_SECONDS = 2.0
READ_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class KeptFact:
    """A copied fact."""

    source: str
    stripe: int
    sequence: int
    key: str
    payload: bytes

    @property
    def place(self) -> str:
        return f"{self.source}/{self.stripe}/{self.sequence}"


class FactUnreadable(Exception):
    """A copied fact is no event: nobody may go on without it."""


Reader = Callable[[Connection, Sequence[KeptFact]], Awaitable[Sequence[Outgoing]]]
"""Stores what facts mean, in the connection's transaction; returns the messages to send."""


class Projection:
    """Keeps a service's tables up with its copy of the facts.

    Sources are read in the order of `readers`.
    """

    def __init__(self, units: Units, readers: Sequence[tuple[FactKind, Reader]]) -> None:
        self._units = units
        self._readers = readers

    async def run(self) -> None:
        """Read what comes, for ever."""
        while True:
            try:
                taken = await self.step()
            except (asyncpg.PostgresError, *POSTGRES_AWAY, KawaseError) as error:
                log.warning("projection_waits", problem=str(error) or repr(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if taken < TAKE_LIMIT:
                await asyncio.sleep(PAUSE_SECONDS)

    async def step(self) -> int:
        """Read what there is, bounded; returns the most facts that one source had."""
        return max([await self._read(kind, reader) for kind, reader in self._readers])

    async def _read(self, kind: FactKind, reader: Reader) -> int:
        stripes = await read_stripes(self._units.pool, kind.source)
        async with self._units.pool.acquire() as connection:
            seen = await read_projected(connection, kind.source)
        if all(state.contiguous <= seen[stripe] for stripe, state in stripes.items()):
            return 0
        known = {stripe: state.contiguous for stripe, state in stripes.items()}

        async def store(connection: Connection) -> Decided[int]:
            after = await _lock(connection, kind.source)
            through = _bounded(after, known)
            if not through:
                return Decided(0)
            facts = await _unread(connection, kind.source, after, through)
            messages = await reader(connection, facts)
            await connection.execute(_STORE, kind.source, list(through), list(through.values()))
            return Decided(len(facts), messages)

        return (await self._units.write(store)).answer


async def read_projected(connection: Connection, source: str) -> dict[int, int]:
    """How far each stripe of a source has been read."""
    rows = await connection.fetch("SELECT * FROM projected WHERE source = $1", source)
    return {row["stripe"]: row["sequence"] for row in rows}


async def _lock(connection: Connection, source: str) -> dict[int, int]:
    rows = await connection.fetch(_LOCK, source)
    return {row["stripe"]: row["sequence"] for row in rows}


async def _unread(
    connection: Connection, source: str, after: Mapping[int, int], through: Mapping[int, int]
) -> list[KeptFact]:
    stripes = sorted(through)
    rows = await connection.fetch(
        _UNREAD,
        source,
        stripes,
        [after[stripe] for stripe in stripes],
        [through[stripe] for stripe in stripes],
        timeout=READ_SECONDS,
    )
    return [KeptFact(source, *row) for row in rows]


def _bounded(after: Mapping[int, int], known: Mapping[int, int]) -> dict[int, int]:
    """How far to read each stripe now, so that one transaction stays of a size."""
    behind = {stripe: known[stripe] - after[stripe] for stripe in known}
    moving = {stripe: count for stripe, count in behind.items() if count > 0}
    if not moving:
        return {}
    share = max(1, TAKE_LIMIT // len(moving))
    return {stripe: after[stripe] + min(count, share) for stripe, count in moving.items()}


_LOCK = "SELECT stripe, sequence FROM projected WHERE source = $1 ORDER BY stripe FOR UPDATE"
_UNREAD = """
SELECT f.stripe, f.sequence, f.key, f.payload
FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS span (stripe, after, through)
JOIN facts AS f ON f.source = $1 AND f.stripe = span.stripe
    AND f.sequence > span.after AND f.sequence <= span.through
ORDER BY f.stripe, f.sequence
"""
_STORE = """
UPDATE projected AS p SET sequence = come.through
FROM unnest($2::smallint[], $3::bigint[]) AS come (stripe, through)
WHERE p.source = $1 AND p.stripe = come.stripe
"""
