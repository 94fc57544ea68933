"""Our side, read out of copied facts: each once, in whatever order stripes are read."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import asyncpg
import pytest

from services.core.ids import new_reference
from services.kit.facts.keeper import handle
from services.kit.facts.owners import BRIDGE, SETTLEMENT, WALLET, FactKind
from services.kit.facts.projection import FactUnreadable, KeptFact
from services.kit.kafka import Record, Topics
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.pb.kawase.settlement.v1 import fx_book_service_pb2 as fx
from services.pb.kawase.settlement.v1.settlement_event_pb2 import SettlementEvent
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.reconciliation.ours.projecting import (
    make_projection,
    project_bridge,
    project_deals,
)
from services.reconciliation.ours.store import list_unbooked
from tests.conftest import Database
from tests.parts import running_units
from tests.store.reconciliation.importing import PARTNERS, reconciliation

NOON = datetime(2026, 10, 30, 3, tzinfo=UTC)
DAY = date(2026, 10, 30)
PARTNER = "kakaopay"
RESOURCE = f"payment-{new_reference(NOON)}"
CHARGE = f"{RESOURCE}-deliver"


def accepted(charge_id: str = CHARGE, minor: int = 10_001) -> pb.BridgeEvent:
    event = event_of(charge_id)
    body = event.charge_accepted
    body.partner_id, body.partner_reference, body.kind = PARTNER, "P1", pb.CHARGE_KIND_DELIVER
    body.amount.minor_units, body.amount.currency_code = minor, "KRW"
    return event


def refunded(refund_id: str, minor: int, minutes: int) -> pb.BridgeEvent:
    event = event_of(refund_id, minutes)
    body = event.refund_accepted
    body.partner_reference, body.refunded_charge_id = f"R-{refund_id}", CHARGE
    body.amount.minor_units, body.amount.currency_code = minor, "KRW"
    return event


def cancelled(hours: int = 1) -> pb.BridgeEvent:
    event = event_of(CHARGE, 60 * hours)
    event.charge_cancelled.partner_reference = "C1"
    return event


def accepted_late() -> pb.BridgeEvent:
    event = event_of(CHARGE, 90)
    body = event.charge_accepted_late
    body.partner_id, body.partner_reference = PARTNER, "P1"
    body.amount.minor_units, body.amount.currency_code = 10_001, "KRW"
    return event


def event_of(charge_id: str, minutes: int = 0) -> pb.BridgeEvent:
    event = pb.BridgeEvent(resource_id=RESOURCE, charge_id=charge_id)
    event.event_time.FromDatetime(NOON + timedelta(minutes=minutes))
    return event


def kept(events: Sequence[pb.BridgeEvent]) -> list[KeptFact]:
    return [
        KeptFact("bridge", number, 1, event.resource_id, event.SerializeToString())
        for number, event in enumerate(events)
    ]


async def rows_after(
    pool: asyncpg.Pool, *batches: Sequence[pb.BridgeEvent]
) -> list[tuple[object, ...]]:
    """Kind, reference, amount, fee and day of the rows that follow from the batches alone."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        for batch in batches:
            await project_bridge(connection, kept(batch), PARTNERS)
        found = await connection.fetch(
            "SELECT kind, reference, minor, fee, day FROM our_rows ORDER BY kind, reference"
        )
        await transaction.rollback()
    return [tuple(row) for row in found]


async def test_rows_are_the_same_in_whatever_order_facts_are_read(database: Database) -> None:
    events = [accepted(), refunded("back-1", 1_001, 1), refunded("back-2", 2_002, 2)]
    expected = [
        ("payment", CHARGE, 10_001, 60, DAY),
        ("refund", "back-1", -1_001, -6, DAY),
        ("refund", "back-2", -2_002, -12, DAY),
    ]
    async with reconciliation(database) as pool:
        for order in permutations(events):
            batches = [[event] for event in order]
            assert await rows_after(pool, *batches) == expected
            assert await rows_after(pool, *batches, order) == expected


@pytest.mark.parametrize("turned", [False, True])
async def test_a_payment_cancelled_on_its_day_leaves_no_row(
    database: Database, turned: bool
) -> None:
    events = [accepted(), cancelled()]
    batches = [[event] for event in (events[::-1] if turned else events)]
    async with reconciliation(database) as pool:
        assert await rows_after(pool, *batches) == []


async def test_a_payment_cancelled_on_a_later_day_goes_back_as_a_refund(
    database: Database,
) -> None:
    async with reconciliation(database) as pool:
        assert await rows_after(pool, [accepted()], [cancelled(24)]) == [
            ("payment", CHARGE, 10_001, 60, DAY),
            ("refund", CHARGE, -10_001, -60, DAY + timedelta(days=1)),
        ]


