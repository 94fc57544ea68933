"""Does closing windows slow payments, or lose or double any? Open-loop load, then the same with a
close of every window each second. One window may be filled with many payments before.

Afterwards all windows are closed once more: the payments they hold have to be just those that were
completed, and every window has to agree with the ledger.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.core.errors import KawaseError
from services.kit.rpc import call, open_channel
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as pb
from services.pb.kawase.settlement.v1.settlement_service_pb2_grpc import SettlementServiceStub
from services.sandbox.bench.measure import CpuMeter
from services.sandbox.bench.plan import Plan
from services.sandbox.bench.run import PARTNERS_FILE, generate
from services.sandbox.bench.windows import close, schedule
from services.sandbox.bench.world import CODE, CURRENCY, LIGHT_ROUTE, bench_data, put_bench_world
from services.sandbox.house import House
from services.sandbox.operator import Operator
from services.sandbox.processes import PROCESSES
from services.sandbox.progress import Tell
from services.sandbox.simulators import LIGHT
from services.sandbox.stack import Stack

WARM_UP_SECONDS = 3.0
CAPACITY_SECONDS = 8.0
IN_FLIGHT = 64
CLOSE_EVERY_SECONDS = 1.0
CLOSE_SECONDS = 90.0
FILL_SECONDS = 30.0
FILL_IN_FLIGHT = 512
# A house at rest looks for work all the same.
REST_CORES = 0.4
REST_LOOK_SECONDS = 5.0
REST_LOOKS = 240
RATIO_LIMIT = 1.5
SLOWEST_SECONDS = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CloseAsk:
    """`seconds` with and without closes, at `share` of the capacity measured before.

    `filled` payments are in one open window when the closes begin.
    """

    seconds: float
    share: float
    filled: int = 0


class CloseBench:
    """A house with the light partner, loads on it, and somebody who closes its windows."""

    def __init__(self, directory: Path, tell: Tell) -> None:
        stack = Stack(directory, tell=tell)
        self._house = House(stack, tell, [LIGHT], PROCESSES, partners_file=PARTNERS_FILE)
        self._closing = AsyncExitStack()
        self._runs = 0
        self._corridors = [one.corridor_id for one in bench_data([LIGHT_ROUTE]).corridors]
        self.completed = 0
        self.slowest = 0.0
        self.largest = 0

    async def start(self) -> None:
        """Start the house, put the world and its schedules. Raises StackError."""
        self._closing.push_async_callback(self._house.stop)
        endpoints = await self._house.start()
        self._gateway = endpoints.processes["gateway"]
        self._keys = await put_bench_world(Operator.of(endpoints))
        channel = open_channel(endpoints.processes["settlement"])
        self._stub = SettlementServiceStub(await self._closing.enter_async_context(channel))
        for corridor in self._corridors:
            await call(self._stub.PutSchedule(schedule(corridor), timeout=CLOSE_SECONDS))

    async def stop(self) -> None:
        await self._closing.aclose()

    async def load(self, seconds: float, rate: float) -> Mapping[str, Any]:
        """One run of all wallets: an open loop at `rate`, a closed one where it is zero."""
        return await self._run("unary", IN_FLIGHT, seconds, self._keys, rate)

    async def fill(self, payments: int, say: Say) -> None:
        """Let one wallet pay `payments` times, and wait until all have taken that in."""
        paid = 0
        while paid < payments:
            tally = await self._run("stream", FILL_IN_FLIGHT, FILL_SECONDS, self._keys[:1])
            paid += int(tally["payments"])
            say(f"{paid:,} of {payments:,} payments made")
        await self.rest(say)

    async def rest(self, say: Say) -> None:
        """Wait until the copies have read what was paid, and Postgres has tidied up."""
        for _ in range(REST_LOOKS):
            meter = CpuMeter(self._house.pids())
            await asyncio.sleep(REST_LOOK_SECONDS)
            cores = {name: used / REST_LOOK_SECONDS for name, used in meter.used().items()}
            if sum(cores.values()) < REST_CORES:
                return
            busy = sorted(cores, key=lambda name: -cores[name])[:3]
            say("still at work: " + ", ".join(f"{name} {cores[name]:.1f} cores" for name in busy))

    async def _run(
        self, api: str, in_flight: int, seconds: float, keys: Sequence[str], rate: float = 0.0
    ) -> Mapping[str, Any]:
        self._runs += 1
        tally, _ = await generate(
            Plan(
                gateway=self._gateway,
                api=api,
                in_flight=in_flight,
                seconds=seconds,
                api_keys=keys,
                code=CODE,
                currency=CURRENCY,
                run_id=f"close{self._runs}",
                rate=rate,
            )
        )
        self.completed += int(tally["states"].get("PAYMENT_STATE_COMPLETED", 0))
        return tally

    async def close_all(self) -> None:
        """Close each corridor's window, one after the other."""
        for corridor in self._corridors:
            await self._close(corridor)

    async def keep_closing(self) -> None:
        """Close one window each second in turn, and again, until cancelled."""
        while True:
            for corridor in self._corridors:
                began = time.monotonic()
                with suppress(KawaseError):
                    await self._close(corridor)
                await asyncio.sleep(max(0.0, CLOSE_EVERY_SECONDS - (time.monotonic() - began)))

    async def _close(self, corridor: str) -> None:
        began = time.monotonic()
        try:
            answer = await call(self._stub.CloseWindow(close(corridor), timeout=CLOSE_SECONDS))
            self.largest = max(self.largest, answer.window.payment_count)
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)

    async def held(self) -> tuple[int, Counter[str]]:
        """The payments of all closed windows, and how many windows there are by state."""
        payments, states = 0, Counter[str]()
        request = pb.ListWindowsRequest(page_size=500)
        while True:
            page = await call(self._stub.ListWindows(request, timeout=CLOSE_SECONDS))
            for window in page.windows:
                payments += window.payment_count
                states[pb.WindowState.Name(window.state).removeprefix("WINDOW_STATE_")] += 1
            if not page.next_page_token:
                return payments, states
            request.page_token = page.next_page_token


