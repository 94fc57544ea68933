"""A reconciliation on real Postgres whose rows a test writes."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from services.core.clock import ManualClock
from services.kit.kafka import Topics
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Units
from services.reconciliation.days.running import EngineChoice, Running
from services.reconciliation.matching.rules import standard_rules
from tests.conftest import Database
from tests.parts import running_units

NOON = datetime(2026, 10, 30, 3, tzinfo=UTC)
FRIDAY, SATURDAY = date(2026, 10, 30), date(2026, 10, 31)
PARTNER = "alipay"


@dataclass(frozen=True)
class Line:
    """A row of either side."""

    reference: str
    minor: int = 1000
    day: date = FRIDAY
    kind: str = "payment"
    fee: int | None = None
    currency: str = "KRW"
    state: str = "completed"
    bundle: str = ""
    text: str = ""


@dataclass
class World:
    """What a test drives."""

    units: Units
    clock: ManualClock
    running: Running
    after: list[tuple[str, date]] = field(default_factory=list)

    async def say_ours(self, *lines: Line) -> list[int]:
        """Our rows; returns their numbers."""
        async with self.units.pool.acquire() as connection:
            return [
                await connection.fetchval(_OURS, PARTNER, *_values(line), index)
                for index, line in enumerate(lines, 1)
            ]

    async def import_theirs(self, day: date, *lines: Line) -> list[int]:
        """A file with rows; returns their numbers."""
        async with self.units.pool.acquire() as connection:
            count = await connection.fetchval("SELECT count(*) FROM files")
            file_id = f"file-{count}"
            digest = hashlib.sha256(file_id.encode()).digest()
            await connection.execute(_FILE, file_id, digest, PARTNER, day, len(lines), NOON)
            return [
                await connection.fetchval(_THEIRS, PARTNER, *_values(line), file_id, record)
                for record, line in enumerate(lines, 1)
            ]

    async def pairs(self, day: date) -> list[tuple[int | None, int | None, str]]:
        """Our row, their row, and the rule or the kind of break."""
        async with self.units.pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT our_row, their_row, rule || break_kind AS verdict FROM pairs "
                "WHERE day = $1 ORDER BY our_row NULLS LAST, their_row",
                day,
            )
        return [tuple(row) for row in rows]


def _values(line: Line) -> Sequence[object]:
    return (
        *(line.reference, line.kind, line.currency, line.minor, line.fee, line.state),
        *(line.day, line.bundle, line.text),
    )


@asynccontextmanager
async def reconciling(database: Database, topics: Topics) -> AsyncIterator[World]:
    """A world at Friday noon."""
    async with running_units("reconciliation", database, topics) as units:
        clock = ManualClock(NOON)
        after: list[tuple[str, date]] = []

        async def note(_connection: Connection, partner_id: str, day: date) -> Sequence[Outgoing]:
            after.append((partner_id, day))
            return ()

        running = Running(units, clock, EngineChoice(standard_rules()), note)
        yield World(units, clock, running, after)


_FILE = """
INSERT INTO files (file_id, digest, file_name, format, partner_id, day, byte_count, row_count,
    import_time, operator, document_id)
VALUES ($1, $2, $1, 'antom_settlement', $3, $4, 1, $5, $6, 'mei', $1)
"""
_OURS = """
INSERT INTO our_rows (partner_id, reference, partner_reference, kind, currency, minor, fee, state,
    day, bundle, text, resource_id, source, stripe, sequence)
VALUES ($1, $2, '', $3, $4, $5, $6, $7, $8, $9, $10, $2, 'bridge', 1, $11) RETURNING row
"""
_THEIRS = """
INSERT INTO their_rows (partner_id, reference, partner_reference, kind, currency, minor, fee, state,
    day, bundle, text, file_id, record)
VALUES ($1, $2, '', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING row
"""
