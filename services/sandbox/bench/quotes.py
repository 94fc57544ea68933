"""Quotes by HTTP and by gRPC in turn, at one rate: each waits for the same gateway, at the same
time. Reads a `Plan` on standard input, writes the latencies to standard output.

python -P -m services.sandbox.bench.quotes < plan.json
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import grpc

from services.kit.rpc import open_channel
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc as stubs
from services.sandbox.bench.plan import Plan, percentiles
from services.sandbox.bench.requests import create_request, credentials

CALL_SECONDS = 30.0
CREATED = 201

Quote = Callable[[int], Awaitable[str]]
"""Prices the payment of a number; empty, or why that failed."""


@dataclass(slots=True)
class Times:
    """Seconds of each quote by one way, and what failed."""

    seconds: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)

    async def take(self, quote: Quote, number: int) -> None:
        """Price one payment and note how long it took."""
        began = time.perf_counter()
        error = await quote(number)
        if error:
            self.errors[error] = self.errors.get(error, 0) + 1
        else:
            self.seconds.append(time.perf_counter() - began)

    def summary(self) -> dict[str, object]:
        return {
            "latency_ms": percentiles(self.seconds),
            "quotes": len(self.seconds),
            "errors": self.errors,
        }


def by_grpc(plan: Plan, stub: "stubs.GatewayServiceAsyncStub") -> Quote:
    """Quotes by `CreatePayment`."""

    async def quote(number: int) -> str:
        request = create_request(plan, number)
        metadata = credentials(plan, number)
        try:
            await stub.CreatePayment(request, metadata=metadata, timeout=CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            return f"{error.code().name}: {error.details()}"
        return ""

    return quote


def by_http(plan: Plan, session: aiohttp.ClientSession) -> Quote:
    """Quotes by `POST /v1/payments`."""
    url = f"http://{plan.http}/v1/payments"

    async def quote(number: int) -> str:
        asked = create_request(plan, number)
        body = {
            "payment_id": asked.payment_id,
            "payer_id": asked.payer_id,
            "code": asked.code,
            "amount": {
                "currency_code": asked.amount.currency_code,
                "minor_units": asked.amount.minor_units,
            },
        }
        headers = dict(credentials(plan, number))
        async with session.post(url, json=body, headers=headers) as answer:
            told = await answer.json(content_type=None)
            return "" if answer.status == CREATED else f"{answer.status} {told['reason']}"

    return quote


async def run(plan: Plan) -> dict[str, object]:
    """`plan.rate` quotes a second by each way, one way after the other."""
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    times = {"grpc": Times(), "http": Times()}
    async with (
        open_channel(plan.gateway) as channel,
        aiohttp.ClientSession(timeout=timeout) as session,
        asyncio.TaskGroup() as group,
    ):
        ways = {
            "grpc": by_grpc(plan, stubs.GatewayServiceStub(channel)),
            "http": by_http(plan, session),
        }
        began = time.perf_counter()
        for number in range(int(2 * plan.rate * plan.seconds)):
            due = began + number / (2 * plan.rate)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            name = "http" if number % 2 else "grpc"
            group.create_task(times[name].take(ways[name], number))
    return {name: taken.summary() for name, taken in times.items()}


def main() -> None:
    plan = Plan.from_json(sys.stdin.read())
    sys.stdout.write(json.dumps(asyncio.run(run(plan))) + "\n")


if __name__ == "__main__":
    main()
