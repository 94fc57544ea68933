"""The Python client against a gateway: every method, what is refused, what is repeated."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from grpc_status import rpc_status

from services.core.errors import KawaseError
from services.gateway.access.refusals import RateLimited
from services.kit.rpc import RpcServer, error_status
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc as stubs
from services.pb.kawase.gateway.v1 import payment_pb2
from services.sandbox.demo.codes import TOKYO_DYNAMIC, TOKYO_STATIC
from services.sdk import (
    AnswerOverdue,
    LimitReached,
    Malformed,
    Money,
    NotFound,
    Payment,
    PaymentState,
    RefundState,
    Refused,
    Retry,
    Unauthenticated,
    Unavailable,
    WalletClient,
)
from tests.rpc.gateway.payments_served import Wallets, answered, served
from tests.store.gateway.payments_world import PANDA, Gateway

SOON = Retry(attempts=3, first_seconds=0.001, longest_seconds=0.002)
MAXIMUM = Money(6_000, "CNY")


@pytest.fixture
async def wallets(gateway: Gateway) -> AsyncIterator[Wallets]:
    async with served(gateway) as calling:
        yield calling


@pytest.fixture
async def kawase(wallets: Wallets) -> AsyncIterator[WalletClient]:
    async with WalletClient(wallets.address, wallets.key_of(PANDA), retry=SOON) as client:
        yield client


async def test_a_code_is_paid_in_one_call_and_partly_given_back(
    gateway: Gateway, kawase: WalletClient
) -> None:
    async with answered(gateway):
        paid = await kawase.pay("p1", "li-na", TOKYO_DYNAMIC, MAXIMUM)
    assert (paid.state, paid.target) == (PaymentState.COMPLETED, Money(1_200, "JPY"))
    assert (paid.home, paid.merchant.country_code) == (Money(5_725, "CNY"), "JP")
    refund = await kawase.refund("r1", "p1", Money(200, "JPY"), "too salty")
    assert (refund.state, refund.target) == (RefundState.PENDING, Money(200, "JPY"))
    assert (await kawase.get_refund("r1")).reference == refund.reference


async def test_a_quote_is_confirmed_or_given_up(gateway: Gateway, kawase: WalletClient) -> None:
    quote = await kawase.quote("p1", "li-na", TOKYO_STATIC, Money(1_000, "JPY"))
    assert (quote.state, quote.is_final) == (PaymentState.QUOTED, False)
    async with answered(gateway):
        assert (await kawase.confirm("p1")).is_final
    await kawase.quote("p2", "li-na", TOKYO_DYNAMIC)
    assert (await kawase.cancel("p2")).state is PaymentState.CANCELLED
    with pytest.raises(Refused) as refusal:
        await kawase.confirm("p2")
    assert refusal.value.reason == "PAYMENT_CANCELLED"


async def test_a_list_goes_on_over_its_pages(kawase: WalletClient) -> None:
    for number in range(101):
        await kawase.quote(f"p{number:03}", "li-na", TOKYO_DYNAMIC)
    await kawase.cancel("p007")
    assert len([payment async for payment in kawase.list()]) == 101
    cancelled = [payment.payment_id async for payment in kawase.list(PaymentState.CANCELLED)]
    assert cancelled == ["p007"]


async def test_refusals_are_typed_and_have_their_reason(
    wallets: Wallets, kawase: WalletClient
) -> None:
    with pytest.raises(NotFound) as unknown:
        await kawase.get("p1")
    assert unknown.value.metadata == {"payment_id": "p1"}
    with pytest.raises(Refused) as above:
        await kawase.pay("p1", "li-na", TOKYO_DYNAMIC, Money(1, "CNY"))
    assert above.value.reason == "PRICE_ABOVE_MAXIMUM"
    with pytest.raises(Malformed):
        await kawase.quote("p 1", "li-na", TOKYO_DYNAMIC)
    async with WalletClient(wallets.address, "kw_of_nobody") as stranger:
        with pytest.raises(Unauthenticated):
            await stranger.get("p1")


async def test_a_watcher_is_told_each_state_once(gateway: Gateway, kawase: WalletClient) -> None:
    await kawase.quote("p1", "li-na", TOKYO_DYNAMIC)
    states = []
    async with answered(gateway):
        async for payment in kawase.watch("p1"):
            states.append(payment.state)
            if payment.state is PaymentState.QUOTED:
                await kawase.confirm("p1")
    assert (states[0], states[-1]) == (PaymentState.QUOTED, PaymentState.COMPLETED)
    assert len(states) == len(set(states))
    with pytest.raises(NotFound):
        await anext(kawase.watch("p2"))


async def test_a_watch_that_sees_no_end_ends_in_time(kawase: WalletClient) -> None:
    await kawase.quote("p1", "li-na", TOKYO_DYNAMIC)
    watched = kawase.watch("p1", seconds=0.5)
    assert (await anext(watched)).state is PaymentState.QUOTED
    with pytest.raises(AnswerOverdue):
        await anext(watched)


Answer = Callable[[Any, Any], Awaitable[Any]]


class Faulty(stubs.GatewayServiceServicer):
    """Answers each call as the next of `plan` says: with a status or error, or well."""

    def __init__(self, plan: list[Any]) -> None:
        self.plan = plan
        self.asked: list[str] = []

    async def ConfirmPayment(self, request: Any, context: Any) -> pb.ConfirmPaymentResponse:
        self.asked.append(request.payment_id)
        return pb.ConfirmPaymentResponse(payment=await self._next(request, context))

    async def WatchPayment(
        self, request: Any, context: Any
    ) -> AsyncIterator[pb.WatchPaymentResponse]:
        self.asked.append(request.payment_id)
        while self.plan:
            yield pb.WatchPaymentResponse(payment=await self._next(request, context))

    async def _next(self, request: Any, context: Any) -> payment_pb2.Payment:
        following = self.plan.pop(0)
        if isinstance(following, KawaseError):
            await context.abort_with_status(rpc_status.to_status(error_status(following)))
        if isinstance(following, grpc.StatusCode):
            await context.abort(following, "by plan")
            raise AssertionError("abort returns never")
        return payment_pb2.Payment(payment_id=request.payment_id, state=following, mid="1")


AWAY, BROKEN = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL
LOST = grpc.StatusCode.ABORTED
CONFIRMED, COMPLETED = (
    payment_pb2.PAYMENT_STATE_CONFIRMED,
    payment_pb2.PAYMENT_STATE_COMPLETED,
)
Opened = Callable[..., Awaitable[tuple[Faulty, WalletClient]]]


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    """Serves a plan of faults, and gives the client that meets them."""
    servers, clients = [], []

    async def open_one(*plan: Any) -> tuple[Faulty, WalletClient]:
        faulty = Faulty(list(plan))  # type: ignore[abstract]
        server = RpcServer("127.0.0.1:0")
        server.add(
            stubs.add_GatewayServiceServicer_to_server, faulty, "kawase.gateway.v1.GatewayService"
        )
        await server.start()
        servers.append(server)
        client = await WalletClient(server.address, "key", seconds=10, retry=SOON).__aenter__()
        clients.append(client)
        return faulty, client

    yield open_one
    for client in clients:
        await client.__aexit__(None, None, None)
    for server in servers:
        await server.stop()


async def test_a_call_is_repeated_with_the_same_id_while_the_gateway_is_away(
    opened: Opened,
) -> None:
    faulty, kawase = await opened(AWAY, LOST, COMPLETED)
    assert (await kawase.confirm("p1")).state is PaymentState.COMPLETED
    assert faulty.asked == ["p1"] * 3


async def test_who_called_too_often_calls_again_when_there_is_room(opened: Opened) -> None:
    faulty, kawase = await opened(RateLimited("payments", 10, 0.01), COMPLETED)
    assert (await kawase.confirm("p1")).state is PaymentState.COMPLETED
    assert faulty.asked == ["p1"] * 2


async def test_a_rest_that_is_longer_than_the_time_left_is_not_waited_for(opened: Opened) -> None:
    faulty, kawase = await opened(RateLimited("payments", 10, 60.0), COMPLETED)
    with pytest.raises(LimitReached) as limited:
        await kawase.confirm("p1")
    assert (limited.value.reason, len(faulty.asked)) == ("RATE_LIMITED", 1)


async def test_repeats_have_an_end(opened: Opened) -> None:
    faulty, kawase = await opened(AWAY, AWAY, AWAY, COMPLETED)
    with pytest.raises(Unavailable) as away:
        await kawase.confirm("p1")
    assert (away.value.reason, len(faulty.asked)) == ("UNAVAILABLE", 3)


@pytest.mark.parametrize("status", [BROKEN, grpc.StatusCode.RESOURCE_EXHAUSTED])
async def test_what_a_repeat_does_not_mend_is_not_repeated(
    opened: Opened, status: grpc.StatusCode
) -> None:
    faulty, kawase = await opened(status, COMPLETED)
    with pytest.raises(Exception, match="by plan"):
        await kawase.confirm("p1")
    assert len(faulty.asked) == 1


async def test_a_broken_watch_is_taken_up_again_and_tells_nothing_twice(opened: Opened) -> None:
    faulty, kawase = await opened(CONFIRMED, AWAY, AWAY, CONFIRMED, AWAY, CONFIRMED, COMPLETED)
    told: list[Payment] = [payment async for payment in kawase.watch("p1")]
    assert [payment.state for payment in told] == [PaymentState.CONFIRMED, PaymentState.COMPLETED]
    assert len(faulty.asked) == 4
