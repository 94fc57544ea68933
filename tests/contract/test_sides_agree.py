"""Our rows, out of the bridge's facts, against rows of the file each partner writes of the day."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from google.protobuf.json_format import MessageToJson
from pydantic import SecretStr

from services.bridge.settings import PartnerConfig
from services.bridge.statements import StatementCalls
from services.core.clock import ManualClock
from services.core.ids import STRIPE_COUNT, Resource
from services.kit.facts.projection import KeptFact
from services.kit.outbox import list_facts
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as rpc
from services.reconciliation.ours.projecting import project_bridge
from services.sandbox.partner_keys import make_pair
from services.sandbox.partners.ams_shanghai import TAXI_CODE, AmsShanghai
from services.sandbox.partners.books import Books
from services.sandbox.partners.kakaopay_acquirer import SHOPS, KakaoPayAcquirer
from services.sandbox.partners.kakaopay_wallet import KakaoPayWallet
from services.sandbox.partners.paypay import API_KEY, MERCHANT, RAMEN_CODE, PayPay
from tests.conftest import Database
from tests.contract.house import (
    TODAY,
    World,
    bridge,
    cancel,
    new_resource,
    quick,
    refund,
    simulated,
    start,
)
from tests.contract.japan_bank_house import PARTNER as BANK
from tests.contract.japan_bank_house import bank_config, japan_bank, order_payout, text_of
from tests.contract.test_japan_bank import HANAKO, book_of
from tests.store.reconciliation.importing import PARTNERS, bring, reconciliation
from tests.unit.reconciliation.sides import Row, pairs_of

DAY = date(2026, 10, 30)
Charge = Callable[[World, int], Awaitable[str]]


@asynccontextmanager
async def ams(database: Database, clock: ManualClock, folder: Path) -> AsyncIterator[Any]:
    ours, theirs = make_pair(), make_pair()
    (folder / "partner.pub").write_bytes(theirs[1])
    options = {
        "client_id": "SANDBOX_TEST0001",
        "partner_key_file": str(folder / "partner.pub"),
    }
    made = AmsShanghai(clock, Books(None), theirs[0], ours[1])
    async with simulated(made) as partner:
        secret = SecretStr(ours[0].decode())
        limits = quick()
        config = PartnerConfig("shanghai-ams", "ams", partner.url, secret, limits, options)
        async with bridge(database.dsn("bridge"), [config]) as world:
            yield world, partner


@asynccontextmanager
async def paypay(database: Database, clock: ManualClock, _folder: Path) -> AsyncIterator[Any]:
    async with simulated(PayPay(clock, Books(None), "opa-secret")) as partner:
        options = {"api_key": API_KEY, "merchant": MERCHANT, "notice_addresses": "127.0.0.1"}
        secret = SecretStr("opa-secret")
        config = PartnerConfig("paypay", "paypay", partner.url, secret, quick(), options)
        async with bridge(database.dsn("bridge"), [config]) as world:
            yield world, partner


@asynccontextmanager
async def acquirer(database: Database, clock: ManualClock, _folder: Path) -> AsyncIterator[Any]:
    async with simulated(KakaoPayAcquirer(clock, Books(None))) as partner:
        secret = SecretStr("key")
        config = PartnerConfig("kakaopay", "kakaopay_acquirer", partner.url, secret, quick(), {})
        async with bridge(database.dsn("bridge"), [config]) as world:
            yield world, partner


@asynccontextmanager
async def wallet(database: Database, clock: ManualClock, _folder: Path) -> AsyncIterator[Any]:
    async with simulated(KakaoPayWallet(clock, Books(None))) as partner:
        options = {"cid": "TC0ONETIME"}
        named = ("kakaopay-online", "kakaopay_wallet", partner.url)
        config = PartnerConfig(*named, SecretStr("key"), quick(), options)
        async with bridge(database.dsn("bridge"), [config]) as world:
            yield world, partner


def at(partner_id: str, currency: str, code: str) -> Charge:
    """A charge of a merchant's code."""

    async def charge(world: World, minor: int) -> str:
        resource = new_resource()
        order = start(resource, partner_id, minor, currency, merchant_code=code)
        await world.command(resource, start_charge=order)
        await world.event("ChargeAccepted", resource)
        return resource

    return charge


async def on_the_phone(world: World, won: int) -> str:
    """A charge that its payer approves."""
    resource = new_resource()
    kind = pb.CHARGE_KIND_COLLECT
    order = start(resource, "kakaopay-online", won, "KRW", kind=kind, payer_reference="minjun")
    await world.command(resource, start_charge=order)
    event = await world.event("ChargeActionRequired", resource)
    url = event.charge_action_required.action_url
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        assert page.status == 200
    await world.event("ChargeAccepted", resource)
    return resource


CASES = [
    pytest.param(ams, at("shanghai-ams", "CNY", TAXI_CODE), "shanghai-ams", "CNY", id="ams"),
    pytest.param(paypay, at("paypay", "JPY", RAMEN_CODE), "paypay", "JPY", id="paypay"),
    pytest.param(
        acquirer, at("kakaopay", "KRW", SHOPS[0].codes[0]), "kakaopay", "KRW", id="acquirer"
    ),
    pytest.param(wallet, on_the_phone, "kakaopay-online", "KRW", id="wallet"),
]


