"""PresentedService as wallets and acquirers see it, by gRPC and by HTTP."""

import asyncio
import random
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass

from services.core.errors import Refused
from services.gateway.payments.messages import STATES
from services.gateway.presenting.offline import number_at
from services.kit.rpc import call
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pay
from services.pb.kawase.gateway.v1 import presented_service_pb2 as pb
from tests.rpc.gateway.http.asking import problem
from tests.rpc.gateway.payments_served import answered
from tests.rpc.gateway.presented_served import YEN, Edges, edges_of
from tests.rpc.gateway.test_fuzzed_calls import any_message, check
from tests.store.gateway.payments_world import EDO, PANDA, SAKURA, Gateway
from tests.store.gateway.presenting_world import KYO

MESSAGES = 30
AMOUNT = {"currency_code": "JPY", "minor_units": 1000}
CODE = {"code_id": "c1", "payer_id": "li-na", "country_code": "JP"}
EASY_POLICY = pb.PresentingPolicy(
    confirm_above_minor_units=100_000, offline_maximum_minor_units=100_000
)
EASY = {"confirm_above_minor_units": 100_000, "offline_maximum_minor_units": 100_000}


@pytest.fixture
async def edges(gateway: Gateway) -> AsyncIterator[Edges]:
    async with edges_of(gateway) as made:
        yield made


def state_of(payment: Any) -> str:
    return STATES[payment.state].value


async def test_a_payment_by_code_is_paid_at_once_below_the_wallets_limit(
    gateway: Gateway, edges: Edges
) -> None:
    await edges.rpc("PutPresentingPolicy", policy=EASY_POLICY)
    code = await edges.code()
    async with answered(gateway):
        paid = await edges.charge(code.code)
    assert (state_of(paid), paid.message) == ("completed", "Paid.")
    used = (await edges.rpc("GetPaymentCode", code_id="c1")).payment_code
    assert used.state == pb.PAYMENT_CODE_STATE_USED
    asked = pay.GetPaymentRequest(payment_id=used.payment_id)
    mine = (await call(edges.payments.GetPayment(asked, metadata=edges.metadata(PANDA)))).payment
    assert (mine.reference, mine.payer_id, state_of(mine)) == (paid.reference, "li-na", "completed")


async def test_the_payer_confirms_and_the_shop_sees_it(gateway: Gateway, edges: Edges) -> None:
    code = await edges.code()
    waits = await edges.charge(code.barcode_number)
    assert state_of(waits) == "action_required"
    assert waits.HasField("expire_time")
    request = pb.WatchPresentedPaymentRequest(payment_id="t1")
    watching = edges.stub.WatchPresentedPayment(request, metadata=edges.metadata(EDO), timeout=15)
    stream = aiter(watching)
    states = [state_of((await anext(stream)).payment)]
    payment_id = (await edges.rpc("GetPaymentCode", code_id="c1")).payment_code.payment_id
    confirm = pay.ConfirmPaymentRequest(payment_id=payment_id)
    async with answered(gateway):
        await call(edges.payments.ConfirmPayment(confirm, metadata=edges.metadata(PANDA)))
        states += [state_of(one.payment) async for one in stream]
    assert (states[0], states[-1]) == ("action_required", "completed")
    found = (await edges.rpc("GetPresentedPayment", EDO, payment_id="t1")).payment
    assert state_of(found) == "completed"


async def test_a_shop_whose_payer_walks_away_gives_the_payment_up(
    gateway: Gateway, edges: Edges
) -> None:
    code = await edges.code()
    waits = await edges.charge(code.code)
    assert state_of(waits) == "action_required"
    given_up = (await edges.rpc("CancelPresentedPayment", EDO, payment_id="t1")).payment
    again = await edges.ask("POST", "/presented-payments/t1/cancel", EDO)
    assert (state_of(given_up), given_up.message) == (
        "cancelled", "Cancelled at the till: nothing was taken.",
    )  # fmt: skip
    assert (again.status_code, again.json()["message"]) == (200, given_up.message)

    used = (await edges.rpc("GetPaymentCode", code_id="c1")).payment_code
    confirm = pay.ConfirmPaymentRequest(payment_id=used.payment_id)
    with pytest.raises(Refused):
        await call(edges.payments.ConfirmPayment(confirm, metadata=edges.metadata(PANDA)))
    asked = pay.GetPaymentRequest(payment_id=used.payment_id)
    mine = (await call(edges.payments.GetPayment(asked, metadata=edges.metadata(PANDA)))).payment
    assert (mine.reason, mine.message) == ("CANCELLED_BY_SHOP", "The shop cancelled the payment.")


