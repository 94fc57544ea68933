"""PersonalService over gRPC: a busker's code from the phone to the receipt."""

import io
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass

from services.codes.images import read_image
from services.core.errors import Forbidden, KawaseError, LimitReached, Malformed, NotFound, Refused
from services.gateway.access.keys import Keys
from services.gateway.personal.serving.process import personal_calls
from services.gateway.personal.serving.server import NAME, PersonalServer
from services.gateway.reference import Participant
from services.gateway.server import GatewayServer
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as drawing
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pay
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc, payment_pb2
from services.pb.kawase.gateway.v1 import personal_service_pb2 as pb
from services.pb.kawase.gateway.v1 import personal_service_pb2_grpc as stubs
from services.pb.kawase.money.v1.money_pb2 import Money
from tests.rpc.gateway.payments_served import answered, calls_of, keys_known
from tests.rpc.gateway.test_fuzzed_calls import any_message, check
from tests.store.gateway.payments_world import EDO, PANDA, SAKURA, Gateway
from tests.store.gateway.personal_world import DAY, open_persons

MESSAGES = 60
MOST = Money(minor_units=10**6, currency_code="CNY")


@dataclass
class Callers:
    """Calls with everybody's keys."""

    persons: Any
    payments: Any
    keys: dict[str, str]
    address: str

    def credentials(self, by: Participant) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.keys[by.participant_id]}"),)

    async def ask(self, method: str, by: Participant = SAKURA, **fields: Any) -> Any:
        request = getattr(pb, f"{method}Request")(**fields)
        ask = getattr(self.persons, method)
        return await call(ask(request, metadata=self.credentials(by), timeout=20))

    async def code(self, code_id: str = "case", **fields: Any) -> pb.PersonalCode:
        given = fields or {"payer_id": "hanako", "display_name": "Hanako"}
        made = await self.ask("CreatePersonalCode", code_id=code_id, **given)
        code: pb.PersonalCode = made.personal_code
        return code

    async def pay(self, payment_id: str, code: str, minor: int = 1_000) -> Any:
        request = pay.PayRequest(
            payment_id=payment_id, payer_id="li-na", code=code, maximum=MOST,
            amount=Money(minor_units=minor, currency_code="JPY"),
        )  # fmt: skip
        asked = self.payments.Pay(request, metadata=self.credentials(PANDA), timeout=20)
        return (await call(asked)).payment


@asynccontextmanager
async def persons_served(gateway: Gateway) -> AsyncIterator[Callers]:
    """PersonalService and GatewayService on a port of their own."""
    await open_persons(gateway)
    held = keys_known(gateway)
    keys = Keys(gateway.board, gateway.clock)
    server = RpcServer("127.0.0.1:0")
    calls = personal_calls(gateway.units, gateway.board, gateway.clock)
    server.add(stubs.add_PersonalServiceServicer_to_server, PersonalServer(keys, calls), NAME)
    server.add(
        gateway_service_pb2_grpc.add_GatewayServiceServicer_to_server,
        GatewayServer(keys, calls_of(gateway)),
        "kawase.gateway.v1.GatewayService",
    )
    await server.start()
    try:
        async with open_channel(server.address) as channel:
            payments = gateway_service_pb2_grpc.GatewayServiceStub(channel)
            yield Callers(stubs.PersonalServiceStub(channel), payments, held, server.address)
    finally:
        await server.stop()


@pytest.fixture
async def callers(gateway: Gateway) -> AsyncIterator[Callers]:
    async with persons_served(gateway) as made:
        yield made


