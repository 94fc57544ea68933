"""Keeps a copy of facts: stores what Kafka brings, and fetches from the owners what it does not.

Kafka is the quick way, the owner's `ListFacts` the sure one. A gap that stays open for the grace
time is fetched; a stripe that has been silent for a while is asked for, because what is lost at a
stripe's end leaves no gap. So a wiped Kafka loses nothing.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import structlog

from services.core.errors import KawaseError, Refused
from services.core.ids import STRIPE_COUNT
from services.kit.facts.owners import KIND_OF_TOPIC, FactKind, Owner, make_fact
from services.kit.facts.store import (
    Fact,
    Move,
    Place,
    StripeState,
    insert_facts,
    lock_progress,
    read_stripes,
    write_progress,
)
from services.kit.facts.tracker import Progress, arrive, learn
from services.kit.kafka import GroupConsumer, Record
from services.kit.outbox import parse_message_id
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()

# All machine time.
GRACE = timedelta(seconds=2)
LOOK_SECONDS = 0.5
SILENT_SECONDS = 30.0
RETRY_SECONDS = 2.0
PAGE_SIZE = 500
# Pages of one stripe before the others have their turn.
PAGES = 20

TAKE_LIMIT = 5000
PAUSE_SECONDS = 0.25


class UnhurriedConsumer(GroupConsumer):
    """Lets records gather before it takes them.

    Nobody waits for a copy: few large transactions leave the machine to the payments.
    """

    _behind = False

    async def take(self, limit: int, wait_ms: int = 1000) -> list[Record]:
        """Up to `TAKE_LIMIT` records, whatever the limit for services that are waited for."""
        if not self._behind:
            await asyncio.sleep(PAUSE_SECONDS)
        records = await super().take(max(limit, TAKE_LIMIT), wait_ms)
        self._behind = len(records) >= TAKE_LIMIT
        return records


def read_fact(record: Record) -> Fact:
    """The fact a record carries. Raises ValueError where it names no place, or a wrong one."""
    kind = KIND_OF_TOPIC[record.topic]
    source, stripe, sequence = parse_message_id(record.message_id)
    if source != kind.source or not 0 <= stripe < STRIPE_COUNT or sequence < 1:
        raise ValueError(f"{record.message_id!r} is no id of a fact on {record.topic}")
    return make_fact(kind, stripe, sequence, record.key, record.type, record.value)


async def handle(connection: Connection, records: Sequence[Record]) -> Decided[None]:
    """Store a batch from Kafka: the work of a `BatchConsumer`."""
    by_place: dict[Place, dict[int, Fact]] = {}
    for record in records:
        fact = read_fact(record)
        by_place.setdefault(fact.place, {})[fact.sequence] = fact
    known = await lock_progress(connection, by_place)
    moves, fresh = [], []
    for place, facts in by_place.items():
        after, new = arrive(known[place], facts)
        moves.append(Move(place, known[place], after, len(new)))
        fresh += [facts[sequence] for sequence in new]
    await _write(connection, moves, fresh)
    return Decided(None)


async def _write(connection: Connection, moves: Sequence[Move], fresh: Sequence[Fact]) -> None:
    if fresh:
        await insert_facts(connection, fresh)
    await write_progress(connection, moves)
    for move in moves:
        if noticed := [gap for gap in move.after.gaps if gap.since is None]:
            source, stripe = move.place
            log.info("gaps_noticed", source=source, stripe=stripe, gaps=len(noticed))


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """How far the copy of one source reaches."""

    topic: str
    fact_count: int
    gap_count: int
    """Stripes with a gap."""
    sequences: dict[int, int]
    """Per stripe, the sequence up to which nothing is missing; stripes at zero are left out."""


async def read_copy(pool: asyncpg.Pool, kind: FactKind) -> CopyProgress:
    """How far the copy of `kind` reaches now."""
    stripes = await read_stripes(pool, kind.source)
    return CopyProgress(
        kind.topic,
        sum(state.fact_count for state in stripes.values()),
        sum(state.gapped for state in stripes.values()),
        {stripe: state.contiguous for stripe, state in stripes.items() if state.contiguous},
    )


class Fetcher:
    """Asks one owner for what Kafka did not bring."""

    def __init__(
        self,
        owner: Owner,
        units: Units,
        grace: timedelta = GRACE,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self._owner = owner
        self._units = units
        self._grace = grace
        self._silent_seconds = silent_seconds
        # Where each stripe stood at the last round; empty, so that the first asks for all.
        self._seen: dict[int, int] = {}
        self._asked_at = -silent_seconds

    async def run(self) -> None:
        """Look for gaps and silence, for ever; an owner that is away is asked again."""
        while True:
            pause = LOOK_SECONDS
            try:
                await self.step()
            except _AWAY as error:
                source = self._owner.kind.source
                log.warning("facts_not_fetched", source=source, problem=str(error) or repr(error))
                pause = RETRY_SECONDS
            await asyncio.sleep(pause)

    async def step(self) -> None:
        """Fetch what is due now."""
        source = self._owner.kind.source
        stripes = await read_stripes(self._units.pool, source, self._grace)
        due = [stripe for stripe, state in stripes.items() if state.noticed]
        round_due = time.monotonic() >= self._asked_at + self._silent_seconds
        if round_due:
            due = [*due, *(stripe for stripe in self._silent(stripes) if stripe not in due)]
        found = [await self._fetch(stripe, stripes[stripe]) for stripe in due]
        if any(found):
            log.info("facts_fetched", source=source, stripes=len(due), facts=sum(found))
        if round_due:
            # Read again: what an owner has told of other messages is no fact that came.
            stripes = await read_stripes(self._units.pool, source)
            self._seen = {stripe: state.highest for stripe, state in stripes.items()}
            self._asked_at = time.monotonic()

    def _silent(self, stripes: dict[int, StripeState]) -> list[int]:
        return [
            stripe
            for stripe, state in stripes.items()
            if self._seen.get(stripe, state.highest) == state.highest
        ]

    async def _fetch(self, stripe: int, state: StripeState) -> int:
        after, found = state.contiguous, 0
        for _ in range(PAGES):
            try:
                page = await self._owner.after(stripe, after, PAGE_SIZE)
            except Refused as refusal:
                # The other stripes go on; here only a person can: see `keeping`.
                source = self._owner.kind.source
                log.error("facts_lost", source=source, stripe=stripe, problem=refusal.message)
                break
            # An owner may give fewer than were asked for. No more of them are the end, and say that
            # what is missing below the highest fact seen is none of this topic.
            last = page.facts[-1].sequence if page.facts else 0
            through = max(last, page.through) if page.facts else max(page.through, state.highest)
            found += await self._store(stripe, after, through, page.facts)
            after = through
            if not page.facts or through > last:
                break
        return found

    async def _store(self, stripe: int, after: int, through: int, page: Sequence[Fact]) -> int:
        place = (self._owner.kind.source, stripe)
        facts = {fact.sequence: fact for fact in page}

        async def work(connection: Connection) -> Decided[int]:
            before: Progress = (await lock_progress(connection, [place]))[place]
            progress, new = learn(before, after, through, facts)
            fresh = [facts[sequence] for sequence in new]
            await _write(connection, [Move(place, before, progress, len(new))], fresh)
            return Decided(len(new))

        if not page and after == through:
            return 0
        return (await self._units.write(work)).answer


_AWAY = (KawaseError, asyncpg.PostgresError, *POSTGRES_AWAY)
