"""A deal is settled by what banks' statements show, as reconciliation finds it there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from services.core.clock import ManualClock
from services.kit.facts.keeper import Fetcher
from services.kit.facts.owners import reconciliation_owner, settlement_owner
from services.kit.facts.projection import Projection
from services.kit.kafka import Topics
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.rpc import RpcServer, call, open_channel
from services.kit.unit import Units
from services.pb.kawase.reconciliation.v1 import reconciliation_service_pb2_grpc
from services.pb.kawase.settlement.v1 import fx_book_service_pb2 as fx
from services.reconciliation.breaks.store.running import put_breaks
from services.reconciliation.days.running import EngineChoice, Running
from services.reconciliation.matching.rules import standard_rules
from services.reconciliation.ours.projecting import make_projection
from services.reconciliation.partners import partners_of, read_partners
from services.reconciliation.reports.statements import statement_facts
from services.reconciliation.server import ReconciliationServer
from services.sandbox.partners.days import Line
from services.sandbox.partners.japan_bank_account import TRANSFER_IN, TRANSFER_OUT
from services.sandbox.partners.japan_bank_files import camt_statement, zengin_statement
from tests.conftest import Database
from tests.parts import running_units, take_records, watching
from tests.rpc.settlement.fx_book_world import Served, serving_fx_book
from tests.store.reconciliation.importing import bring
from tests.store.settlement.world import NOON

VALUE_DAY = date(2026, 11, 2)
JAPAN, SEOUL = "japan-bank", "seoul-bank"
PARTNERS = {
    **partners_of(None),
    **read_partners(
        """
        [[partner]]
        id = "seoul-bank"
        zone = "Asia/Seoul"
        formats = ["camt053"]
        deals = ["KRW"]
        """,
        "banks.toml",
    ),
}


@dataclass
class Books:
    """A reconciliation beside a settlement; each fetches the other's facts when a test says so."""

    served: Served
    units: Units
    running: Running
    projection: Projection
    from_settlement: Fetcher
    from_reconciliation: Fetcher

    async def settle_by_hand(self) -> None:
        """A person vouches for the deal."""
        request = fx.SettleFxDealRequest(deal_id="FX-17", operator="aiko")
        await call(self.served.book.SettleFxDeal(request, timeout=30))
        await self.hear_of_deals()

    async def hear_of_deals(self) -> None:
        """Reconciliation fetches what settlement has said, and reads it."""
        await self.from_settlement.step()
        await self.projection.step()

    async def run(self, partner_id: str, day: date = VALUE_DAY) -> dict[str, int]:
        """A day is matched, and settlement hears of it. Rules or kinds of breaks."""
        counts = (await self.running.run(partner_id, day)).counts
        await self.from_reconciliation.step()
        while await self.served.world.projection.step():
            pass
        return {**counts.matches_by_rule, **counts.breaks_by_kind}

    async def bring(self, partner_id: str, data: bytes) -> None:
        """A bank's statement is imported."""
        await bring(self.units.pool, partner_id, "statement", data, partners=PARTNERS)

    async def open_breaks(self) -> list[str]:
        rows = await self.units.pool.fetch("SELECT kind FROM breaks WHERE state <> 'resolved'")
        return [row["kind"] for row in rows]


@asynccontextmanager
async def reconciling(database: Database, topics: Topics, served: Served) -> AsyncIterator[Books]:
    async with running_units("reconciliation", database, topics) as units:
        clock = ManualClock(NOON)

        async def after(connection: Connection, partner_id: str, day: date) -> list[Outgoing]:
            place = (connection, partner_id, day, clock.now())
            return [*await put_breaks(*place), *await statement_facts(*place)]

        server = RpcServer("127.0.0.1:0")
        register = reconciliation_service_pb2_grpc.add_ReconciliationServiceServicer_to_server
        server.add(register, ReconciliationServer(units.pool), "reconciliation")
        await server.start()
        async with (
            open_channel(served.address) as settlement,
            open_channel(f"127.0.0.1:{server.port}") as reconciliation,
        ):
            yield Books(
                served,
                units,
                Running(units, clock, EngineChoice(standard_rules()), after),
                make_projection(units, PARTNERS),
                Fetcher(settlement_owner(settlement), units, silent_seconds=0),
                Fetcher(reconciliation_owner(reconciliation), served.world.units, silent_seconds=0),
            )
        await server.stop()


