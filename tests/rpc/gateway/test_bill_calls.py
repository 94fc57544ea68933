"""BillService over gRPC: each party's part, and what is nobody else's business."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.core.errors import Forbidden, KawaseError, Malformed, NotFound, Refused
from services.gateway.access.keys import Keys, new_api_key
from services.gateway.bills.serving.server import NAME, BillServer
from services.gateway.reference import Participant, ParticipantKind
from services.gateway.reference.store import add_api_key, put_participant
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.gateway.v1 import bill_service_pb2 as pb
from services.pb.kawase.gateway.v1 import bill_service_pb2_grpc as stubs
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1.money_pb2 import Money
from tests.rpc.gateway.payments_served import answered
from tests.store.gateway.bills_world import BILL, KYO, Bills, open_bills
from tests.store.gateway.payments_world import EDO, NOW, PANDA, Gateway

BOSS = Participant("boss", ParticipantKind.OPERATOR, "Boss")
YEN = Money(minor_units=4_980, currency_code="JPY")
GAS = pb.Biller(
    biller_id="gas", name="大阪ガス", kana_name="オオサカガス", category_code="4900", city="OSAKA",
    country_code="JP", currency_code="JPY", time_zone="Asia/Tokyo",
    reference_format=pb.ReferenceFormat(
        minimum_length=10, maximum_length=10, alphabet=pb.REFERENCE_ALPHABET_DIGITS,
        check_method=pb.CHECK_METHOD_MOD11, weights=range(2, 11),
        check_ten=pb.CHECK_TEN_LETTER_X,
    ),
)  # fmt: skip


class Callers:
    """Calls with everybody's keys."""

    def __init__(self, stub: Any, keys: dict[str, str]) -> None:
        self._stub = stub
        self._keys = keys

    async def ask(self, method: str, by: Participant, **fields: Any) -> Any:
        request = getattr(pb, f"{method}Request")(**fields)
        metadata = (("authorization", f"Bearer {self._keys[by.participant_id]}"),)
        return await call(getattr(self._stub, method)(request, metadata=metadata, timeout=20))

    async def pay(self, payment_id: str, **fields: Any) -> Any:
        given = {"payer_id": "li-na", "biller_id": "tokyo-light", "reference": BILL, "amount": YEN}
        return await self.ask("PayBill", PANDA, payment_id=payment_id, **given | fields)


@asynccontextmanager
async def bills_served(gateway: Gateway, bills: Bills) -> AsyncIterator[Callers]:
    """BillService on a port of its own."""
    keys = {}
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, BOSS)
        for participant in (PANDA, EDO, KYO, BOSS):
            key, text = new_api_key(participant.participant_id, None)
            await add_api_key(connection, key, NOW)
            keys[participant.participant_id] = text
    await gateway.board.load()
    server = RpcServer("127.0.0.1:0")
    servicer = BillServer(Keys(gateway.board, gateway.clock), bills.billers, bills.paying)
    server.add(stubs.add_BillServiceServicer_to_server, servicer, NAME)
    await server.start()
    try:
        async with open_channel(server.address) as channel:
            yield Callers(stubs.BillServiceStub(channel), keys)
    finally:
        await server.stop()


@pytest.fixture
async def callers(gateway: Gateway) -> AsyncIterator[Callers]:
    async with bills_served(gateway, await open_bills(gateway)) as made:
        yield made


async def test_a_bill_is_priced_and_paid_in_one_call(gateway: Gateway, callers: Callers) -> None:
    async with answered(gateway):
        paid = await callers.pay(
            "p1", reference="7992-739-8713", maximum=Money(minor_units=30_000, currency_code="CNY")
        )

    assert (paid.payment.state, paid.reference) == (payment_pb2.PAYMENT_STATE_COMPLETED, BILL)
    listed = await callers.ask("ListBillPayments", EDO, biller_id="tokyo-light")
    (told,) = listed.bill_payments
    assert (told.payment_reference, told.reference) == (paid.payment.reference, BILL)
    with pytest.raises(Refused) as refused:
        await callers.pay("p2")
    assert refused.value.reason == "BILL_PAID"
    assert (await callers.pay("p2", again=True)).payment.reference