async def test_a_fact_that_is_no_event_stops_the_reading(database: Database) -> None:
    async with reconciliation(database) as pool, pool.acquire() as connection:
        with pytest.raises(FactUnreadable):
            await project_bridge(connection, [KeptFact("bridge", 0, 1, "", b"\xff")], PARTNERS)


async def test_copied_facts_are_projected_once(database: Database, topics: Topics) -> None:
    async with running_units("reconciliation", database, topics) as units:
        projection = make_projection(units, PARTNERS)
        async with units.pool.acquire() as connection, connection.transaction():
            await copy(connection, BRIDGE, accepted().SerializeToString())
        assert await projection.step() == 1
        assert await projection.step() == 0
        assert await units.pool.fetchval("SELECT count(*) FROM our_rows") == 1


def deal_told(seen: str = "", value_date: str = "2026-11-02") -> bytes:
    event = SettlementEvent()
    deal = event.fx_deal_changed.deal
    deal.deal_id, deal.resource_id, deal.value_date = "FX-17", "deal-1", value_date
    deal.state = fx.FX_DEAL_STATE_SETTLED if seen else fx.FX_DEAL_STATE_RECORDED
    deal.sold.minor_units, deal.sold.currency_code, deal.sold_seen = 100_000, "JPY", seen
    deal.bought.minor_units, deal.bought.currency_code, deal.bought_seen = 905_000, "KRW", seen
    return event.SerializeToString()


@pytest.mark.parametrize(("seen", "by_hand"), [("japan-bank/17", False), ("operator aiko", True)])
async def test_a_deal_is_one_row_at_its_bank_however_often_it_is_told(
    database: Database, topics: Topics, seen: str, by_hand: bool
) -> None:
    async with running_units("reconciliation", database, topics) as units:
        projection = make_projection(units, PARTNERS)
        async with units.pool.acquire() as connection, connection.transaction():
            for place, payload in enumerate([deal_told(), deal_told(seen), deal_told(seen)], 1):
                await copy(connection, SETTLEMENT, payload, place)
        assert [await projection.step() for _ in range(2)] == [3, 0]
        rows = await units.pool.fetch(
            "SELECT partner_id, kind, reference, minor, day, sequence, by_hand FROM our_rows"
        )
    value_day = date(2026, 11, 2)
    assert [tuple(row) for row in rows] == [
        ("japan-bank", "debit", "FX-17", -100_000, value_day, 1, by_hand)
    ]


@pytest.mark.parametrize("payload", [b"\xff", deal_told(value_date="tomorrow")])
async def test_a_fact_of_settlement_that_is_no_event_stops_the_reading(
    database: Database, payload: bytes
) -> None:
    fact = KeptFact("settlement", 0, 1, "", payload)
    async with reconciliation(database) as pool, pool.acquire() as connection:
        with pytest.raises(FactUnreadable):
            await project_deals(connection, [fact], PARTNERS)


@pytest.mark.parametrize(
    ("link_id", "more", "is_found"),
    [
        ("", (), True),
        ("payment-01OTHER", (), True),
        (RESOURCE, (), False),
        (f"{RESOURCE}-capture", (), False),
        ("", ("cancelled",), False),
        ("", ("late",), False),
    ],
    ids=["nobodys", "anothers", "ours", "our capture", "cancelled", "late"],
)
async def test_what_is_matched_and_not_booked_is_found(
    database: Database, topics: Topics, link_id: str, more: Sequence[str], is_found: bool
) -> None:
    posted = WalletEvent(link_id=link_id)
    posted.event_time.FromDatetime(NOON)
    posted.funds_posted.SetInParent()
    said = {"cancelled": cancelled(24), "late": accepted_late()}
    async with running_units("reconciliation", database, topics) as units:
        projection = make_projection(units, PARTNERS)
        async with units.pool.acquire() as connection, connection.transaction():
            for place, event in enumerate([accepted(), *(said[name] for name in more)], 1):
                await copy(connection, BRIDGE, event.SerializeToString(), place)
            await copy(connection, WALLET, posted.SerializeToString())
        await projection.step()
        async with units.pool.acquire() as connection:
            row = await connection.fetchval("SELECT row FROM our_rows WHERE kind = 'payment'")
            await connection.execute(_MATCHED, PARTNER, DAY, row)
            found = await list_unbooked(connection, PARTNER, DAY, NOON)
        assert [each[0] for each in found] == ([row] if is_found else [])


_MATCHED = """
WITH day AS (INSERT INTO days (partner_id, day, state) VALUES ($1, $2, 'open') RETURNING *)
INSERT INTO pairs SELECT partner_id, day, $3::bigint, NULL, 'exact', '', 0, 'KRW' FROM day
"""


async def copy(
    connection: asyncpg.Connection, kind: FactKind, payload: bytes, sequence: int = 1
) -> None:
    """A fact of one stripe, as the copy takes it."""
    place = f"{kind.source}/5/{sequence}"
    await handle(connection, [Record(kind.topic, 0, sequence, "key", "", place, payload)])
