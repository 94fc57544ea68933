"""Cases and disputes over gRPC, as an operator sees and decides them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from services.core.errors import Refused
from services.gateway.access.keys import Keys
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.gateway.v1 import admin_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.gateway.v1.admin_service_pb2_grpc import (
    AdminServiceStub,
    add_AdminServiceServicer_to_server,
)
from services.sandbox.demo.codes import SHANGHAI_TAXI
from tests.rpc.gateway.access_served import admin_of
from tests.store.gateway.payments_world import KAKAO, Gateway
from tests.store.gateway.resources_world import (
    World,
    funds,
    gave_back,
    kept,
    link_of,
    opened,
)

CALL_SECONDS = 10.0
KEY = "an-operator-key-by-setting"


class Operator:
    """Calls with an operator's key."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub

    async def call(self, method: str, request: object) -> Any:
        metadata = [("authorization", f"Bearer {KEY}")]
        answer = getattr(self._stub, method)(request, metadata=metadata, timeout=CALL_SECONDS)
        return await call(answer)


@pytest.fixture
async def operator(gateway: Gateway) -> AsyncIterator[Operator]:
    server = RpcServer("127.0.0.1:0")
    keys = Keys(gateway.board, gateway.clock, SecretStr(KEY))
    admin = admin_of(gateway, keys)
    server.add(add_AdminServiceServicer_to_server, admin, "kawase.gateway.v1.AdminService")
    await server.start()
    async with open_channel(server.address) as channel:
        yield Operator(AdminServiceStub(channel))
    await server.stop()


async def test_a_case_is_listed_and_resolved_by_who_says_why(
    gateway: Gateway, operator: Operator
) -> None:
    world = World(gateway)
    payment = await world.paid("p1", KAKAO, SHANGHAI_TAXI)
    refund = await world.refund("r1", "p1", 100, KAKAO, "CNY")
    link = link_of(refund)
    await world.hear(funds(link, "reserved"), gave_back(refund), kept(refund, "collect"))

    [case] = (await operator.call("ListCases", pb.ListCasesRequest())).cases
    assert (case.resource_id, case.step, case.reason) == (link, "collect", "REFUND_WINDOW_OVER")
    assert case.payment_reference == payment.terms.reference
    assert (case.participant_id, case.partner_id) == ("kakao", "kakao-online")
    request = pb.ResolveCaseRequest(
        resource_id=link,
        resolution=pb.CASE_RESOLUTION_SETTLED,
        operator="mei",
        reason="the wallet paid by hand",
    )
    resolved = await operator.call("ResolveCase", request)
    assert resolved.case.step == "post"
    assert await operator.call("ResolveCase", request) == resolved
    assert not (await operator.call("ListCases", pb.ListCasesRequest())).cases


async def test_a_dispute_is_listed_with_its_deadline_and_answered(
    gateway: Gateway, operator: Operator
) -> None:
    world = World(gateway)
    payment = await world.paid("p1", KAKAO)
    await world.hear(opened(payment, 4_000))

    request = pb.ListDisputesRequest(open_only=True)
    [dispute] = (await operator.call("ListDisputes", request)).disputes
    assert (dispute.dispute_id, dispute.payment_id) == ("d1", "p1")
    assert dispute.state == payment_pb2.DISPUTE_STATE_OPEN
    assert dispute.amount.minor_units == 4_000
    assert dispute.answer_until_time.seconds > dispute.create_time.seconds
    answer = pb.AnswerDisputeRequest(dispute_id="d1", evidence="The receipt.", operator="mei")
    answered = await operator.call("AnswerDispute", answer)
    assert answered.dispute.state == payment_pb2.DISPUTE_STATE_ANSWERED
    resolving = pb.ResolveCaseRequest(
        resource_id=f"dispute-{await gateway.pool.fetchval('SELECT reference FROM disputes')}",
        resolution=pb.CASE_RESOLUTION_WRITE_OFF,
        operator="mei",
        reason="too early",
    )
    with pytest.raises(Refused) as refusal:
        await operator.call("ResolveCase", resolving)
    assert refusal.value.reason == "CASE_NOT_OPEN"