async def test_what_is_paid_is_not_given_up(gateway: Gateway, edges: Edges) -> None:
    await edges.rpc("PutPresentingPolicy", policy=EASY_POLICY)
    async with answered(gateway):
        await edges.charge((await edges.code()).code)
    told = await edges.refusal("CancelPresentedPayment", EDO, payment_id="t1")
    assert told == "PRESENTED_PAYMENT_CONFIRMED"
    foreign = await edges.refusal("CancelPresentedPayment", EDO, payment_id="t2")
    assert foreign == "PRESENTED_PAYMENT_UNKNOWN"
    asked = {"payment_id": "t3", "merchant_id": "shokudo", "amount": AMOUNT}
    asked["code"] = (await edges.code("c2")).code
    soon = {"Prefer": "wait=0"}
    late = await edges.ask("POST", "/presented-payments", EDO, json=asked, headers=soon)
    told = await edges.refusal("CancelPresentedPayment", EDO, payment_id="t3")
    assert (late.json()["state"], told) == ("confirmed", "PRESENTED_PAYMENT_CONFIRMED")


async def test_a_phone_without_a_network_pays(gateway: Gateway, edges: Edges) -> None:
    await edges.rpc("PutPresentingPolicy", policy=EASY_POLICY)
    made = await edges.rpc("ProvisionOfflineCodes", offline_key_id="phone", payer_id="li-na")
    again = await edges.rpc("ProvisionOfflineCodes", offline_key_id="phone", payer_id="li-na")
    assert (again.secret, again.offline_key) == ("", made.offline_key)
    key_number = made.offline_key.key_number
    numbers = [
        number_at(b64decode(made.secret), key_number, counter, gateway.clock.now())
        for counter in range(3)
    ]
    async with answered(gateway):
        paid = [await edges.charge(number, f"t{n}") for n, number in enumerate(numbers[:2])]
    assert [state_of(one) for one in paid] == ["completed"] * 2
    await edges.rpc("RevokeOfflineCodes", offline_key_id="phone")
    fields: dict[str, Any] = {"merchant_id": "shokudo", "amount": YEN}
    for number, told in ((numbers[0], "CODE_USED"), (numbers[2], "CODE_CANCELLED")):
        asked = fields | {"payment_id": "t9", "code": number}
        assert await edges.refusal("ChargePaymentCode", EDO, **asked) == told


async def test_http_tells_what_grpc_tells(gateway: Gateway, edges: Edges) -> None:
    policy = await edges.ask("PUT", "/presenting-policy", json=EASY)
    made = await edges.ask("POST", "/payment-codes", json=CODE)
    again = await edges.ask("POST", "/payment-codes", json=CODE)
    asked = {"code": made.json()["code"], "merchant_id": "shokudo", "amount": AMOUNT}
    key = {"Idempotency-Key": "t1"}
    async with answered(gateway):
        paid = await edges.ask("POST", "/presented-payments", EDO, json=asked, headers=key)
    repeated = await edges.ask("POST", "/presented-payments", EDO, json=asked, headers=key)
    found = await edges.ask("GET", "/presented-payments/t1", EDO)
    used = await edges.ask("GET", "/payment-codes/c1")
    assert [one.status_code for one in (policy, made, again, paid, repeated, found, used)] == [
        200, 201, 201, 201, 201, 200, 200,
    ]  # fmt: skip
    assert made.json() == again.json()
    assert made.headers["location"] == "/v1/payment-codes/c1"
    assert paid.json() == repeated.json() == found.json()
    assert (paid.json()["state"], paid.json()["amount"]["display"]) == ("completed", "¥1,000")
    assert used.json()["state"] == "used"
    mine = await edges.ask("GET", f"/payments/{used.json()['payment_id']}")
    assert mine.json()["reference"] == paid.json()["reference"]
    stream = await edges.ask("GET", "/presented-payments/t1/events", EDO)
    assert '"state":"completed"' in stream.text
    assert "li-na" not in stream.text


async def test_http_provisions_revokes_and_takes_back(edges: Edges) -> None:
    asked = {"offline_key_id": "phone", "payer_id": "li-na", "code_count": 5}
    made = await edges.ask("POST", "/offline-keys", json=asked)
    again = await edges.ask("POST", "/offline-keys", json=asked)
    assert (len(b64decode(made.json()["secret"])), again.json()["secret"]) == (32, None)
    gone = [await edges.ask("DELETE", "/offline-keys/phone") for _ in range(2)]
    assert [one.status_code for one in gone] == [204, 204]
    await edges.code()
    taken = await edges.ask("POST", "/payment-codes/c1/cancel")
    assert (taken.status_code, taken.json()["state"]) == (200, "cancelled")
    policy = await edges.ask("GET", "/presenting-policy")
    assert policy.json()["confirm_above_minor_units"] == 0