async def test_an_acquirers_biller_takes_payments_once_the_operator_has_opened_it(
    callers: Callers,
) -> None:
    put = (await callers.ask("PutBiller", EDO, biller=GAS)).biller
    assert (put.acquirer_id, put.open, put.repeat_days) == ("edo", False, 90)
    assert list(put.reference_format.weights) == list(range(2, 11))
    bill = {"biller_id": "gas", "reference": "080442957x"}
    with pytest.raises(NotFound):
        await callers.pay("p1", **bill)

    terms = {"biller_id": "gas", "open": True, "fee_plan_id": "jp-shop"}
    assert (await callers.ask("OpenBiller", BOSS, **terms)).biller.open

    found = await callers.ask("ListBillers", PANDA, query="ｵｵｻｶ")
    assert [(one.biller_id, one.fee_plan_id) for one in found.billers] == [("gas", "")]
    checked = await callers.ask("CheckBill", PANDA, **bill, amount=YEN)
    quoted = await callers.pay("p1", **bill)
    assert (checked.payable, checked.reference) == (True, "080442957X")
    assert quoted.reference == "080442957X"
    assert checked.price.home == quoted.payment.home


async def test_findings_name_the_place_of_what_is_wrong(callers: Callers) -> None:
    checked = await callers.ask(
        "CheckBill", PANDA, biller_id="tokyo-light", reference="79927398712", amount=YEN
    )

    assert not checked.payable
    (finding,) = checked.findings
    assert (finding.code, finding.position) == ("CHECK_DIGIT_WRONG", 11)
    assert not checked.HasField("price")
    with pytest.raises(Malformed) as refused:
        await callers.pay("p1", reference="79927398712")
    assert refused.value.reason == "BILL_REFUSED"


async def test_nobody_does_anothers_part(callers: Callers) -> None:
    stolen = pb.Biller()
    stolen.CopyFrom(GAS)
    stolen.biller_id = "tokyo-light"
    slip = {"biller_id": "tokyo-light", "reference": BILL}
    for method, by, fields, status in (
        ("PutBiller", PANDA, {"biller": GAS}, Forbidden),
        ("PutBiller", BOSS, {"biller": GAS}, Forbidden),
        ("PutBiller", KYO, {"biller": stolen}, KawaseError),
        ("OpenBiller", EDO, {"biller_id": "tokyo-light"}, Forbidden),
        ("OpenBiller", PANDA, {"biller_id": "tokyo-light"}, Forbidden),
        ("CheckBill", EDO, slip, Forbidden),
        ("PayBill", EDO, slip | {"payment_id": "p1", "payer_id": "x"}, Forbidden),
        ("ListBillPayments", KYO, {"biller_id": "tokyo-light"}, NotFound),
        ("ListBillPayments", PANDA, {"biller_id": "tokyo-light"}, NotFound),
    ):
        with pytest.raises(status):
            await callers.ask(method, by, **fields)

    assert not (await callers.ask("ListBillers", KYO)).billers
    assert (await callers.ask("ListBillers", BOSS)).billers[0].fee_plan_id == "jp-shop"


async def test_the_directory_and_payments_come_in_pages(gateway: Gateway, callers: Callers) -> None:
    await callers.ask("PutBiller", EDO, biller=GAS)
    first = await callers.ask("ListBillers", EDO, page_size=1)
    second = await callers.ask("ListBillers", EDO, page_size=1, page_token=first.next_page_token)
    assert [first.billers[0].biller_id, second.billers[0].biller_id] == ["gas", "tokyo-light"]

    maximum = Money(minor_units=30_000, currency_code="CNY")
    async with answered(gateway):
        await callers.pay("p1", maximum=maximum)
        await callers.pay("p2", maximum=maximum, reference="49927398716")
    newest = await callers.ask("ListBillPayments", EDO, biller_id="tokyo-light", page_size=1)
    oldest = await callers.ask(
        "ListBillPayments", EDO, biller_id="tokyo-light", page_size=1,
        page_token=newest.next_page_token,
    )  # fmt: skip
    assert [newest.bill_payments[0].reference, oldest.bill_payments[0].reference] == [
        "49927398716", BILL,
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "\x00", "é", "x" * 5_000, "../", "7992739871३"])
async def test_any_text_is_answered_with_a_reason(callers: Callers, text: str) -> None:
    for method, by, fields in (
        ("PutBiller", EDO, {"biller": pb.Biller(biller_id=text, name=text)}),
        ("OpenBiller", BOSS, {"biller_id": text, "open": True, "fee_plan_id": text}),
        ("CheckBill", PANDA, {"biller_id": text, "reference": text}),
        ("PayBill", PANDA, {"payment_id": "p", "biller_id": "tokyo-light", "reference": text}),
        ("ListBillPayments", EDO, {"biller_id": text, "reference": text}),
        ("ListBillers", EDO, {"query": text, "page_token": text, "country_code": text}),
    ):
        reason = ""
        try:
            await callers.ask(method, by, **fields)
        except KawaseError as refusal:
            reason = refusal.reason
        assert reason not in ("INTERNAL", "UNKNOWN"), method
