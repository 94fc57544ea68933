"""A whole day at volume: payments, a partner's file with planted discrepancies, and the match.

Everything is real: payments go through the gateway to a simulator with books of its own, and the
file is the simulator's. What was planted only it knows; it is asked when all breaks are found.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from services.core.clock import REFRESH_SECONDS
from services.kit.rpc import call, open_channel
from services.pb.kawase.reconciliation.v1 import break_service_pb2 as break_pb
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as settlement_pb
from services.sandbox.bench import windows
from services.sandbox.bench.plan import Plan
from services.sandbox.bench.run import PARTNERS_FILE, generate
from services.sandbox.bench.world import CURRENCY, Route, bench_data, put_bench_world
from services.sandbox.clock import set_clock
from services.sandbox.demo.codes import SEOUL_SHOP
from services.sandbox.demo.partners import Control
from services.sandbox.errors import StackError
from services.sandbox.finance import BULK_SECONDS, Finance
from services.sandbox.house import House
from services.sandbox.operator import Operator
from services.sandbox.processes import PROCESSES
from services.sandbox.progress import Tell
from services.sandbox.simulators import simulator
from services.sandbox.stack import Stack
from services.sandbox.world import KAKAOPAY

ROUTE = Route(SEOUL_SHOP, "kakaopay", KAKAOPAY)
PARTNER = simulator(KAKAOPAY, "kakaopay_acquirer")
SEOUL = ZoneInfo(windows.TIME_ZONE)
DAY, NEXT_MORNING = "2026-10-30", datetime(2026, 10, 31, 9, tzinfo=SEOUL)
ROUND_SECONDS = 20.0
IN_FLIGHT = 256
# Of a thousand payments one of each kind.
PLANTED_SHARE = 1000
KINDS = {
    "missing": "MISSING_AT_PARTNER",
    "extra": "MISSING_WITH_US",
    "wrong_amount": "AMOUNT",
    "wrong_fee": "FEE",
    "late_day": "MISSING_AT_PARTNER",
}

POLL_SECONDS = 0.5

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DayAsk:
    """`payments`: at least so many."""

    payments: int
    seed: int


class DayBench:
    """A running house with one partner, its wallets and its finance people."""

    def __init__(self, directory: Path, tell: Tell, say: Say) -> None:
        stack = Stack(directory, tell=tell)
        self._house = House(stack, tell, [PARTNER], PROCESSES, partners_file=PARTNERS_FILE)
        self._closing = AsyncExitStack()
        self._say = say
        self._corridors = [one.corridor_id for one in bench_data([ROUTE]).corridors]

    async def start(self) -> None:
        """Start everything and put the world. Raises StackError."""
        self._closing.push_async_callback(self._house.stop)
        self._endpoints = endpoints = await self._house.start()
        self._keys = await put_bench_world(Operator.of(endpoints), [ROUTE])
        channels = [
            await self._closing.enter_async_context(open_channel(endpoints.processes[name]))
            for name in ("settlement", "bridge", "reconciliation")
        ]
        self._finance = Finance.of(*channels)
        self._partner = Control(f"http://{endpoints.processes[PARTNER.name]}")
        for corridor in self._corridors:
            request = windows.schedule(corridor)
            await call(self._finance.settlement.PutSchedule(request, timeout=BULK_SECONDS))

    async def stop(self) -> None:
        await self._closing.aclose()

    async def pay(self, payments: int) -> dict[str, Any]:
        """Load until so many have ended."""
        plan = Plan(
            gateway=self._endpoints.processes["gateway"],
            api="stream",
            in_flight=IN_FLIGHT,
            seconds=ROUND_SECONDS,
            api_keys=self._keys,
            code=ROUTE.code,
            currency=CURRENCY,
            run_id="day",
        )
        states: Counter[str] = Counter()
        errors: Counter[str] = Counter()
        seconds = 0.0
        while states.total() < payments:
            first = states.total() + errors.total()
            tally, _ = await generate(replace(plan, first_number=first))
            states.update(tally["states"])
            errors.update(tally["errors"])
            seconds += tally["seconds"]
            self._say(f"{states.total():,} of {payments:,} payments")
            if not tally["states"]:
                raise StackError(f"no payment ends: {dict(errors)}")
        return {
            "payments": states.total(),
            "payments_per_second": round(states.total() / seconds),
            "states": dict(states),
            "errors": dict(errors),
        }

    async def plant(self, seed: int, payments: int) -> None:
        """Have the partner falsify its own file."""
        counts = dict.fromkeys(KINDS, max(1, payments // PLANTED_SHARE))
        await self._partner.tell("discrepancies", {"seed": seed, "day": DAY, "counts": counts})

    async def close_windows(self) -> dict[str, Any]:
        """Close every corridor's window: the slowest, and what they hold."""
        slowest, payments, states = 0.0, 0, Counter[str]()
        for corridor in self._corridors:
            began = time.monotonic()
            request = windows.close(corridor)
            closing = self._finance.settlement.CloseWindow(request, timeout=BULK_SECONDS)
            window = (await call(closing)).window
            slowest = max(slowest, time.monotonic() - began)
            payments += window.payment_count
            states[settlement_pb.WindowState.Name(window.state)] += 1
        return {
            "close_seconds": round(slowest, 2),
            "window_payments": payments,
            "windows_closed": set(states) == {"WINDOW_STATE_CLOSED"},
        }

    async def _copies_even(self) -> None:
        try:
            async with asyncio.timeout(BULK_SECONDS):
                while not await self._finance.are_copies_even():  # noqa: ASYNC110
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError as error:
            raise StackError(
                "reconciliation's copy of the facts lags behind settlement's"
            ) from error

    async def reconcile(self) -> dict[str, Any]:
        """Fetch the partner's file of the day, take it in, match, and compare what was found."""
        set_clock(self._endpoints.clock, NEXT_MORNING)
        await asyncio.sleep(2 * REFRESH_SECONDS)
        await self._copies_even()
        figures: dict[str, Any] = {}
        began = time.monotonic()
        files = await self._finance.fetch(KAKAOPAY, "settlement", DAY)
        figures["fetch_seconds"] = round(time.monotonic() - began, 2)
        began = time.monotonic()
        for name, data in files.items():
            taken = (await self._finance.take_in(KAKAOPAY, name, data)).file
            figures["file_rows"] = taken.row_count
        figures["import_seconds"] = round(time.monotonic() - began, 2)
        began = time.monotonic()
        summary = await self._finance.run(KAKAOPAY, DAY)
        figures["run_seconds"] = round(time.monotonic() - began, 2)
        figures["matched"] = summary.matched_count
        planted = (await self._partner.planted())["planted"]
        return figures | compare(planted, await self._finance.open_breaks(KAKAOPAY))


