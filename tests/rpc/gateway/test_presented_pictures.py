"""Codes of payers as pictures, and how long operators let codes live."""

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from services.core.errors import Forbidden, KawaseError, Malformed, Refused
from services.pb.kawase.gateway.v1 import presented_service_pb2 as pb
from tests.rpc.gateway.access_served import House, house_of
from tests.rpc.gateway.http.asking import problem
from tests.rpc.gateway.presented_served import Edges, edges_of
from tests.store.gateway.payments_world import EDO, SAKURA, Gateway

LAW = "Terms of a test"


@pytest.fixture
async def edges(gateway: Gateway) -> AsyncIterator[Edges]:
    async with edges_of(gateway) as made:
        yield made


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with house_of(gateway) as made:
        await made.open_up()
        await made.open_shop()
        yield made


def read(picture: bytes) -> list[tuple[str, Any]]:
    """What a scanner reads of a PNG."""
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return [(each.text, each.format) for each in found]


async def test_a_code_is_drawn_as_qr_and_as_bars_that_a_scanner_reads(edges: Edges) -> None:
    code = await edges.code()
    image = "/payment-codes/c1/image"
    qr = await edges.ask("GET", image)
    bars = await edges.ask("GET", f"{image}?form=barcode")
    assert {qr.headers["content-type"], bars.headers["content-type"]} == {"image/png"}
    assert read(qr.content) == [(code.code, zxingcpp.BarcodeFormat.QRCode)]
    assert read(bars.content) == [(code.barcode_number, zxingcpp.BarcodeFormat.Code128)]
    for form in ("qr", "barcode"):
        drawn = await edges.ask("GET", f"{image}?form={form}&format=svg")
        assert drawn.headers["content-type"].startswith("image/svg+xml")
        assert drawn.text.startswith("<?xml")
    assert code.barcode_number in drawn.text
    bars_form, svg = pb.PAYMENT_CODE_FORM_BARCODE, pb.PICTURE_FORMAT_SVG
    told = await edges.rpc("DrawPaymentCode", code_id="c1", form=bars_form, format=svg)
    assert (told.content_type, told.content) == ("image/svg+xml", drawn.content)


async def test_only_what_can_be_charged_is_drawn_and_for_its_own_wallet(edges: Edges) -> None:
    await edges.code()
    image = "/payment-codes/c1/image"
    assert problem(await edges.ask("GET", image, SAKURA)) == (404, "PAYMENT_CODE_UNKNOWN")
    assert problem(await edges.ask("GET", image, EDO)) == (403, "WALLET_REQUIRED")
    assert problem(await edges.ask("GET", f"{image}?form=cup")) == (400, "REQUEST_MALFORMED")
    with pytest.raises(Malformed):
        await edges.rpc("DrawPaymentCode", code_id="c1")
    await edges.rpc("CancelPaymentCode", code_id="c1")
    assert problem(await edges.ask("GET", image)) == (422, "PAYMENT_CODE_OVER")


async def lifetimes(house: House) -> list[tuple[str, int, int]]:
    asked = pb.ListCodeLifetimesRequest()
    told = await house.call("PresentedService", "ListCodeLifetimes", asked, "sue")
    return [
        (each.country_code, each.usual_seconds, each.longest_seconds)
        for each in told.code_lifetimes
    ]


async def put(house: House, by: str = "bootstrap", **given: Any) -> Any:
    fields: dict[str, Any] = {"usual_seconds": 30, "longest_seconds": 90, "source": LAW} | given
    request = pb.PutCodeLifetimeRequest(code_lifetime=pb.CodeLifetime(**fields))
    return await house.call("PresentedService", "PutCodeLifetime", request, by)


async def test_operators_say_how_long_codes_live_from_now_on(house: House) -> None:
    assert await lifetimes(house) == [("", 60, 60), ("KR", 60, 180)]

    async def code(name: str, seconds: int = 0) -> Any:
        request = pb.CreatePaymentCodeRequest(
            code_id=name, payer_id="li-na", country_code="JP", valid_seconds=seconds
        )
        made = await house.call("PresentedService", "CreatePaymentCode", request, "panda")
        return made.payment_code

    before = await code("before")
    await put(house)
    await put(house, country_code="TH", usual_seconds=60, longest_seconds=60)
    assert await lifetimes(house) == [("", 30, 90), ("KR", 60, 180), ("TH", 60, 60)]
    after, long = await code("after"), await code("long", 90)
    for made, seconds in ((before, 60), (after, 30), (long, 90)):
        assert made.expire_time.seconds - made.create_time.seconds == seconds
    assert await code("before") == before


async def test_a_lifetime_needs_a_second_person_of_risk_and_is_journaled(
    gateway: Gateway, house: House
) -> None:
    with pytest.raises(Refused) as waits:
        await put(house, "ken")
    assert waits.value.reason == "APPROVAL_REQUIRED"
    for by in ("mei", "sue", "panda", "edo"):
        with pytest.raises(Forbidden):
            await put(house, by)
    assert await lifetimes(house) == [("", 60, 60), ("KR", 60, 180)]
    await put(house)
    await put(house)
    count = "SELECT count(*) FROM reference_changes WHERE operation = 'PutCodeLifetime'"
    assert await gateway.pool.fetchval(count) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"country_code": "kr"},
        {"longest_seconds": 181},
        {"usual_seconds": 91},
        {"usual_seconds": 0},
        {"source": " "},
        {"source": "a\x00b"},
    ],
)
async def test_a_lifetime_that_cannot_be_is_refused(house: House, given: dict[str, Any]) -> None:
    with pytest.raises(KawaseError) as refusal:
        await put(house, **given)
    assert refusal.value.reason == "LIFETIME_MALFORMED"