async def bench_close(ask: CloseAsk, directory: Path, tell: Tell, say: Say) -> dict[str, Any]:
    """The whole bench: start, warm up, capacity, before, during, count, stop. Raises StackError."""
    async with AsyncExitStack() as closing:
        bench = CloseBench(directory, tell)
        closing.push_async_callback(bench.stop)
        await bench.start()
        say(f"warming up for {WARM_UP_SECONDS:.0f} s")
        await bench.load(WARM_UP_SECONDS, 0)
        if ask.filled:
            await bench.fill(ask.filled, say)
        say(f"capacity, {IN_FLIGHT} payments in flight for {CAPACITY_SECONDS:.0f} s")
        tally = await bench.load(CAPACITY_SECONDS, 0)
        capacity = tally["within"] / max(tally["seconds"], 0.001)
        rate = capacity * ask.share
        await bench.rest(say)
        say(f"{rate:.0f} payments a second for {ask.seconds:.0f} s")
        before = await bench.load(ask.seconds, rate)
        await bench.rest(say)
        say("the same, with a window closed each second")
        closer = asyncio.create_task(bench.keep_closing())
        during = await bench.load(ask.seconds, rate)
        closer.cancel()
        with suppress(asyncio.CancelledError):
            await closer
        say("closing all windows once more, and counting")
        await bench.close_all()
        held, states = await bench.held()
        p99 = [run["latency_ms"]["payment"]["p99"] for run in (before, during)]
        ratio = round(p99[1] / max(p99[0], 0.1), 2)
        return {
            "capacity_per_second": round(capacity),
            "rate_per_second": round(rate),
            "before_ms": before["latency_ms"]["payment"],
            "during_ms": during["latency_ms"]["payment"],
            "ratio": ratio,
            "within_limits": ratio <= RATIO_LIMIT and bench.slowest < SLOWEST_SECONDS,
            "slowest_close_seconds": round(bench.slowest, 2),
            "largest_window_payments": bench.largest,
            "windows": dict(states),
            "payments_completed": bench.completed,
            "payments_in_windows": held,
        }
