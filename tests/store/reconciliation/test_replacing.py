"""A corrected file takes the place of the former, whose bytes stay; breaks follow it."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.core.errors import KawaseError
from services.kit.kafka import Topics
from services.kit.postgres import Connection
from services.kit.unit import Units
from services.reconciliation.breaks.store import put_breaks
from services.reconciliation.breaks.store.lists import Filter, Seen, list_breaks
from services.reconciliation.days.running import EngineChoice, Running
from services.reconciliation.files.importing import Imported
from services.reconciliation.files.store import read_bytes
from services.reconciliation.matching.rules import standard_rules
from services.reconciliation.reports.closing import close_day
from services.reconciliation.reports.expecting import Expected
from services.reconciliation.reports.listing import list_rows
from services.reconciliation.reports.reading import read_report
from services.reconciliation.reports.reopening import approve_reopening, propose_reopening
from tests.conftest import Database
from tests.parts import PAYEE_BOX, running_units, waiting
from tests.store.reconciliation.importing import NEXT_DAY, PARTNERS, bring
from tests.store.reconciliation.test_files import PARTNER, report
from tests.unit.reconciliation.files.reading import DAY


class Desk:
    """A reconciliation of one partner's day."""

    def __init__(self, units: Units) -> None:
        self.units = units
        self.clock = ManualClock(NEXT_DAY)

        async def after(connection: Connection, partner: str, day: date) -> list[object]:
            return [*await put_breaks(connection, partner, day, self.clock.now())]

        self.running = Running(units, self.clock, EngineChoice(standard_rules()), after)  # type: ignore[arg-type]

    async def ours(self, *minors: int) -> None:
        """What we have booked: `pay-0`, `pay-1`, ..."""
        for number, minor in enumerate(minors):
            await self.units.pool.execute(_OURS, PARTNER, f"pay-{number}", minor, DAY)

    async def bring(self, *minors: int, replaces: str = "") -> Imported:
        """The partner's file with these payments."""
        name, data, _ = report(*minors)
        return await bring(self.units.pool, PARTNER, name, data, replaces=replaces)

    async def run(self) -> None:
        await self.running.run(PARTNER, DAY)

    async def breaks(self) -> list[Seen]:
        async with self.units.pool.acquire() as connection:
            return await list_breaks(connection, Filter(), "", 100)

    async def states(self) -> list[tuple[str, str, int]]:
        found = await self.breaks()
        return [(each.item.kind, each.item.state, each.item.size) for each in found]

    async def close(self) -> bytes:
        done = await close_day(self.units, self.clock, PARTNER, DAY, "mei", Expected())
        return done.digest

    async def report(self, version: int = 0) -> bytes:
        pieces = read_report(self.units.pool, self.clock, PARTNER, DAY, "json", version)
        return b"".join([piece.data async for piece in pieces])

    async def reopen(self) -> None:
        where = (self.units, self.clock, PARTNER, DAY)
        await propose_reopening(*where, "mei", "the partner has corrected its file")
        await approve_reopening(*where, "kenji")


@pytest.fixture
async def desk(database: Database, topics: Topics) -> AsyncIterator[Desk]:
    async with running_units("reconciliation", database, topics) as units:
        yield Desk(units)


async def test_a_corrected_file_resolves_the_breaks_of_the_former(desk: Desk) -> None:
    await desk.ours(1_000, 2_000)
    first = await desk.bring(1_000, 1_900, 3_000)
    await desk.run()
    assert await desk.states() == [
        ("AMOUNT", "open", 100),
        ("MISSING_WITH_US", "open", -3_000),
    ]
    second = await desk.bring(1_000, 2_000, replaces=first.file.file_id)
    await desk.run()
    assert {state for _, state, _ in await desk.states()} == {"resolved"}
    pool = desk.units.pool
    assert await pool.fetchval("SELECT count(*) FROM their_rows") == 2
    async with pool.acquire() as connection:
        for kept, minors in ((first, (1_000, 1_900, 3_000)), (second, (1_000, 2_000))):
            read = read_bytes(connection, PAYEE_BOX, kept.file.file_id)
            data = b"".join([part async for part in read])
            assert data == report(*minors)[1]
    behind = await list_rows(pool, desk.clock, PARTNER, DAY, f"files.{first.file.file_id}")
    assert [row.minor for row in behind.rows] == [1_000, 1_900, 3_000]