def compare(
    planted: Sequence[Mapping[str, Any]], breaks: Sequence[break_pb.Break]
) -> dict[str, Any]:
    """What was planted and found in its place, and what was found besides."""
    wanted = Counter((KINDS[each["kind"]], str(each["id"])) for each in planted)
    found = Counter((each.kind, each.our_reference or each.their_reference) for each in breaks)
    return {
        "planted": wanted.total(),
        "found": (wanted & found).total(),
        "invented": (found - wanted).total(),
        "missed": [" ".join(each) for each in sorted((wanted - found).elements())[:10]],
        "surplus": [" ".join(each) for each in sorted((found - wanted).elements())[:10]],
    }


async def bench_day(ask: DayAsk, directory: Path, tell: Tell, say: Say) -> dict[str, Any]:
    """The whole day: start, pay, close windows, reconcile, stop. Raises StackError."""
    async with AsyncExitStack() as closing:
        bench = DayBench(directory, tell, say)
        closing.push_async_callback(bench.stop)
        await bench.start()
        await bench.plant(ask.seed, ask.payments)
        paid = await bench.pay(ask.payments)
        say("closing the windows")
        windows = await bench.close_windows()
        say("the partner's file")
        return {"seed": ask.seed, **paid, **windows, **await bench.reconcile()}
