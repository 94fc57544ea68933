"""The acceptor of Chinese codes: the adapter against its simulator, signing both ways."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.bridge.partner import CodeUnknown, PartnerUnavailable
from services.bridge.partners.ams_signing import Signer, string_to_sign
from services.bridge.settings import PartnerConfig
from services.core.clock import ManualClock
from services.core.ids import Resource
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partner_keys import make_pair
from services.sandbox.partners.ams_shanghai import TAXI_CODE, TEA_LINK, AmsShanghai
from services.sandbox.partners.books import Books
from tests.conftest import Database
from tests.contract.house import (
    LATER,
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
GOLDEN = Path(__file__).parent.parent / "golden" / "antom_ams.json"


@pytest.fixture(scope="module")
def keys() -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    """Ours and the partner's, private and public."""
    return make_pair(), make_pair()


@pytest.fixture
async def ams(keys: tuple[tuple[bytes, bytes], tuple[bytes, bytes]]) -> AsyncIterator[Simulated]:
    ours, theirs = keys
    partner = AmsShanghai(ManualClock(TODAY), Books(None), theirs[0], ours[1])
    async with simulated(partner) as simulator:
        yield simulator


@pytest.fixture
async def world(
    database: Database,
    ams: Simulated,
    keys: tuple[tuple[bytes, bytes], tuple[bytes, bytes]],
    tmp_path: Path,
) -> AsyncIterator[World]:
    ours, theirs = keys
    (tmp_path / "partner.pub").write_bytes(theirs[1])
    config = PartnerConfig(
        PARTNER,
        "ams",
        ams.url,
        SecretStr(ours[0].decode()),
        quick(),
        {"client_id": "SANDBOX_TEST0001", "partner_key_file": str(tmp_path / "partner.pub")},
    )
    async with bridge(database.dsn("bridge"), [config]) as running:
        yield running


def order(resource: str, code: str = TAXI_CODE, fen: int = 2_372) -> pb.StartCharge:
    return start(resource, PARTNER, fen, "CNY", merchant_code=code)


def test_the_string_to_sign_is_that_of_the_golden_vector() -> None:
    example = json.loads(GOLDEN.read_text())["signing"]["string_to_sign_example"]
    assert (
        string_to_sign(
            example["method"],
            example["path"],
            example["client_id"],
            example["request_time"],
            example["body"],
        )
        == example["string"]
    )


def test_a_signature_holds_for_its_own_body_only(
    keys: tuple[tuple[bytes, bytes], tuple[bytes, bytes]],
) -> None:
    ours, _ = keys
    signer = Signer("C1", ours[0].decode(), ours[1].decode())
    header = signer.sign("POST", "/pay", "T1", "{}")
    assert signer.is_signed(header, "POST", "/pay", "T1", "{}")
    assert not signer.is_signed(header, "POST", "/pay", "T1", "{ }")
    assert not signer.is_signed(header, "POST", "/pay", "T2", "{}")
    assert not signer.is_signed("signature=x", "POST", "/pay", "T1", "{}")
    assert not signer.is_signed("", "POST", "/pay", "T1", "{}")


async def test_a_chinese_code_is_charged(world: World, ams: Simulated) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    accepted = (await world.event("ChargeAccepted", resource)).charge_accepted
    assert (accepted.amount.minor_units, accepted.amount.currency_code) == (2_372, "CNY")
    assert (await ams.books())["accepted"] == {f"{resource}-charge": 2_372}


async def test_a_link_leads_to_its_shop(world: World) -> None:
    shop = await world.partners[PARTNER].resolve_code(TEA_LINK)
    assert (shop.name, shop.country_code, shop.currency_code) == ("Yuyuan Tea House", "CN", "CNY")
    with pytest.raises(CodeUnknown):
        await world.partners[PARTNER].resolve_code("https://qr.alipay.com/none")


async def test_an_answer_lost_after_the_work_is_found_by_inquiry(
    world: World, ams: Simulated
) -> None:
    await ams.fault("no_answer_after_work", match={"operation": "pay"})
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeAccepted", resource)
    assert (await ams.books())["accepted"] == {f"{resource}-charge": 2_372}


async def test_a_charge_lost_before_the_work_is_cancelled_and_rejected(
    world: World, ams: Simulated
) -> None:
    await ams.fault("no_answer_before_work", match={"operation": "pay"})
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeRejected", resource)
    assert (await ams.books())["accepted"] == {}


async def test_a_lost_cancel_is_inquired_about_until_it_is_closed(
    world: World, ams: Simulated
) -> None:
    await ams.fault("no_answer_before_work", match={"operation": "pay"})
    await ams.fault("no_answer_after_work", match={"operation": "cancel"})
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeRejected", resource)
    assert (await ams.books())["accepted"] == {}


async def test_a_merchant_the_partner_does_not_know_is_rejected(world: World) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource, "https://qr.alipay.com/none"))
    rejected = (await world.event("ChargeRejected", resource)).charge_rejected
    assert (rejected.reason, rejected.partner_code) == ("MERCHANT_UNKNOWN", "MERCHANT_NOT_EXIST")


async def test_an_answer_of_another_signer_is_no_answer(
    world: World, ams: Simulated, keys: tuple[tuple[bytes, bytes], tuple[bytes, bytes]]
) -> None:
    stranger = AmsShanghai(ManualClock(TODAY), Books(None), keys[0][0], keys[0][1])
    async with simulated(stranger) as impostor:
        partner = world.partners[PARTNER]
        partner._http._base = type(partner._http._base)(impostor.url)  # type: ignore[attr-defined]
        with pytest.raises(PartnerUnavailable):
            await partner.resolve_code(TEA_LINK)


async def test_a_request_of_another_time_is_not_taken(world: World) -> None:
    world.clock.advance(LATER)
    with pytest.raises(PartnerUnavailable):
        await world.partners[PARTNER].resolve_code(TEA_LINK)


async def test_a_charge_is_refunded_twice_in_parts(world: World, ams: Simulated) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeAccepted", resource)
    first, second = new_resource(Resource.REFUND), new_resource(Resource.REFUND)
    await world.command(first, refund_charge=refund(resource, first, 1_000, "CNY"))
    await world.command(second, refund_charge=refund(resource, second, 372, "CNY"))
    await world.event("RefundAccepted", first)
    await world.event("RefundAccepted", second)
    assert (await ams.books())["refunded"] == {first: 1_000, second: 372}


async def test_a_cancel_after_its_window_becomes_a_refund_of_all(
    world: World, ams: Simulated
) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeAccepted", resource)
    await ams.fault("reject", code="CANCEL_WINDOW_EXCEED", match={"operation": "cancel"})
    await world.command(resource, cancel_charge=cancel(resource))
    await world.event("ChargeCancelled", resource)
    assert list((await ams.books())["refunded"].values()) == [2_372]