async def facts_of(world: World) -> list[KeptFact]:
    """What the bridge has said, as a copy keeps it."""
    found = []
    async with world.units.pool.acquire() as connection:
        for stripe in range(STRIPE_COUNT):
            facts = await list_facts(connection, "bridge.event", stripe, 0, 1000)
            found += [
                KeptFact("bridge", fact.stripe, fact.sequence, fact.key, fact.payload)
                for fact in facts
            ]
    return found


async def project(pool: asyncpg.Pool, facts: Sequence[KeptFact]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await project_bridge(connection, facts, PARTNERS)


async def sides(pool: asyncpg.Pool, partner_id: str) -> tuple[list[Row], list[Row]]:
    """Both sides of a partner."""
    names = ", ".join(Row.__dataclass_fields__)
    both = []
    for table in ("our_rows", "their_rows"):
        query = f"SELECT {names} FROM {table} WHERE partner_id = $1 ORDER BY row"
        both.append([Row(**dict(row)) for row in await pool.fetch(query, partner_id)])
    return both[0], both[1]


async def fetched(world: World, partner_id: str, kind: str = "settlement") -> tuple[str, bytes]:
    file = await world.partners[partner_id].fetch_file(kind, DAY)
    return file.name, b"".join([chunk async for chunk in file.chunks])


def is_whole(folder: Path, ours: Sequence[Row], theirs: Sequence[Row]) -> bool:
    """Whether the standard rules match every row."""
    return all(rule for _, _, rule, _, _, _ in pairs_of(folder, ours, theirs))


@pytest.mark.parametrize(("house", "charge", "partner_id", "currency"), CASES)
async def test_a_partners_file_agrees_with_our_rows(
    database: Database, tmp_path: Path, house: Any, charge: Charge, partner_id: str, currency: str
) -> None:
    clock = ManualClock(TODAY)
    async with house(database, clock, tmp_path) as (world, _), reconciliation(database) as pool:
        paid, undone = await charge(world, 10_001), await charge(world, 5_555)
        await charge(world, 3_333)
        await world.command(undone, cancel_charge=cancel(undone))
        await world.event("ChargeCancelled", undone)
        for minor in (1_001, 2_002):
            back = new_resource(Resource.REFUND)
            await world.command(back, refund_charge=refund(paid, back, minor, currency))
            await world.event("RefundAccepted", back)
        facts = await facts_of(world)
        # Whatever order facts of different stripes are read in, and however often.
        await project(pool, facts[::-1])
        await project(pool, facts)
        for each in (clock, world.clock):
            each.advance(timedelta(days=1))
        await bring(pool, partner_id, *await fetched(world, partner_id))
        ours, theirs = await sides(pool, partner_id)
    assert len(theirs) == (6 if partner_id == "kakaopay-online" else 4)
    assert is_whole(tmp_path / "match", ours, theirs)
    assert {pair[2] for pair in pairs_of(tmp_path / "again", ours, theirs)} == {"exact"}
    fees = [row.fee for row in theirs]
    assert (None in fees) == (partner_id == "paypay")


@pytest.mark.parametrize("written", ["zengin", "camt053", "pages"])
async def test_a_banks_statement_agrees_with_our_rows(
    database: Database, tmp_path: Path, written: str
) -> None:
    async with japan_bank() as bank, reconciliation(database) as pool:
        format_ = "zengin" if written == "pages" else written
        config = bank_config(bank, {"statement_format": format_})
        async with bridge(database.dsn("bridge"), [config]) as world:
            drawn = await top_up(world, 30_000)
            await world.command(drawn, cancel_charge=cancel(drawn))
            await world.event("ChargeCancelled", drawn)
            await top_up(world, 2_000)
            for yen in (120_000, 70_000):
                payout = await order_payout(world, yen)
                await world.event("PayoutExecuted", payout)
            await bank.control("return", {"reference": text_of(payout)})
            await world.event("PayoutReturned", payout)
            await project(pool, (await facts_of(world))[::-1])
            name, data = await statement(world, bank, written)
        await bring(pool, BANK, name, data, day=DAY)
        ours, theirs = await sides(pool, BANK)
    assert sorted(row.kind for row in theirs) == [
        *("fee", "fee", "payout", "payout", "refund", "refund", "top_up", "top_up")
    ]
    breaks = [pair for pair in pairs_of(tmp_path / "match", ours, theirs) if not pair[2]]
    assert breaks == []


async def top_up(world: World, yen: int) -> str:
    """Draw from Hanako's account at the bank."""
    linked = await book_of(world).link(HANAKO)
    resource = new_resource(Resource.TOP_UP)
    kind, payer = pb.CHARGE_KIND_TOP_UP, linked.payer_reference
    order = start(resource, BANK, yen, "JPY", kind=kind, payer_reference=payer)
    await world.command(resource, start_charge=order)
    await world.event("ChargeAccepted", resource)
    return resource


async def statement(world: World, bank: Any, written: str) -> tuple[str, bytes]:
    """The day's statement as a file, or its pages as the bridge hands them out."""
    if written != "pages":
        bank.clock.advance(timedelta(days=1))
        return await fetched(world, BANK, "statement")
    lines: list[str] = []
    calls, token = StatementCalls(world.partners), ""
    while not lines or token:
        page = await calls.list_entries(
            rpc.ListStatementEntriesRequest(
                partner_id=BANK,
                first_date=DAY.isoformat(),
                last_date=DAY.isoformat(),
                page_size=3,
                page_token=token,
            )
        )
        lines.append(MessageToJson(page, indent=None))
        token = page.next_page_token
    return "statement.jsonl", "\n".join(lines).encode()