async def test_a_break_goes_on_where_the_corrected_file_says_the_same(desk: Desk) -> None:
    await desk.ours(2_000)
    first = await desk.bring(1_900)
    await desk.run()
    (before,) = await desk.breaks()
    await desk.bring(1_900, 10, replaces=first.file.document_id)
    await desk.run()
    found = {each.item.break_id: each for each in await desk.breaks()}
    assert found.pop(before.item.break_id).item.reopen_count == 0
    (other,) = found.values()
    assert (other.item.kind, other.their_reference) == ("MISSING_WITH_US", "T1")


async def test_a_later_file_that_contradicts_opens_a_match_again(desk: Desk) -> None:
    await desk.ours(2_000)
    first = await desk.bring(1_900)
    await desk.run()
    second = await desk.bring(2_000, replaces=first.file.file_id)
    await desk.run()
    await desk.bring(1_800, replaces=second.file.file_id)
    await desk.run()
    (found,) = await desk.breaks()
    assert (found.item.state, found.item.size, found.item.reopen_count) == ("open", 200, 1)


async def test_money_moved_for_what_a_file_said_is_looked_at_again(desk: Desk) -> None:
    await desk.ours(2_000)
    first = await desk.bring(1_900)
    await desk.run()
    (before,) = await desk.breaks()
    await desk.units.pool.execute(_MOVED, before.item.break_id, NEXT_DAY)
    desk.clock.advance(timedelta(hours=2))
    await desk.bring(2_000, replaces=first.file.file_id)
    await desk.run()
    await desk.run()
    (found,) = await desk.breaks()
    assert (found.item.state, found.item.reopen_count) == ("open", 1)


async def test_money_moved_before_the_run_for_what_the_new_file_lacks_is_looked_at_again(
    desk: Desk,
) -> None:
    first = await desk.bring(1_900)
    await desk.run()
    (before,) = await desk.breaks()
    await desk.bring(replaces=first.file.file_id)
    await desk.units.pool.execute(_MOVED, before.item.break_id, NEXT_DAY + timedelta(hours=1))
    desk.clock.advance(timedelta(hours=2))
    await desk.run()
    await desk.run()
    (found,) = await desk.breaks()
    assert (found.item.state, found.item.reopen_count) == ("open", 1)
    await desk.units.pool.execute("UPDATE breaks SET state = 'resolved'")
    await desk.run()
    (left,) = await desk.breaks()
    assert left.item.state == "resolved"


@pytest.mark.parametrize(
    ("replaces", "reason"),
    [("", "DOCUMENT_KNOWN"), ("file-unknown", "REPLACED_UNKNOWN")],
)
async def test_another_file_of_a_document_has_to_name_what_it_replaces(
    desk: Desk, replaces: str, reason: str
) -> None:
    await desk.bring(1_000)
    with pytest.raises(KawaseError) as refused:
        await desk.bring(2_000, replaces=replaces)
    assert refused.value.reason == reason
    assert await desk.units.pool.fetchval("SELECT count(*) FROM files") == 1


async def test_a_file_is_replaced_once_and_its_second_delivery_changes_nothing(desk: Desk) -> None:
    first = await desk.bring(1_000)
    second = await desk.bring(2_000, replaces=first.file.file_id)
    again = await desk.bring(1_000)
    assert (again.repeated, again.file.replaced_by) == (True, second.file.file_id)
    assert (await desk.bring(2_000, replaces=first.file.file_id)).repeated
    with pytest.raises(KawaseError) as refused:
        await desk.bring(3_000, replaces=first.file.file_id)
    assert refused.value.reason == "REPLACED_ALREADY"
    assert await desk.units.pool.fetchval("SELECT sum(minor) FROM their_rows") == 2_000


async def test_a_replaced_file_holds_up_the_close_until_the_day_is_run_again(desk: Desk) -> None:
    await desk.ours(1_000)
    first = await desk.bring(1_000)
    await desk.run()
    await desk.bring(1_000, 5, replaces=first.file.file_id)
    with pytest.raises(KawaseError) as refused:
        await desk.close()
    assert refused.value.reason == "FILE_REPLACED"


