"""A bench run from start to end: house, world, load, figures, checks."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from services.sandbox.bench.beside import grpc_alone, http_alone
from services.sandbox.bench.checks import check, partner_books
from services.sandbox.bench.child import run_json
from services.sandbox.bench.measure import CpuMeter, per_payment
from services.sandbox.bench.plan import Plan
from services.sandbox.bench.world import CODE, CURRENCY, put_bench_world
from services.sandbox.house import House
from services.sandbox.operator import Operator
from services.sandbox.processes import PROCESSES, ProcessSpec
from services.sandbox.progress import Tell
from services.sandbox.simulators import LIGHT
from services.sandbox.stack import Stack

SERVICES = ("gateway", "wallet", "bridge", "fx")
PARTNERS_FILE = Path(__file__).with_name("partners.toml")
WARM_UP_SECONDS = 3.0
LOAD_GRACE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Ask:
    """What the person asked for."""

    seconds: float
    in_flight: int
    api: str
    rate: float = 0.0


class Bench:
    """A house with the light partner, and runs of load on it."""

    def __init__(self, directory: Path, tell: Tell) -> None:
        specs: list[ProcessSpec] = [spec for spec in PROCESSES if spec.name in SERVICES]
        self._house = House(
            Stack(directory, tell=tell), tell, [LIGHT], specs, partners_file=PARTNERS_FILE
        )
        self._keys: list[str] = []
        self._runs = 0

    async def start(self) -> None:
        """Start the house and put the world. Raises StackError."""
        endpoints = await self._house.start()
        self._keys = await put_bench_world(Operator.of(endpoints))

    async def stop(self) -> None:
        await self._house.stop()

    async def load(self, ask: Ask) -> dict[str, Any]:
        """One run; latencies, throughput and CPU of each process."""
        self._runs += 1
        plan = Plan(
            gateway=self._house.endpoints.processes["gateway"],
            api=ask.api,
            in_flight=ask.in_flight,
            seconds=ask.seconds,
            api_keys=self._keys,
            code=CODE,
            currency=CURRENCY,
            run_id=f"run{self._runs}",
            rate=ask.rate,
        )
        meter = CpuMeter(self._house.pids())
        tally, load_cpu = await generate(plan)
        used = {**meter.used(), "load": load_cpu}
        payments = int(tally["payments"])
        return {
            "api": ask.api,
            "in_flight": ask.in_flight,
            "payments_per_second": round(tally["within"] / max(tally["seconds"], 0.001)),
            "payments": payments,
            "latency_ms": tally["latency_ms"],
            "cpu_us_per_payment": per_payment(used, payments),
            "states": tally["states"],
            "errors": tally["errors"],
        }

    async def verdict(self) -> dict[str, Any]:
        """The checks after all runs."""
        endpoints = self._house.endpoints
        partner = f"http://{endpoints.processes[LIGHT.name]}"
        wallet = endpoints.processes["wallet"]
        return asdict(await check(endpoints.postgres, wallet, lambda: partner_books(partner)))

    async def beside(self, in_flight: int) -> dict[str, Any]:
        """gRPC alone and the partner's HTTP alone, each per payment."""
        endpoints = self._house.endpoints
        url = f"http://{endpoints.processes[LIGHT.name]}/acquiring/v1/code"
        partner = self._house.pids()[LIGHT.name]
        return {
            "grpc_alone": await grpc_alone(in_flight),
            "http_alone": await http_alone(url, in_flight, partner),
        }


async def generate(plan: Plan) -> tuple[Mapping[str, Any], float]:
    """Run the load generator; its tally, and its CPU seconds."""
    return await run_json(
        ["-m", "services.sandbox.bench.load"], plan.to_json(), plan.seconds + LOAD_GRACE_SECONDS
    )


async def bench_payments(
    ask: Ask, directory: Path, tell: Tell, say: Callable[[str], None]
) -> dict[str, Any]:
    """A whole bench: start, warm up, load, check, stop. Raises StackError."""
    async with AsyncExitStack() as closing:
        bench = Bench(directory, tell)
        closing.push_async_callback(bench.stop)
        await bench.start()
        say(f"warming up for {WARM_UP_SECONDS:.0f} s")
        await bench.load(Ask(WARM_UP_SECONDS, ask.in_flight, ask.api))
        say(f"{ask.in_flight} payments in flight by {ask.api} for {ask.seconds:.0f} s")
        figures = await bench.load(ask)
        say("checking ledger, payments and the partner's books")
        figures |= await bench.verdict()
        say("gRPC alone and the partner's HTTP alone, for comparison")
        return figures | {"beside": await bench.beside(ask.in_flight)}