async def test_refusals_are_problems_with_the_same_reasons(edges: Edges) -> None:
    await edges.code()
    asked = {"payment_id": "t1", "code": "1" + "0" * 19, "merchant_id": "shokudo", "amount": AMOUNT}
    wrong = {**CODE, "country_code": "KR", "code_id": "c2"}
    told = [
        await edges.ask("POST", "/presented-payments", EDO, json=asked),
        await edges.ask("POST", "/presented-payments", KYO, json=asked),
        await edges.ask("POST", "/presented-payments", PANDA, json=asked),
        await edges.ask("POST", "/payment-codes", json=wrong),
        await edges.ask("POST", "/payment-codes", EDO, json=CODE),
        await edges.ask("POST", "/payment-codes", json={**CODE, "payer_id": "wang"}),
    ]
    assert [problem(one) for one in told] == [
        (400, "PAYER_CODE_MALFORMED"),
        (404, "ACQUIRED_MERCHANT_UNKNOWN"),
        (403, "KIND_FORBIDDEN"),
        (422, "COUNTRY_NOT_ACCEPTED"),
        (403, "WALLET_REQUIRED"),
        (409, "PAYMENT_CODE_EXISTS_WITH_DIFFERENT_CONTENT"),
    ]


async def test_nobody_reaches_what_is_anothers(edges: Edges) -> None:
    code = await edges.code()
    await edges.rpc("ProvisionOfflineCodes", offline_key_id="phone", payer_id="li-na")
    await edges.charge(code.code)
    await edges.rpc("PutPresentingPolicy", policy=EASY_POLICY)
    asked = (
        ("GetPaymentCode", SAKURA, {"code_id": "c1"}, "PAYMENT_CODE_UNKNOWN"),
        ("CancelPaymentCode", SAKURA, {"code_id": "c1"}, "PAYMENT_CODE_UNKNOWN"),
        ("RevokeOfflineCodes", SAKURA, {"offline_key_id": "phone"}, "OFFLINE_KEY_UNKNOWN"),
        ("GetPresentedPayment", KYO, {"payment_id": "t1"}, "PRESENTED_PAYMENT_UNKNOWN"),
        ("GetPresentedPayment", PANDA, {"payment_id": "t1"}, "ACQUIRER_REQUIRED"),
        ("GetPaymentCode", EDO, {"code_id": "c1"}, "WALLET_REQUIRED"),
    )
    for method, by, fields, reason in asked:
        assert await edges.refusal(method, by, **fields) == reason
    theirs = (await edges.rpc("GetPresentingPolicy", SAKURA)).policy
    assert theirs == pb.PresentingPolicy()
    for path, by in (
        ("/payment-codes/c1", SAKURA),
        ("/presented-payments/t1", KYO),
        ("/presented-payments/t1/events", KYO),
    ):
        assert (await edges.ask("GET", path, by)).status_code == 404
    watch = pb.WatchPresentedPaymentRequest(payment_id="t1")
    with pytest.raises(grpc.aio.AioRpcError) as unknown:
        await edges.stub.WatchPresentedPayment(watch, metadata=edges.metadata(KYO)).read()
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND


async def test_what_the_acquirer_is_told_holds_nothing_of_the_payer(
    gateway: Gateway, edges: Edges
) -> None:
    await edges.rpc("PutPresentingPolicy", policy=EASY_POLICY)
    code = await edges.code()
    async with answered(gateway):
        told = str(await edges.charge(code.code))
    told += (await edges.ask("GET", "/presented-payments/t1", EDO)).text
    for secret in ("li-na", "CNY", "4771", "panda", "spread", "0.047"):
        assert secret not in told


async def test_two_acquirers_race_for_a_code_over_both_edges(edges: Edges) -> None:
    await edges.rpc("PutPresentingPolicy", policy=EASY_POLICY)
    code = await edges.code()
    body = {"code": code.code, "amount": AMOUNT}
    wait = {"headers": {"Prefer": "wait=0"}}
    answers = await asyncio.gather(
        *(
            edges.ask(
                "POST", "/presented-payments", by, **wait,
                json=body | {"merchant_id": shop, "payment_id": f"t{n}"},
            )
            for n, (by, shop) in enumerate([(EDO, "shokudo"), (KYO, "kissaten")] * 3)
        )
    )  # fmt: skip
    told = sorted(one.json().get("reason", "") for one in answers)
    assert told == ["", *["CODE_USED"] * 5]


async def test_no_message_breaks_a_call(gateway: Gateway, edges: Edges) -> None:
    dice = random.Random(5)
    code = await edges.code()
    service: Any = pb.DESCRIPTOR.services_by_name["PresentedService"]
    async with answered(gateway):
        for _ in range(MESSAGES):
            for method in service.methods:
                request: Any = any_message(GetMessageClass(method.input_type), dice)
                if method.name == "ChargePaymentCode" and dice.random() < 0.5:
                    request.code, request.merchant_id = code.code, "shokudo"
                by = dice.choice((PANDA, SAKURA, EDO, KYO))
                asked = getattr(edges.stub, method.name)(
                    request, metadata=edges.metadata(by), timeout=5.0
                )
                try:
                    await (asked.read() if method.server_streaming else asked)
                except grpc.aio.AioRpcError as error:
                    check(error, request)
                finally:
                    asked.cancel()
