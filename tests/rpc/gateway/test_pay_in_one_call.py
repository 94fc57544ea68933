"""`Pay` over gRPC: priced and paid in one call, within what the payer agreed to."""

from collections.abc import AsyncIterator

import pytest

from services.core.errors import Conflict, Forbidden, Malformed, NotFound, Refused
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1.money_pb2 import Money
from services.sandbox.demo.codes import TOKYO_DYNAMIC, TOKYO_STATIC
from tests.rpc.gateway.payments_served import Wallets, answered, served
from tests.store.gateway.payments_world import EDO, SAKURA, Gateway

# What 1,200 yen cost in fen.
PRICE = 5_725


def pay(
    payment_id: str, maximum: int = PRICE, currency: str = "CNY", payer_id: str = "li-na"
) -> pb.PayRequest:
    return pb.PayRequest(
        payment_id=payment_id,
        payer_id=payer_id,
        code=TOKYO_DYNAMIC,
        maximum=Money(minor_units=maximum, currency_code=currency),
    )


@pytest.fixture
async def wallets(gateway: Gateway) -> AsyncIterator[Wallets]:
    async with served(gateway) as calling:
        yield calling


async def test_a_payment_up_to_the_maximum_is_paid_once_however_often_it_is_asked_for(
    gateway: Gateway, wallets: Wallets
) -> None:
    async with answered(gateway):
        first = (await wallets.call("Pay", pay("p1"))).payment
        # What was paid is past asking for: a lower maximum changes nothing.
        again = (await wallets.call("Pay", pay("p1", maximum=1))).payment
    assert first.state == payment_pb2.PAYMENT_STATE_COMPLETED
    assert first.home.minor_units == PRICE
    assert again == first
    with pytest.raises(Conflict) as other:
        await wallets.call("Pay", pay("p1", payer_id="wang-wei"))
    assert other.value.reason == "PAYMENT_EXISTS_WITH_DIFFERENT_CONTENT"


async def test_a_price_above_the_maximum_is_refused_and_its_quote_can_be_confirmed(
    gateway: Gateway, wallets: Wallets
) -> None:
    for _ in range(2):
        with pytest.raises(Refused) as refusal:
            await wallets.call("Pay", pay("p1", maximum=PRICE - 1))
        assert refusal.value.reason == "PRICE_ABOVE_MAXIMUM"
        assert refusal.value.metadata == {
            "payment_id": "p1",
            "minor_units": str(PRICE),
            "maximum_minor_units": str(PRICE - 1),
            "currency_code": "CNY",
        }
    assert await gateway.sent() == []
    assert await gateway.state("p1") == ("quoted", "quote")
    async with answered(gateway):
        agreed = await wallets.call("ConfirmPayment", pb.ConfirmPaymentRequest(payment_id="p1"))
    assert agreed.payment.state == payment_pb2.PAYMENT_STATE_COMPLETED


async def test_a_payment_in_one_call_past_its_deadline_answers_with_the_state_so_far(
    wallets: Wallets,
) -> None:
    answer = await wallets.call("Pay", pay("p1"), seconds=1.0)
    assert answer.payment.state == payment_pb2.PAYMENT_STATE_CONFIRMED


async def test_without_a_maximum_in_home_money_nothing_is_paid(
    gateway: Gateway, wallets: Wallets
) -> None:
    request = pay("p1")
    request.ClearField("maximum")
    with pytest.raises(Malformed) as missing:
        await wallets.call("Pay", request)
    assert missing.value.reason == "MAXIMUM_REQUIRED"
    with pytest.raises(NotFound):
        await gateway.state("p1")
    with pytest.raises(Malformed) as differs:
        await wallets.call("Pay", pay("p1", currency="JPY"))
    assert differs.value.reason == "MAXIMUM_CURRENCY_DIFFERS"
    assert await gateway.sent() == []


async def test_only_a_wallet_pays_and_what_is_anothers_stays_as_it_is(
    gateway: Gateway, wallets: Wallets
) -> None:
    with pytest.raises(Forbidden):
        await wallets.call("Pay", pay("p1"), by=EDO)
    async with answered(gateway):
        await wallets.call("Pay", pay("p1"))
        mine = await wallets.call("Pay", pay("p1", 1_200, "JPY"), by=SAKURA)
    assert mine.payment.home.minor_units == 1_200
    assert (await gateway.state("p1"))[0] == "completed"


async def test_a_typed_amount_is_paid_where_the_code_states_none(
    gateway: Gateway, wallets: Wallets
) -> None:
    request = pay("p1")
    request.code = TOKYO_STATIC
    with pytest.raises(Malformed) as missing:
        await wallets.call("Pay", request)
    assert missing.value.reason == "AMOUNT_REQUIRED"
    request.amount.CopyFrom(Money(minor_units=1_000, currency_code="JPY"))
    async with answered(gateway):
        paid = (await wallets.call("Pay", request)).payment
    assert (paid.target.minor_units, paid.home.minor_units) == (1_000, 4_771)
