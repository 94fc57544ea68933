"""Payments by `PaySession`, as a wallet with volume makes them: many operations in a message.

One session per wallet. Whatever is ready when the last write has gone makes the next message.
"""

import asyncio
import itertools
import time
from typing import Any

from services.kit.rpc import open_channel
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc as stubs
from services.pb.kawase.gateway.v1 import payment_pb2
from services.sandbox.bench.plan import Plan, Tally
from services.sandbox.bench.requests import create_request, credentials

CREATED = pb.PAY_OPERATION_KIND_CREATE
MESSAGE_OPERATIONS = 500
DRAIN_SECONDS = 60.0


async def pay_by_stream(plan: Plan, tally: Tally) -> None:
    """Keep `in_flight` payments going over all sessions until the time is over."""
    numbers = itertools.count(plan.first_number)
    wallets = len(plan.api_keys)
    async with open_channel(plan.gateway) as channel:
        stub = stubs.GatewayServiceStub(channel)
        began = time.perf_counter()
        sessions = [
            _Session(plan, tally, numbers, began + plan.seconds, _share(plan.in_flight, wallets, n))
            for n in range(wallets)
        ]
        await asyncio.gather(
            *(
                session.run(stub.PaySession(metadata=credentials(plan, n)))
                for n, session in enumerate(sessions)
                if session.room
            )
        )
        tally.seconds = min(plan.seconds, time.perf_counter() - began)


def _share(total: int, parts: int, number: int) -> int:
    return total // parts + (number < total % parts)


class _Session:
    """One stream: creates until its room is full, confirms what was created."""

    def __init__(
        self, plan: Plan, tally: Tally, numbers: "itertools.count[int]", end: float, room: int
    ) -> None:
        self._plan = plan
        self._tally = tally
        self._numbers = numbers
        self._end = end
        self.room = room
        self._open: dict[str, list[float]] = {}
        self._ready: list[pb.PayOperation] = []
        self._wake = asyncio.Event()

    async def run(self, call: Any) -> None:
        """Pay until the time is over and every payment has ended."""
        self._fill()
        writer = asyncio.create_task(self._write(call))
        async with asyncio.timeout(self._plan.seconds + DRAIN_SECONDS):
            async for answer in call:
                for result in answer.results:
                    self._take(result)
                self._fill()
                if not self._open:
                    break
        writer.cancel()
        await call.done_writing()

    def _fill(self) -> None:
        now = time.perf_counter()
        if now < self._end:
            while len(self._open) < self.room:
                request = create_request(self._plan, next(self._numbers))
                self._open[request.payment_id] = [now]
                self._ready.append(pb.PayOperation(create=request))
        if self._ready:
            self._wake.set()

    async def _write(self, call: Any) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._ready:
                operations = self._ready[:MESSAGE_OPERATIONS]
                del self._ready[:MESSAGE_OPERATIONS]
                await call.write(pb.PaySessionRequest(operations=operations))

    def _take(self, result: pb.PayResult) -> None:
        now = time.perf_counter()
        times = self._open[result.payment_id]
        if result.HasField("error"):
            self._tally.failed(f"{result.error.reason}: {result.error.message}")
            del self._open[result.payment_id]
        elif result.kind == CREATED:
            times.append(now)
            confirm = pb.ConfirmPaymentRequest(payment_id=result.payment_id)
            self._ready.append(pb.PayOperation(confirm=confirm))
        else:
            created = times[1]
            self._tally.create.append(created - times[0])
            self._tally.confirm.append(now - created)
            self._tally.payment.append(now - times[0])
            self._tally.ended(payment_pb2.PaymentState.Name(result.payment.state))
            self._tally.within += now < self._end
            del self._open[result.payment_id]
