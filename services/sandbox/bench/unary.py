"""Payments by two unary calls each, as a small wallet would make them."""

import asyncio
import itertools
import time

import grpc

from services.kit.rpc import open_channel
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc as stubs
from services.pb.kawase.gateway.v1 import payment_pb2
from services.sandbox.bench.plan import Plan, Tally
from services.sandbox.bench.requests import create_request, credentials

CALL_SECONDS = 30.0


async def pay_by_unary(plan: Plan, tally: Tally) -> None:
    """Keep `in_flight` payments going until the time is over, then let them end."""
    numbers = itertools.count(plan.first_number)
    async with open_channel(plan.gateway) as channel:
        stub = stubs.GatewayServiceStub(channel)
        began = time.perf_counter()
        end = began + plan.seconds
        if plan.rate:
            await _open_loop(plan, tally, stub, numbers, began)
        else:
            await asyncio.gather(
                *(_lane(plan, tally, stub, numbers, lane, end) for lane in range(plan.in_flight))
            )
        tally.seconds = min(plan.seconds, time.perf_counter() - began)


async def _lane(
    plan: Plan,
    tally: Tally,
    stub: "stubs.GatewayServiceAsyncStub",
    numbers: "itertools.count[int]",
    lane: int,
    end: float,
) -> None:
    metadata = credentials(plan, lane)
    while time.perf_counter() < end:
        paid = await _pay(plan, tally, stub, next(numbers), metadata)
        tally.within += paid and time.perf_counter() < end


async def _open_loop(
    plan: Plan,
    tally: Tally,
    stub: "stubs.GatewayServiceAsyncStub",
    numbers: "itertools.count[int]",
    began: float,
) -> None:
    paying: set[asyncio.Task[bool]] = set()
    for due in range(int(plan.rate * plan.seconds)):
        await asyncio.sleep(max(0.0, began + due / plan.rate - time.perf_counter()))
        number = next(numbers)
        task = asyncio.create_task(_pay(plan, tally, stub, number, credentials(plan, number)))
        paying.add(task)
        task.add_done_callback(paying.discard)
    tally.within = sum(tally.states.values())
    await asyncio.gather(*paying)


async def _pay(
    plan: Plan,
    tally: Tally,
    stub: "stubs.GatewayServiceAsyncStub",
    number: int,
    metadata: tuple[tuple[str, str], ...],
) -> bool:
    request = create_request(plan, number)
    started = time.perf_counter()
    try:
        await stub.CreatePayment(request, metadata=metadata, timeout=CALL_SECONDS)
        created = time.perf_counter()
        answer = await stub.ConfirmPayment(
            pb.ConfirmPaymentRequest(payment_id=request.payment_id),
            metadata=metadata,
            timeout=CALL_SECONDS,
        )
    except grpc.aio.AioRpcError as error:
        tally.failed(f"{error.code().name}: {error.details()}")
        return False
    ended = time.perf_counter()
    tally.create.append(created - started)
    tally.confirm.append(ended - created)
    tally.payment.append(ended - started)
    tally.ended(payment_pb2.PaymentState.Name(answer.payment.state))
    return True