async def test_what_is_paid_by_a_printed_code_is_on_the_persons_list(
    gateway: Gateway, callers: Callers
) -> None:
    await callers.code()
    picture = await callers.ask(
        "DrawPersonalCode", code_id="case", format=drawing.DRAWING_FORMAT_PNG
    )
    (scanned,) = read_image(io.BytesIO(picture.drawing.content).getvalue())

    async with answered(gateway):
        paid = await callers.pay("p1", scanned)

    assert paid.state == payment_pb2.PAYMENT_STATE_COMPLETED
    assert (paid.merchant.name, paid.merchant.city) == ("Hanako", "")
    assert "hanako" not in str(paid)
    listed = await callers.ask("ListPersonalReceipts", payer_id="hanako")
    (receipt,) = listed.personal_receipts
    assert (receipt.reference, receipt.code_id) == (paid.reference, "case")
    assert receipt.amount.minor_units == 1_000
    assert not receipt.HasField("refunded")
    assert "li-na" not in str(listed)
    async with answered(gateway):
        await callers.pay("p2", scanned, DAY - 2_500)
    with pytest.raises(LimitReached) as refusal:
        await callers.pay("p3", scanned, 2_000)
    assert refusal.value.reason == "RECEIVER_LIMIT_REACHED"


async def test_a_real_name_is_masked_and_a_chosen_one_is_shown(callers: Callers) -> None:
    real = await callers.code("real", payer_id="hanako", real_name="Yamada  Hanako")
    chosen = await callers.code("chosen", payer_id="hanako", display_name="花子の三味線")

    assert (real.shown_name, chosen.shown_name) == ("Y*** H***", "花子の三味線")
    assert "5909Y*** H***" in real.code
    assert "5906PERSON" in chosen.code
    for fields in (
        {},
        {"display_name": "a\u202eb"},
        {"display_name": "x" * 26},
        {"real_name": " "},
    ):
        with pytest.raises(Malformed):
            await callers.code("none", payer_id="hanako", **fields)


async def test_a_sheet_with_the_name_is_drawn_for_who_wants_to_hang_it_up(
    callers: Callers,
) -> None:
    await callers.code()
    for wanted, kind, start in (
        (drawing.DRAWING_FORMAT_SVG, "image/svg+xml", b"<?xml"),
        (drawing.DRAWING_FORMAT_SHEET, "application/pdf", b"%PDF"),
    ):
        drawn = (await callers.ask("DrawPersonalCode", code_id="case", format=wanted)).drawing
        assert drawn.content_type == kind
        assert drawn.content.startswith(start)


async def test_a_revoked_code_is_listed_and_pays_nothing(callers: Callers) -> None:
    made = [await callers.code(f"code-{number}") for number in range(3)]
    revoked = await callers.ask("RevokePersonalCode", code_id="code-1")

    assert revoked.personal_code.HasField("revoke_time")
    with pytest.raises(Refused) as refusal:
        await callers.pay("p1", made[1].code)
    assert refusal.value.reason == "PERSONAL_CODE_REVOKED"
    first = await callers.ask("ListPersonalCodes", page_size=2)
    rest = await callers.ask("ListPersonalCodes", page_token=first.next_page_token)
    listed = [*first.personal_codes, *rest.personal_codes]
    assert [one.code_id for one in listed] == ["code-0", "code-1", "code-2"]
    assert [one.HasField("revoke_time") for one in listed] == [False, True, False]
    with pytest.raises(NotFound):
        await callers.ask("GetPersonalCode", code_id="code-9")


async def test_only_hosted_wallets_call(callers: Callers) -> None:
    for by in (PANDA, EDO):
        with pytest.raises(Forbidden):
            await callers.ask(
                "CreatePersonalCode", by, code_id="c", payer_id="li-na", display_name="Li"
            )


async def test_no_message_breaks_a_call_about_persons(callers: Callers) -> None:
    dice = random.Random(5)
    await callers.code("p1")
    for method in pb.DESCRIPTOR.services_by_name["PersonalService"].methods:
        for _ in range(MESSAGES):
            request = any_message(GetMessageClass(method.input_type), dice)
            try:
                await getattr(callers.persons, method.name)(
                    request, metadata=callers.credentials(SAKURA), timeout=20
                )
            except grpc.aio.AioRpcError as error:
                check(error, request)


async def test_a_stranger_s_id_of_a_code_tells_nothing(callers: Callers) -> None:
    await callers.code()
    with pytest.raises(KawaseError) as refusal:
        await callers.ask("GetPersonalCode", PANDA, code_id="case")

    assert refusal.value.reason == "PERSONAL_CODE_UNKNOWN"