@pytest.fixture
async def books(database: Database, topics: Topics) -> AsyncIterator[Books]:
    async with (
        serving_fx_book(database, topics) as served,
        reconciling(database, topics, served) as found,
    ):
        yield found


def line(kind: str, minor: int) -> list[Line]:
    fields = {"party": "ﾐｽﾞﾎ", "reference": "FX-17"}
    return [Line("00000001", kind, minor, "", NOON, fields=fields)]


def in_seoul() -> bytes:
    data = camt_statement(VALUE_DAY, line(TRANSFER_IN, 905_000), 0)
    return data.replace(b'Ccy="JPY"', b'Ccy="KRW"').replace(b"<Ccy>JPY<", b"<Ccy>KRW<")


def in_japan(day: date = VALUE_DAY) -> bytes:
    return zengin_statement(day, line(TRANSFER_OUT, 100_000), 1_000_000)


async def test_a_deal_is_settled_when_both_its_sides_are_on_the_banks_statements(
    books: Books, topics: Topics
) -> None:
    served = books.served
    async with watching(topics, "wallet.command") as tail:
        await served.record(deal_id="FX-17")
        (asked,) = await take_records(tail, 1)
        await books.hear_of_deals()
        assert await books.units.pool.fetchval("SELECT count(*) FROM our_rows") == 0
        await served.post(asked.value)
        await books.hear_of_deals()
        await books.bring(SEOUL, in_seoul())
        await books.bring(JAPAN, in_japan())

        # The bank calls what went out a transfer, so only its text says that it is the deal.
        assert await books.run(JAPAN) == {"text": 1}
        half = await served.only()
        assert (half.bought_seen, half.sold_seen) == ("", f"{JAPAN}/00000001")
        assert await books.run(SEOUL) == {"exact": 1}
        (settle,) = await take_records(tail, 1)
        await served.post(settle.value)

    deal = await served.only()
    assert deal.state == fx.FX_DEAL_STATE_SETTLED
    assert (deal.bought_seen, deal.sold_seen) == (f"{SEOUL}/00000001", f"{JAPAN}/00000001")
    await books.hear_of_deals()
    assert not await books.units.pool.fetchval("SELECT bool_or(by_hand) FROM our_rows")
    assert await books.open_breaks() == []


async def test_a_deal_that_no_statement_shows_is_a_break_until_a_person_vouches_for_it(
    books: Books, topics: Topics
) -> None:
    served = books.served
    async with watching(topics, "wallet.command") as tail:
        await served.record(deal_id="FX-17")
        (asked,) = await take_records(tail, 1)
        await served.post(asked.value)
        await books.hear_of_deals()
        await books.bring(JAPAN, zengin_statement(VALUE_DAY, [], 1_000_000))
        assert await books.run(JAPAN) == {"MISSING_AT_PARTNER": 1}
        assert await books.open_breaks() == ["MISSING_AT_PARTNER"]

        await books.settle_by_hand()
        assert await books.run(JAPAN) == {"by-hand": 1}
        assert await books.open_breaks() == []

        second, third = (VALUE_DAY + timedelta(days=days) for days in (1, 2))
        await books.bring(JAPAN, zengin_statement(second, [], 1_000_000))
        assert await books.run(JAPAN, second) == {}
        await books.bring(JAPAN, in_japan(third))
        assert await books.run(JAPAN, third) == {"text": 1}
    assert await books.open_breaks() == []


async def test_what_a_person_has_vouched_for_is_matched_when_its_statement_comes(
    books: Books, topics: Topics
) -> None:
    served = books.served
    async with watching(topics, "wallet.command") as tail:
        await served.record(deal_id="FX-17")
        (asked,) = await take_records(tail, 1)
        await served.post(asked.value)
        await books.settle_by_hand()
        await books.bring(SEOUL, in_seoul())
        assert await books.run(SEOUL) == {"exact": 1}
    assert await books.open_breaks() == []
