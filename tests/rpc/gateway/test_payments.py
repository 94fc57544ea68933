"""Payments over gRPC: what a wallet sees of each call, and of a session for volume."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import grpc
import pytest

from services.core.clock import ManualClock
from services.core.errors import (
    Conflict,
    Forbidden,
    Malformed,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from services.gateway.payments.waiters import PaymentTail
from services.kit.kafka import Record, Topics
from services.kit.rpc import call
from services.pb.kawase.bridge.v1.bridge_message_pb2 import PartnerEvent
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1.money_pb2 import Money
from services.sandbox.demo.codes import SHANGHAI_TAXI, TOKYO_DYNAMIC, TOKYO_STATIC, WRONG_CHECKSUM
from tests.conftest import Database
from tests.parts import running_units
from tests.rpc.gateway.payments_served import Wallets, answered, served
from tests.store.gateway.payments_world import EDO, PANDA, SAKURA, Gateway, posted, reserved

QUOTED = payment_pb2.PAYMENT_STATE_QUOTED
CONFIRMED = payment_pb2.PAYMENT_STATE_CONFIRMED
COMPLETED = payment_pb2.PAYMENT_STATE_COMPLETED
CANCELLED = payment_pb2.PAYMENT_STATE_CANCELLED


def create(payment_id: str, code: str = TOKYO_DYNAMIC, yen: int = 0) -> pb.CreatePaymentRequest:
    request = pb.CreatePaymentRequest(payment_id=payment_id, payer_id="li-na", code=code)
    if yen:
        request.amount.CopyFrom(Money(minor_units=yen, currency_code="JPY"))
    return request


def confirm(payment_id: str) -> pb.ConfirmPaymentRequest:
    return pb.ConfirmPaymentRequest(payment_id=payment_id)


@pytest.fixture
async def wallets(gateway: Gateway) -> AsyncIterator[Wallets]:
    async with served(gateway) as calling:
        yield calling


async def test_a_confirm_answers_with_the_end_of_the_payment(
    gateway: Gateway, wallets: Wallets
) -> None:
    made = (await wallets.call("CreatePayment", create("p1"))).payment
    assert (made.state, made.target.minor_units, made.home.minor_units) == (QUOTED, 1_200, 5_725)
    async with answered(gateway):
        paid = (await wallets.call("ConfirmPayment", confirm("p1"))).payment
    assert (paid.state, paid.reference) == (COMPLETED, made.reference)

    found = await wallets.call("GetPayment", pb.GetPaymentRequest(payment_id="p1"))
    steps = [move.step for move in found.moves]
    assert steps[:3] == ["quote", "reserve", "post"]
    assert [move.number for move in found.moves] == list(range(1, len(steps) + 1))


async def test_a_confirm_past_its_deadline_answers_with_the_state_so_far(wallets: Wallets) -> None:
    await wallets.call("CreatePayment", create("p1"))
    answer = await wallets.call("ConfirmPayment", confirm("p1"), seconds=1.0)
    assert answer.payment.state == CONFIRMED


async def test_a_refund_past_its_deadline_answers_with_the_state_so_far(
    gateway: Gateway, wallets: Wallets
) -> None:
    await wallets.call("CreatePayment", create("p1"))
    async with answered(gateway):
        await wallets.call("ConfirmPayment", confirm("p1"))
    request = pb.CreateRefundRequest(refund_id="r1", payment_id="p1")
    refund = (await wallets.call("CreateRefund", request, seconds=1.0)).refund
    assert refund.state == payment_pb2.REFUND_STATE_PENDING


async def test_refusals_carry_their_reason(wallets: Wallets) -> None:
    with pytest.raises(Malformed) as code:
        await wallets.call("CreatePayment", create("p1", WRONG_CHECKSUM))
    assert (code.value.reason, code.value.metadata["findings"]) == ("CODE_REFUSED", "CRC_MISMATCH")
    with pytest.raises(Malformed) as amount:
        await wallets.call("CreatePayment", create("p1", TOKYO_STATIC))
    assert amount.value.reason == "AMOUNT_REQUIRED"
    await wallets.call("CreatePayment", create("p1"))
    with pytest.raises(Conflict):
        await wallets.call("CreatePayment", create("p1", TOKYO_STATIC, 5))
    with pytest.raises(NotFound):
        await wallets.call("ConfirmPayment", confirm("p2"))


async def test_a_payment_through_an_unavailable_partner_is_refused_before_anything_is_reserved(
    gateway: Gateway, wallets: Wallets
) -> None:
    request = create("p1", SHANGHAI_TAXI)
    await wallets.call("CreatePayment", request, by=SAKURA)
    gateway.availability.read([partner_change(1, available=False)])
    with pytest.raises(Unavailable) as confirmed:
        await wallets.call("ConfirmPayment", confirm("p1"), by=SAKURA)
    request.payment_id = "p2"
    with pytest.raises(Unavailable) as created:
        await wallets.call("CreatePayment", request, by=SAKURA)
    for refusal in (confirmed.value, created.value):
        assert refusal.reason == "CORRIDOR_UNAVAILABLE"
        assert refusal.metadata["partner_id"] == "shanghai"
    found = await wallets.call("GetPayment", pb.GetPaymentRequest(payment_id="p1"), by=SAKURA)
    assert found.payment.state == QUOTED
    # Payments that do not need the partner go on.
    await wallets.call("CreatePayment", create("p3"), by=SAKURA)
    gateway.availability.read([partner_change(2, available=True)])
    async with answered(gateway):
        paid = (await wallets.call("ConfirmPayment", confirm("p1"), by=SAKURA)).payment
    assert paid.state == COMPLETED


def partner_change(version: int, available: bool) -> Record:
    """What the bridge says of the partner in Shanghai."""
    event = PartnerEvent(partner_id="shanghai")
    event.partner_availability_changed.available = available
    event.partner_availability_changed.version = version
    return Record("bridge.partner", 0, version, "shanghai", "", "", event.SerializeToString())


async def test_an_id_of_a_wrong_shape_reaches_no_batch(wallets: Wallets) -> None:
    await wallets.call("CreatePayment", create("p1"))
    for method, request in (
        ("GetPayment", pb.GetPaymentRequest(payment_id="a\x00")),
        ("ConfirmPayment", confirm("a\x00")),
        ("CancelPayment", pb.CancelPaymentRequest(payment_id="a\x00")),
        ("GetRefund", pb.GetRefundRequest(refund_id="a\x00")),
        ("GetTopUp", pb.GetTopUpRequest(top_up_id="a\x00")),
    ):
        with pytest.raises(Malformed) as refusal:
            await wallets.call(method, request)
        assert refusal.value.reason == "ID_MALFORMED"
    note = pb.CreateRefundRequest(refund_id="r1", payment_id="p1", reason="\x00")
    with pytest.raises(Malformed) as unreadable:
        await wallets.call("CreateRefund", note)
    assert unreadable.value.reason == "NOTE_UNREADABLE"


async def test_a_foreign_participant_sees_nothing(wallets: Wallets) -> None:
    await wallets.call("CreatePayment", create("p1"))
    get = pb.GetPaymentRequest(payment_id="p1")
    for method, request in (("GetPayment", get), ("ConfirmPayment", confirm("p1"))):
        with pytest.raises(NotFound) as refusal:
            await wallets.call(method, request, by=SAKURA)
        assert refusal.value.reason == "PAYMENT_UNKNOWN"
    listed = await wallets.call("ListPayments", pb.ListPaymentsRequest(), by=SAKURA)
    assert list(listed.payments) == []
    with pytest.raises(Forbidden):
        await wallets.call("CreatePayment", create("p2"), by=EDO)
    with pytest.raises(Unauthenticated):
        await call(wallets.stub.GetPayment(get, timeout=5))


async def test_a_list_has_pages_in_the_order_of_the_caller_s_ids(wallets: Wallets) -> None:
    for number in range(5):
        await wallets.call("CreatePayment", create(f"p{number}"))
    await wallets.call("CancelPayment", pb.CancelPaymentRequest(payment_id="p3"))
    ids, token = [], ""
    for _ in range(3):
        request = pb.ListPaymentsRequest(page_size=2, page_token=token)
        page = await wallets.call("ListPayments", request)
        ids.append([payment.payment_id for payment in page.payments])
        token = page.next_page_token
    assert ids == [["p0", "p1"], ["p2", "p3"], ["p4"]]
    assert token == ""
    found = await wallets.call("ListPayments", pb.ListPaymentsRequest(state=CANCELLED))
    assert [payment.payment_id for payment in found.payments] == ["p3"]
    with pytest.raises(Malformed):
        await wallets.call("ListPayments", pb.ListPaymentsRequest(page_token="é"))


async def test_a_watcher_sees_each_state_until_the_end(gateway: Gateway, wallets: Wallets) -> None:
    made = (await wallets.call("CreatePayment", create("p1"))).payment
    watched = wallets.stub.WatchPayment(
        pb.WatchPaymentRequest(payment_id="p1"), metadata=wallets.credentials(PANDA), timeout=20
    )
    states = [(await watched.read()).payment.state]
    async with answered(gateway):
        await wallets.call("ConfirmPayment", confirm("p1"))
        while (answer := await watched.read()) != grpc.aio.EOF:
            states.append(answer.payment.state)
    assert made.reference
    assert states[0] == QUOTED
    assert states[-1] == COMPLETED


async def test_decode_tells_what_a_code_says(wallets: Wallets) -> None:
    said = await wallets.call("DecodeCode", pb.DecodeCodeRequest(code=TOKYO_DYNAMIC))
    assert (said.valid, said.scheme, said.amount.minor_units) == (True, "jpqr", 1_200)
    wrong = await wallets.call("DecodeCode", pb.DecodeCodeRequest(code=WRONG_CHECKSUM))
    assert (wrong.valid, [finding.code for finding in wrong.findings]) == (False, ["CRC_MISMATCH"])


async def test_a_session_answers_every_operation_once(gateway: Gateway, wallets: Wallets) -> None:
    session = wallets.stub.PaySession(metadata=wallets.credentials(SAKURA), timeout=30)
    count = 1_500
    ids = [f"p{number}" for number in range(count)]
    ended: dict[str, int] = {}

    async def pay() -> None:
        for start in range(0, count, 500):
            operations = [
                pb.PayOperation(create=create(one, SHANGHAI_TAXI))
                for one in ids[start : start + 500]
            ]
            await session.write(pb.PaySessionRequest(operations=operations))

    async with answered(gateway):
        writing = asyncio.create_task(pay())
        while len(ended) < count:
            answer = await session.read()
            created = []
            for result in answer.results:
                assert result.WhichOneof("result") == "payment"
                if result.kind == pb.PAY_OPERATION_KIND_CREATE:
                    created.append(pb.PayOperation(confirm=confirm(result.payment_id)))
                else:
                    assert result.payment_id not in ended
                    ended[result.payment_id] = result.payment.state
            if created:
                await session.write(pb.PaySessionRequest(operations=created))
        await writing
        await session.done_writing()
        assert await session.read() == grpc.aio.EOF
    assert set(ended.values()) == {COMPLETED}
    assert set(ended) == set(ids)


async def test_a_session_refuses_one_operation_and_goes_on(wallets: Wallets) -> None:
    session = wallets.stub.PaySession(metadata=wallets.credentials(PANDA), timeout=20)
    operations = [
        pb.PayOperation(create=create("bad id")),
        pb.PayOperation(create=create("p1", WRONG_CHECKSUM)),
        pb.PayOperation(confirm=confirm("p2")),
        pb.PayOperation(),
        pb.PayOperation(create=create("p3")),
    ]
    await session.write(pb.PaySessionRequest(operations=operations))
    await session.done_writing()
    results = [result async for answer in session for result in answer.results]
    reasons = {result.payment_id: result.error.reason for result in results}
    assert reasons == {
        "bad id": "ID_MALFORMED",
        "p1": "CODE_REFUSED",
        "p2": "PAYMENT_UNKNOWN",
        "": "OPERATION_MISSING",
        "p3": "",
    }


async def test_a_session_s_message_has_a_limit(wallets: Wallets) -> None:
    session = wallets.stub.PaySession(metadata=wallets.credentials(PANDA), timeout=20)
    operations = [pb.PayOperation(confirm=confirm("p1"))] * 1_001
    await session.write(pb.PaySessionRequest(operations=operations))
    with pytest.raises(Malformed) as refusal:
        await call(_all(session))
    assert refusal.value.reason == "TOO_MANY_OPERATIONS"


async def _all(session: "AsyncIterator[pb.PaySessionResponse]") -> list[pb.PaySessionResponse]:
    return [answer async for answer in session]


async def test_the_answer_finds_a_caller_who_waits_at_another_gateway(
    pool: asyncpg.Pool, clock: ManualClock, database: Database, topics: Topics
) -> None:
    waiting, working = Gateway(pool, clock), Gateway(pool, clock)
    async with running_units("gateway", database, topics) as units:
        working.units = units
        tail = PaymentTail(topics, waiting.waiters)
        tailing = asyncio.create_task(tail.run())
        await asyncio.wait_for(tail.ready.wait(), 15)
        payment = await waiting.create("p1")
        asked = await waiting.confirm("p1")
        await working.hear(reserved(payment))
        await working.hear(posted(payment))
        assert asked.waiting is not None
        assert (await asyncio.wait_for(asked.waiting, 15)).state == COMPLETED
        tailing.cancel()
        await asyncio.wait([tailing])
