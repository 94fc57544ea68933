"""WithdrawalService over gRPC: made once, listed by payer, and no message breaks it."""

import random
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass

from services.core.errors import KawaseError
from services.gateway.reference.store import put_participant
from services.pb.kawase.gateway.v1 import gateway_service_pb2
from services.pb.kawase.gateway.v1 import withdrawal_service_pb2 as pb
from services.pb.kawase.money.v1.money_pb2 import Money
from tests.rpc.gateway.access_served import House, house_of
from tests.rpc.gateway.http.asking import Bridge
from tests.rpc.gateway.http.test_other_routes import LINK
from tests.rpc.gateway.test_fuzzed_calls import any_message, check
from tests.store.gateway.payments_world import SAKURA, Gateway

SERVICE = "WithdrawalService"
MESSAGES = 40
CALL_SECONDS = 5.0


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, SAKURA)
    async with house_of(gateway, bridge=Bridge()) as made:
        await made.make_key("sakura", participant_id="sakura")
        link = gateway_service_pb2.LinkBankAccountRequest(**LINK)
        await made.pay("LinkBankAccount", link, "sakura")
        yield made


async def draw(house: House, withdrawal_id: str, minor: int = 400) -> Any:
    amount = Money(minor_units=minor, currency_code="JPY")
    request = pb.CreateWithdrawalRequest(
        withdrawal_id=withdrawal_id, bank_link_id="l1", amount=amount
    )
    return (await house.call(SERVICE, "CreateWithdrawal", request, "sakura")).withdrawal


async def test_withdrawals_are_made_once_and_listed_by_payer(house: House) -> None:
    made = [await draw(house, name) for name in ("w1", "w2", "w3")]
    assert await draw(house, "w1") == made[0]
    found: list[Any] = []
    token = ""
    while not found or token:
        request = pb.ListWithdrawalsRequest(payer_id="hanako", page_size=2, page_token=token)
        page = await house.call(SERVICE, "ListWithdrawals", request, "sakura")
        found += page.withdrawals
        token = page.next_page_token
    none = pb.ListWithdrawalsRequest(payer_id="taro")

    assert found == made
    assert not (await house.call(SERVICE, "ListWithdrawals", none, "sakura")).withdrawals
    with pytest.raises(KawaseError) as refusal:
        await draw(house, "w1", 401)
    assert refusal.value.reason == "WITHDRAWAL_EXISTS_WITH_DIFFERENT_CONTENT"


async def test_no_message_breaks_a_call_about_withdrawals(house: House) -> None:
    dice = random.Random(5)
    metadata = (("authorization", f"Bearer {house.keys['sakura']}"),)
    for method in pb.DESCRIPTOR.services_by_name[SERVICE].methods:
        for _ in range(MESSAGES):
            request = any_message(GetMessageClass(method.input_type), dice)
            ask = getattr(house.stubs[SERVICE], method.name)
            try:
                await ask(request, metadata=metadata, timeout=CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                check(error, request)