async def test_a_file_of_a_day_that_is_being_closed_is_not_replaced(
    desk: Desk, database: Database
) -> None:
    await desk.ours(1_000)
    first = await desk.bring(1_000)
    await desk.run()
    async with asyncpg.create_pool(database.owner, min_size=1) as owner, owner.acquire() as held:
        held_up = held.transaction()
        await held_up.start()
        await held.execute("LOCK TABLE reconciliation.closings IN SHARE MODE")
        closing = asyncio.create_task(desk.close())
        await waiting(desk.units.pool)
        replacing = asyncio.create_task(desk.bring(1_000, 5, replaces=first.file.file_id))
        await waiting(desk.units.pool, 2)
        await held_up.rollback()
    await closing
    with pytest.raises(KawaseError) as refused:
        await replacing
    assert refused.value.reason == "DAYS_CLOSED"


async def test_a_closed_day_is_opened_by_two_and_closed_with_an_amended_report(desk: Desk) -> None:
    await desk.ours(1_000, 2_000)
    first = await desk.bring(1_000, 2_000)
    await desk.run()
    digest = await desk.close()
    kept = await desk.report()
    with pytest.raises(KawaseError) as refused:
        await desk.bring(1_000, 2_000, 5, replaces=first.file.file_id)
    assert refused.value.reason == "DAYS_CLOSED"
    await desk.reopen()
    amended = report(1_000, 2_000)[1].replace(b"M1", b"M2")
    await bring(desk.units.pool, PARTNER, "new.csv", amended, replaces=first.file.file_id)
    await desk.run()
    assert await desk.close() != digest
    assert await desk.report(1) == kept
    assert await desk.report() == await desk.report(2) != kept
    amends = json.loads(await desk.report())["amends"]
    assert (amends["digest"], amends["approved_by"]) == (digest.hex(), "kenji")
    with pytest.raises(KawaseError) as unknown:
        await desk.report(3)
    assert unknown.value.reason == "VERSION_UNKNOWN"


async def test_who_proposes_to_open_a_day_does_not_approve_it(desk: Desk) -> None:
    where = (desk.units, desk.clock, PARTNER, DAY)
    await desk.bring()
    await desk.run()
    await desk.close()
    reasons = []
    with pytest.raises(KawaseError) as early:
        await approve_reopening(*where, "kenji")
    await propose_reopening(*where, "mei", "why not")
    await propose_reopening(*where, "Mei ", "again")
    for call in (
        approve_reopening(*where, "MEI"),
        propose_reopening(*where, "kenji", "other"),
    ):
        with pytest.raises(KawaseError) as refused:
            await call
        reasons.append(refused.value.reason)
    assert [early.value.reason, *reasons] == [
        "NOTHING_PROPOSED",
        "PROPOSER_APPROVES",
        "REOPENING_PROPOSED",
    ]
    await approve_reopening(*where, "kenji")
    with pytest.raises(KawaseError) as open_now:
        await propose_reopening(*where, "mei", "again")
    assert open_now.value.reason == "DAY_NOT_CLOSED"


async def test_a_corrected_summary_changes_what_the_bank_is_to_bring(desk: Desk) -> None:
    settled = {"settled_by": "japan-bank", "settled_currency": "CNY"}
    partners = {**PARTNERS, PARTNER: PARTNERS[PARTNER].model_copy(update=settled)}
    pool = desk.units.pool
    first = await bring(pool, PARTNER, "s.csv", report(1_000)[2], partners=partners)
    before = await pool.fetchrow("SELECT row, minor, file_id FROM our_rows")
    second = await bring(
        pool, PARTNER, "s.csv", report(2_000)[2], partners=partners, replaces=first.file.file_id
    )
    (after,) = await pool.fetch("SELECT row, minor, file_id FROM our_rows")
    assert tuple(before) == (before["row"], 994, first.file.file_id)
    assert tuple(after) == (before["row"], 1_994, second.file.file_id)


_OURS = """
INSERT INTO our_rows (partner_id, reference, partner_reference, kind, currency, minor, fee, state,
    day, bundle, text, resource_id, source, stripe, sequence)
VALUES ($1, $2, '', 'payment', 'CNY', $3, 6, 'completed', $4, '', '', '', 'bridge', 1, 1)
"""
# As the ledger's answer to an approved correction leaves it.
_MOVED = """
WITH made AS (
    INSERT INTO resolutions (break_id, number, kind, proposed_by, propose_time, reason,
        debit_account_id, credit_account_id, amount_minor, currency, size, link_id, approved_by,
        outcome)
    VALUES ($1, 1, 'correcting_transfer', 'mei', $2, 'x', 'suspense:CNY', 'loss:CNY', 100, 'CNY',
        100, 'correction-1', 'kenji', 'done')
)
UPDATE breaks SET state = 'resolved', resolution_number = 1 WHERE break_id = $1
"""
