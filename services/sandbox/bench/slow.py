"""Does one slow partner slow the others? Open-loop load over two, one of them then made slow.

The capacity is measured first, by a closed loop over both; the open loop runs at a share of it,
half to each partner. The partner that is made slow is a whole simulator with a delay before every
answer; the other is the light one, whose payments are the ones measured.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp

from services.sandbox.bench.checks import Charges, check, partner_books
from services.sandbox.bench.plan import Plan
from services.sandbox.bench.run import SERVICES, generate
from services.sandbox.bench.world import CURRENCY, LIGHT_ROUTE, Route, put_bench_world
from services.sandbox.house import House
from services.sandbox.operator import Operator
from services.sandbox.processes import PROCESSES
from services.sandbox.progress import Tell
from services.sandbox.simulators import LIGHT, simulator
from services.sandbox.stack import Stack

PARTNERS_FILE = Path(__file__).with_name("slow_partners.toml")
SLOW_ROUTE = Route("https://qr.paypay.ne.jp/bench-slow", "paypay", "slow-partner")
SLOW = simulator(SLOW_ROUTE.partner_id, "kakaopay_acquirer")
SHOP = {
    "merchantId": "BENCH-SLOW",
    "name": "Slow Shop",
    "city": "Seoul",
    "codes": [SLOW_ROUTE.code],
}
WARM_UP_SECONDS = 3.0
CAPACITY_SECONDS = 8.0
CAPACITY_IN_FLIGHT = 64
CONTROL_SECONDS = 30.0
RATIO_LIMIT = 1.5

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SlowAsk:
    """`share` of the measured capacity, or `rate` payments a second where that is not zero."""

    seconds: float
    share: float
    rate: float
    delay_ms: int


class SlowBench:
    """A house with both partners, and loads on it."""

    def __init__(self, directory: Path, tell: Tell) -> None:
        specs = [spec for spec in PROCESSES if spec.name in SERVICES]
        stack = Stack(directory, tell=tell)
        self._house = House(stack, tell, [LIGHT, SLOW], specs, partners_file=PARTNERS_FILE)
        self._keys: list[str] = []
        self._runs = 0

    async def start(self) -> None:
        """Start the house and put the world. Raises StackError."""
        endpoints = await self._house.start()
        await self._control("POST", "shops", SHOP)
        routes = (LIGHT_ROUTE, SLOW_ROUTE)
        self._keys = await put_bench_world(Operator.of(endpoints), routes)

    async def stop(self) -> None:
        await self._house.stop()

    async def load(self, seconds: float, rate: float) -> tuple[Figures, Figures]:
        """Half of `rate` (zero: a closed loop) by each route: light one's tally, slow one's."""
        self._runs += 1
        runs = [
            generate(self._plan(route, seconds, rate / 2)) for route in (LIGHT_ROUTE, SLOW_ROUTE)
        ]
        (light, _), (slow, _) = await asyncio.gather(*runs)
        return light, slow

    def _plan(self, route: Route, seconds: float, rate: float) -> Plan:
        return Plan(
            gateway=self._house.endpoints.processes["gateway"],
            api="unary",
            in_flight=CAPACITY_IN_FLIGHT // 2,
            seconds=seconds,
            api_keys=self._keys,
            code=route.code,
            currency=CURRENCY,
            run_id=f"{route.scheme}{self._runs}",
            rate=rate,
        )

    async def slow_down(self, delay_ms: int) -> None:
        """From now on the partner answers after so long."""
        await self._control("POST", "faults", {"fault": "delay", "times": 0, "delay_ms": delay_ms})

    async def recover(self) -> None:
        """The partner is as fast as before."""
        await self._control("DELETE", "faults", None)

    async def _control(self, method: str, path: str, fields: Mapping[str, Any] | None) -> Any:
        url = f"{self._url(SLOW.name)}/_control/{path}"
        timeout = aiohttp.ClientTimeout(total=CONTROL_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session,
            session.request(method, url, json=fields) as answer,
        ):
            return await answer.json()

    def _url(self, name: str) -> str:
        return f"http://{self._house.endpoints.processes[name]}"

    async def verdict(self) -> dict[str, Any]:
        """The checks after all runs."""
        endpoints = self._house.endpoints
        wallet = endpoints.processes["wallet"]
        return asdict(await check(endpoints.postgres, wallet, self._theirs))

    async def _theirs(self) -> Charges:
        slow = (await self._control("GET", "books", None))["accepted"]
        charges = {(key.split("-")[1], int(amount)) for key, amount in slow.items()}
        return charges | await partner_books(self._url(LIGHT.name))


async def bench_slow_partner(
    ask: SlowAsk, directory: Path, tell: Tell, say: Callable[[str], None]
) -> dict[str, Any]:
    """The whole bench: start, warm up, capacity, before, after, check, stop. Raises StackError."""
    async with AsyncExitStack() as closing:
        bench = SlowBench(directory, tell)
        closing.push_async_callback(bench.stop)
        await bench.start()
        say(f"warming up for {WARM_UP_SECONDS:.0f} s")
        await bench.load(WARM_UP_SECONDS, 0)
        figures: dict[str, Any] = {}
        rate = ask.rate
        if not rate:
            say(f"capacity, {CAPACITY_IN_FLIGHT} payments in flight for {CAPACITY_SECONDS:.0f} s")
            tallies = await bench.load(CAPACITY_SECONDS, 0)
            figures["capacity_per_second"] = round(sum(map(_per_second, tallies)))
            rate = figures["capacity_per_second"] * ask.share
        figures["rate_per_second"] = round(rate)
        say(f"{rate:.0f} payments a second for {ask.seconds:.0f} s, both partners fast")
        figures["before"] = _phase(*await bench.load(ask.seconds, rate))
        say(f"the same, one partner answering after {ask.delay_ms / 1000:g} s")
        await bench.slow_down(ask.delay_ms)
        figures["after"] = _phase(*await bench.load(ask.seconds, rate))
        await bench.recover()
        before, after = (figures[phase]["others"]["p99"] for phase in ("before", "after"))
        figures["ratio"] = round(after / max(before, 0.1), 2)
        figures["within_limit"] = figures["ratio"] <= RATIO_LIMIT
        say("checking ledger, payments and the partners' books")
        return figures | await bench.verdict()


def _per_second(tally: Figures) -> float:
    return float(tally["within"] / max(tally["seconds"], 0.001))


def _phase(light: Figures, slow: Figures) -> dict[str, Any]:
    """What is told of a phase: the others' latency, and how payments of both ended."""
    latency = light["latency_ms"]
    return {
        "others": latency["payment"],
        "others_create": latency["create"],
        "others_states": light["states"],
        "others_errors": light["errors"],
        "slow": slow["latency_ms"]["payment"],
        "slow_states": slow["states"],
        "slow_errors": slow["errors"],
    }
