"""Codes and orders by AcquirerService, and how payments and refunds meet them."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pypdfium2
import pytest

from services.codes import decode
from services.codes.images import read_image
from services.codes.merchant.tlv import checksum
from services.core.errors import Conflict, KawaseError, LimitReached, NotFound, Refused
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pay
from services.pb.kawase.gateway.v1 import payment_pb2
from tests.rpc.gateway.access_served import House, house_of
from tests.rpc.gateway.acquirer_shops import (
    SHOP,
    approve,
    ask,
    content_of,
    open_shop,
    propose,
    yen,
)
from tests.rpc.gateway.payments_served import answered
from tests.store.gateway.payments_world import Gateway, refused


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with house_of(gateway) as made:
        await made.open_up()
        await made.open_shop()
        await open_shop(made)
        yield made


async def order_of(house: House, name: str = "table-12", **given: Any) -> pb.Order:
    fields: dict[str, Any] = {"merchant_id": SHOP, "amount": yen(1_200)} | given
    request = pb.CreateOrderRequest(order_id=name, **fields)
    made: pb.Order = (await ask(house, "CreateOrder", request)).order
    return made


async def seen(house: House, name: str = "table-12") -> pb.Order:
    order: pb.Order = (await ask(house, "GetOrder", pb.GetOrderRequest(order_id=name))).order
    return order


async def until_paying(house: House) -> None:
    while True:
        if (await seen(house)).state == pb.ORDER_STATE_PAYING:
            return


async def quote(house: House, name: str, code: str, **given: Any) -> Any:
    request = pay.CreatePaymentRequest(payment_id=name, payer_id="li-na", code=code, **given)
    return (await house.pay("CreatePayment", request)).payment


async def confirm(house: House, name: str) -> Any:
    return (await house.pay("ConfirmPayment", pay.ConfirmPaymentRequest(payment_id=name))).payment


async def drawing(house: House, method: str, **given: Any) -> pb.Drawing:
    requests: dict[str, Any] = {"DrawCode": pb.DrawCodeRequest, "DrawOrder": pb.DrawOrderRequest}
    answer: pb.Drawing = (await ask(house, method, requests[method](**given))).drawing
    return answer


def page_of(content: bytes) -> bytes:
    """The first page of a PDF at 150 dots per inch, as PNG."""
    document = pypdfium2.PdfDocument(content)
    assert len(document) == 1
    width, height = document[0].get_size()
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (105, 148)
    out = io.BytesIO()
    document[0].render(scale=150 / 72).to_pil().save(out, "PNG")
    return out.getvalue()


async def test_a_static_code_is_read_back_from_its_picture_and_from_its_sheet(house: House) -> None:
    request = pb.CreateCodeRequest(code_id="till-1", merchant_id=SHOP, terminal_label="TILL 1")
    code = (await ask(house, "CreateCode", request)).code
    assert (await ask(house, "CreateCode", request)).code == code
    decoded = decode(code.code, "auto")
    assert (decoded.valid, decoded.scheme, decoded.point_of_initiation) == (True, "jpqr", "static")
    assert decoded.merchant is not None
    assert decoded.merchant.local_name == "テスト食堂"

    png = await drawing(house, "DrawCode", code_id="till-1", format=pb.DRAWING_FORMAT_PNG)
    svg = await drawing(house, "DrawCode", code_id="till-1", format=pb.DRAWING_FORMAT_SVG)
    sheet = await drawing(house, "DrawCode", code_id="till-1", format=pb.DRAWING_FORMAT_SHEET)
    assert read_image(png.content) == (code.code,)
    assert (svg.content_type, svg.content[:5]) == ("image/svg+xml", b"<?xml")
    assert sheet.content_type == "application/pdf"
    assert read_image(page_of(sheet.content)) == (code.code,)
    paid = await quote(house, "p1", code.code, amount=yen(700))
    assert paid.merchant.name == "テスト食堂"


async def test_a_code_with_an_amount_is_dynamic_and_its_id_is_for_one_content(house: House) -> None:
    request = pb.CreateCodeRequest(code_id="c1", merchant_id=SHOP, amount=yen(500))
    decoded = decode((await ask(house, "CreateCode", request)).code.code, "auto")
    assert (decoded.point_of_initiation, decoded.amount_minor) == ("dynamic", 500)
    request.amount.minor_units = 501
    with pytest.raises(Conflict):
        await ask(house, "CreateCode", request)
    for changed, reason in (
        ({"merchant_id": "nobody"}, "ACQUIRED_MERCHANT_UNKNOWN"),
        ({"terminal_label": "食"}, "LABEL_MALFORMED"),
        ({"amount": yen(0)}, "SHOPS_AMOUNT_UNFIT"),
    ):
        given: dict[str, Any] = {"code_id": "c2", "merchant_id": SHOP, **changed}
        with pytest.raises(KawaseError) as refusal:
            await ask(house, "CreateCode", pb.CreateCodeRequest(**given))
        assert refusal.value.reason == reason


async def test_a_shop_that_waits_has_no_codes(house: House) -> None:
    account = "0000000000001.0001.000009.000001"
    await propose(house, merchant_id="late", scheme_account_id=account)
    with pytest.raises(Refused) as waits:
        await ask(house, "CreateCode", pb.CreateCodeRequest(code_id="c", merchant_id="late"))
    assert waits.value.reason == "MERCHANT_NOT_IN_FORCE"


async def test_an_order_is_paid_once_and_shows_its_payment(house: House) -> None:
    order = await order_of(house, note="Table 12")
    assert order == await order_of(house, note="Table 12")
    with pytest.raises(Conflict):
        await order_of(house, note="Table 13")
    assert order.state == pb.ORDER_STATE_OPEN
    first = await quote(house, "p1", order.code)
    await quote(house, "p2", order.code)
    async with answered(house.gateway):
        paid = await confirm(house, "p1")
        assert paid.state == payment_pb2.PAYMENT_STATE_COMPLETED
    with pytest.raises(Refused) as taken:
        await confirm(house, "p2")
    assert taken.value.reason == "ORDER_TAKEN"
    with pytest.raises(Refused):
        await quote(house, "p3", order.code)
    again = await quote(house, "p1", order.code)
    assert again.state == payment_pb2.PAYMENT_STATE_COMPLETED
    told = await seen(house)
    assert (told.state, told.payment_reference) == (pb.ORDER_STATE_PAID, first.reference)
    assert told.payment_state == payment_pb2.PAYMENT_STATE_COMPLETED


async def test_of_many_confirms_at_once_one_pays_the_order(house: House) -> None:
    order = await order_of(house)
    for number in range(8):
        await quote(house, f"p{number}", order.code)
    async with answered(house.gateway):
        ends = await asyncio.gather(
            *(confirm(house, f"p{number}") for number in range(8)), return_exceptions=True
        )
    refusals = [end.reason for end in ends if isinstance(end, KawaseError)]
    assert refusals == ["ORDER_TAKEN"] * 7


async def test_an_order_whose_payment_failed_is_open_again(house: House) -> None:
    order = await order_of(house)
    made = await quote(house, "p1", order.code)
    confirming = asyncio.create_task(confirm(house, "p1"))
    await until_paying(house)
    payment = await house.gateway.create("p1", code=order.code)
    assert payment.terms.reference == made.reference
    await house.gateway.hear(refused(payment))
    assert (await confirming).state == payment_pb2.PAYMENT_STATE_DECLINED
    told = await seen(house)
    assert (told.state, told.payment_reference) == (pb.ORDER_STATE_OPEN, "")
    await quote(house, "p2", order.code)
    async with answered(house.gateway):
        assert (await confirm(house, "p2")).state == payment_pb2.PAYMENT_STATE_COMPLETED


async def test_an_expired_order_is_refused_when_it_is_scanned(house: House) -> None:
    order = await order_of(house, valid_seconds=60)
    house.gateway.clock.advance(timedelta(seconds=60))
    with pytest.raises(Refused) as over:
        await quote(house, "p1", order.code)
    assert over.value.reason == "ORDER_EXPIRED"
    assert (await seen(house)).state == pb.ORDER_STATE_EXPIRED


async def test_a_code_whose_amount_was_changed_does_not_pay_the_order(house: House) -> None:
    order = await order_of(house)
    label = decode(order.code, "auto").reference
    assert label is not None
    cheaper = (await order_of(house, "other", amount=yen(1))).code
    forged = cheaper.replace(decode(cheaper, "auto").reference or "", label)[:-4]
    with pytest.raises(Refused) as differs:
        await quote(house, "p1", forged + checksum(forged))
    assert differs.value.reason == "ORDER_DIFFERS"


async def test_payments_of_a_static_code_touch_no_order(house: House) -> None:
    request = pb.CreateCodeRequest(code_id="till-1", merchant_id=SHOP)
    code = (await ask(house, "CreateCode", request)).code.code
    await order_of(house)
    async with answered(house.gateway):
        for name in ("p1", "p2"):
            await quote(house, name, code, amount=yen(1_200))
            assert (await confirm(house, name)).state == payment_pb2.PAYMENT_STATE_COMPLETED
    assert (await seen(house)).state == pb.ORDER_STATE_OPEN


async def test_another_acquirers_orders_and_codes_are_unknown(house: House) -> None:
    await order_of(house)
    await ask(house, "CreateCode", pb.CreateCodeRequest(code_id="till-1", merchant_id=SHOP))
    asked: list[tuple[str, Any]] = [
        ("GetOrder", pb.GetOrderRequest(order_id="table-12")),
        ("DrawOrder", pb.DrawOrderRequest(order_id="table-12", format=pb.DRAWING_FORMAT_PNG)),
        ("DrawCode", pb.DrawCodeRequest(code_id="till-1", format=pb.DRAWING_FORMAT_PNG)),
        ("CreateOrder", pb.CreateOrderRequest(order_id="x", merchant_id=SHOP, amount=yen(1))),
        ("CreateCode", pb.CreateCodeRequest(code_id="x", merchant_id=SHOP)),
    ]
    for method, request in asked:
        with pytest.raises(NotFound):
            await ask(house, method, request, "kyo")


async def test_an_acquirer_refunds_up_to_the_days_limit_of_its_shop(house: House) -> None:
    limited = pb.UpdateMerchantRequest(content=content_of(refund_day_limit=1_000))
    await ask(house, "UpdateMerchant", limited)
    await approve(house, version=2)
    order = await order_of(house)
    await quote(house, "p1", order.code)
    async with answered(house.gateway):
        await confirm(house, "p1")
    reference = (await seen(house)).payment_reference

    async def refund(name: str, amount: int, by: str = "edo", payment_id: str = reference) -> Any:
        request = pay.CreateRefundRequest(
            refund_id=name, payment_id=payment_id, amount=yen(amount), reason="cold"
        )
        return (await house.pay("CreateRefund", request, by)).refund

    await refund("r1", 700)
    with pytest.raises(LimitReached) as limit:
        await refund("r2", 400)
    assert limit.value.metadata["left_minor_units"] == "300"
    assert (await refund("r1", 700)).refund_id == "r1"
    assert (await refund("w1", 50, "panda", "p1")).HasField("home")
    assert not (await refund("r1", 700)).HasField("home")
    with pytest.raises(NotFound):
        await refund("r3", 1, "kyo")
    house.gateway.clock.advance(timedelta(days=1))
    assert (await refund("r2", 400)).target.minor_units == 400
