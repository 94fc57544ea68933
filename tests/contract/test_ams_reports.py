"""AMS beside the charge itself: notices, quotes, the cancel window by the clock, the day's file."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from services.bridge.domain.statement import PartnerFile
from services.bridge.partner import PartnerFileNotFound
from services.bridge.settings import PartnerConfig
from services.core.clock import ManualClock
from services.core.ids import Resource
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partner_keys import make_pair
from services.sandbox.partners.ams_shanghai import TAXI_CODE, AmsShanghai
from services.sandbox.partners.books import Books
from tests.conftest import Database
from tests.contract.house import (
    TODAY,
    Simulated,
    World,
    bridge,
    cancel,
    new_resource,
    quick,
    refund,
    simulated,
    start,
)

PARTNER = "shanghai-ams"
DAY = date(2026, 10, 30)
# So long between inquiries that only a notice can end a payment in time.
PATIENT = quick(inquire_every_seconds=300)


@pytest.fixture
def day() -> ManualClock:
    """The partner's day; the bridge's is moved beside it."""
    return ManualClock(TODAY)


@pytest.fixture
async def ams(day: ManualClock, tmp_path: Path) -> AsyncIterator[Simulated]:
    ours, theirs = make_pair(), make_pair()
    (tmp_path / "our.key").write_bytes(ours[0])
    (tmp_path / "partner.pub").write_bytes(theirs[1])
    async with simulated(AmsShanghai(day, Books(None), theirs[0], ours[1])) as simulator:
        yield simulator


@pytest.fixture
async def world(database: Database, ams: Simulated, tmp_path: Path) -> AsyncIterator[World]:
    config = PartnerConfig(
        PARTNER,
        "ams",
        ams.url,
        SecretStr((tmp_path / "our.key").read_text()),
        PATIENT,
        {"client_id": "SANDBOX_TEST0001", "partner_key_file": str(tmp_path / "partner.pub")},
    )
    async with bridge(database.dsn("bridge"), [config]) as running:
        yield running


async def charge(world: World, fen: int = 10_000) -> str:
    """Charge the taxi's code; the payment's resource once it is accepted."""
    resource = new_resource()
    order = start(resource, PARTNER, fen, "CNY", merchant_code=TAXI_CODE)
    await world.command(resource, start_charge=order)
    accepted = (await world.event("ChargeAccepted", resource)).charge_accepted
    assert (accepted.amount.minor_units, accepted.amount.currency_code) == (fen, "CNY")
    return resource


async def rows_of(file: PartnerFile) -> list[dict[str, str]]:
    """The rows of a settlement file, which ends as it must."""
    text = b"".join([chunk async for chunk in file.chunks]).decode()
    assert text.endswith("<END>\n")
    return list(csv.DictReader(io.StringIO(text.removesuffix("<END>\n"))))


async def test_a_payment_in_process_ends_with_the_partners_notice(
    world: World, ams: Simulated
) -> None:
    await ams.fault("in_process", match={"operation": "pay"})
    await charge(world)


async def test_a_notice_of_another_signer_is_not_taken(world: World, ams: Simulated) -> None:
    address = f"{world.callback_url}/notice/{PARTNER}"
    headers = {"Request-Time": TODAY.isoformat(), "Signature": "signature=eA=="}
    async with (
        aiohttp.ClientSession() as stranger,
        stranger.post(address, data=b'{"notifyType":"PAYMENT_RESULT"}', headers=headers) as answer,
    ):
        assert answer.status == 404


async def test_a_wallet_charged_in_its_own_currency_pays_the_shop_what_was_asked(
    world: World, ams: Simulated
) -> None:
    await ams.control("quote", {"currency": "JPY", "price": "20.5"})
    await charge(world)


async def test_a_payer_of_alipay_approves_on_the_phone(world: World, ams: Simulated) -> None:
    resource = new_resource()
    order = start(resource, PARTNER, 3_000, "JPY", kind=pb.CHARGE_KIND_COLLECT)
    await world.command(resource, start_charge=order)
    asked = (await world.event("ChargeActionRequired", resource)).charge_action_required
    async with aiohttp.ClientSession() as phone, phone.get(asked.action_url) as page:
        assert page.status == 200
    accepted = (await world.event("ChargeAccepted", resource)).charge_accepted
    assert (accepted.amount.minor_units, accepted.amount.currency_code) == (3_000, "JPY")
    assert (await ams.books())["accepted"] == {f"{resource}-charge": 3_000}


async def test_a_cancel_of_the_day_after_tomorrow_is_a_refund(
    world: World, ams: Simulated, day: ManualClock
) -> None:
    resource = await charge(world)
    for clock in (day, world.clock):
        clock.advance(timedelta(days=2))
    await world.command(resource, cancel_charge=cancel(resource))
    await world.event("ChargeCancelled", resource)
    assert (await ams.books())["refunded"] == {f"{resource}-charge-void": 10_000}


async def test_the_days_file_has_what_was_charged_and_given_back_net_of_the_fee(
    world: World, ams: Simulated, day: ManualClock
) -> None:
    partner = world.partners[PARTNER]
    paid, undone = await charge(world), await charge(world, 500)
    await world.command(undone, cancel_charge=cancel(undone))
    await world.event("ChargeCancelled", undone)
    back = new_resource(Resource.REFUND)
    await world.command(back, refund_charge=refund(paid, back, 4_000, "CNY"))
    await world.event("RefundAccepted", back)
    with pytest.raises(PartnerFileNotFound):
        await partner.fetch_file("settlement", DAY)
    for clock in (day, world.clock):
        clock.advance(timedelta(days=1))
    rows = await rows_of(await partner.fetch_file("settlement", DAY))
    columns = ("transactionType", "transactionRequestId", "settlementAmountValue")
    assert sorted(tuple(row[name] for name in columns) for row in rows) == [
        ("PAYMENT", f"{paid}-charge", "9940"),
        ("REFUND", back, "-3976"),
    ]


async def test_planted_discrepancies_are_in_the_file_and_told_to_the_control_only(
    world: World, ams: Simulated
) -> None:
    for fen in (1_000, 2_000, 3_000):
        await charge(world, fen)
    counts = {"missing": 1, "extra": 1, "wrong_amount": 1}
    plan = {"seed": 5, "day": DAY.isoformat(), "counts": counts}
    await ams.control("discrepancies", plan)
    await ams.control("day", {"day": DAY.isoformat()})
    rows = await rows_of(await world.partners[PARTNER].fetch_file("settlement", DAY))
    async with ams.session.get("/_control/planted") as answer:
        planted = (await answer.json())["planted"]
    assert sorted(record["kind"] for record in planted) == sorted(counts)
    shown = {row["transactionRequestId"]: int(row["transactionAmountValue"]) for row in rows}
    for record in planted:
        told = record["shown"] and record["shown"]["minor"]
        assert shown.get(record["id"]) == told
