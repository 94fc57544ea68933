"""A reconciliation on real Postgres into whose tables a test writes rows, files and pairs."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count

from services.core.clock import ManualClock
from services.kit.facts.projection import KeptFact
from services.kit.kafka import Topics
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.reconciliation.breaks.ledger import read_ledger
from services.reconciliation.breaks.store import put_breaks
from services.reconciliation.breaks.store.lists import Filter, Seen, list_breaks
from tests.conftest import Database
from tests.parts import running_units

NOON = datetime(2026, 11, 20, 3, tzinfo=UTC)
DAY = date(2026, 11, 19)
NEXT = DAY + timedelta(days=1)
PARTNER = "kakaopay"

Pair = tuple[int | None, int | None, str, str, int]
"""Our row, their row, rule, kind of break, size in won."""


def matched(ours: int | None, theirs: int | None, rule: str = "exact") -> Pair:
    """A pair that a rule has made."""
    return ours, theirs, rule, "", 0


def broken(ours: int | None, theirs: int | None, kind: str, size: int) -> Pair:
    """A pair that is a break."""
    return ours, theirs, "", kind, size


@dataclass
class Books:
    """What a test drives."""

    units: Units
    clock: ManualClock
    owner: str
    """The DSN of the tables' owner."""
    partner_id: str = PARTNER
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def file(self, day: date = DAY, format_: str = "kakaopay") -> str:
        """A file of the partner."""
        number = next(self._numbers)
        file_id = f"file-{number}"
        kept = {
            "file_id": file_id,
            "digest": f"\\x{number:064x}",
            "file_name": f"{file_id}.csv",
            "format": format_,
            "partner_id": self.partner_id,
            "day": day.isoformat(),
            "byte_count": 100,
            "row_count": 1,
            "import_time": NOON.isoformat(),
            "operator": "hanako",
            "document_id": file_id,
        }
        await self.units.pool.execute(
            "INSERT INTO files SELECT * FROM jsonb_populate_record(NULL::files, $1::jsonb)",
            json.dumps(kept),
        )
        return file_id

    async def ours(
        self,
        reference: str,
        minor: int = 10_000,
        *,
        day: date = DAY,
        kind: str = "payment",
        fee: int | None = None,
        resource_id: str = "",
    ) -> int:
        """A row of ours."""
        row: int = await self.units.pool.fetchval(
            "INSERT INTO our_rows (partner_id, reference, partner_reference, kind, currency, minor,"
            " fee, state, day, bundle, text, resource_id, source, stripe, sequence)"
            " VALUES ($1, $2, '', $3, 'KRW', $4, $5, 'completed', $6, '', '', $7, 'gateway', 1, 1)"
            " RETURNING row",
            *(self.partner_id, reference, kind, minor, fee, day, resource_id),
        )
        return row

    async def theirs(
        self,
        reference: str,
        minor: int = 10_000,
        *,
        file_id: str = "",
        day: date = DAY,
        kind: str = "payment",
        fee: int | None = None,
        own: str | None = None,
    ) -> int:
        """A row of a file; without one, of a new file of the day. `own`: the partner's name."""
        file_id = file_id or await self.file(day)
        row: int = await self.units.pool.fetchval(
            "INSERT INTO their_rows (partner_id, file_id, record, reference, partner_reference,"
            " kind, currency, minor, fee, state, day, bundle, text)"
            " VALUES ($1, $2, $3, $4, $5, $6, 'KRW', $7, $8, 'completed', $9, '', '')"
            " RETURNING row",
            *(self.partner_id, file_id, next(self._numbers), reference),
            f"P-{reference}" if own is None else own,
            *(kind, minor, fee, day),
        )
        return row

    async def run(self, pairs: Sequence[Pair], day: date = DAY) -> Sequence[Outgoing]:
        """The run of a day has decided so."""

        async def work(connection: Connection) -> Decided[Sequence[Outgoing]]:
            await connection.execute(
                "INSERT INTO days (partner_id, day, state, run_count, engine)"
                " VALUES ($1, $2, 'open', 1, 'duckdb') ON CONFLICT (partner_id, day)"
                " DO UPDATE SET run_count = days.run_count + 1",
                *(self.partner_id, day),
            )
            await connection.execute(
                "DELETE FROM pairs WHERE (partner_id, day) = ($1, $2)", self.partner_id, day
            )
            for ours, theirs, rule, kind, size in pairs:
                await connection.execute(
                    "INSERT INTO pairs VALUES ($1, $2, $3, $4, $5, $6, $7, 'KRW')",
                    *(self.partner_id, day, ours, theirs, rule, kind, size),
                )
            said = await put_breaks(connection, self.partner_id, day, self.clock.now())
            return Decided(said, said)

        return (await self.units.write(work)).answer

    async def answer(self, event: WalletEvent) -> Sequence[Outgoing]:
        """The ledger's fact is read."""
        event.event_time.FromDatetime(self.clock.now())
        fact = KeptFact("wallet", 1, 1, event.link_id, event.SerializeToString())

        async def work(connection: Connection) -> Decided[Sequence[Outgoing]]:
            said = await read_ledger(connection, [fact])
            return Decided(said, said)

        return (await self.units.write(work)).answer

    async def breaks(self, state: str = "") -> list[Seen]:
        """The breaks there are."""
        async with self.units.pool.acquire() as connection:
            return await list_breaks(connection, Filter(state=state), "", 1000)

    async def only(self) -> Seen:
        """The one break there is."""
        (seen,) = await self.breaks()
        return seen


@asynccontextmanager
async def bookkeeping(database: Database, topics: Topics) -> AsyncIterator[Books]:
    """Empty books of a partner."""
    async with running_units("reconciliation", database, topics) as units:
        yield Books(units, ManualClock(NOON), database.owner)
