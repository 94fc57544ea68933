"""Is an HTTP quote as fast as a gRPC one? Both at one modest rate, in the same run."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.sandbox.bench.child import run_json
from services.sandbox.bench.plan import Plan
from services.sandbox.bench.run import LOAD_GRACE_SECONDS, PARTNERS_FILE, SERVICES
from services.sandbox.bench.world import CODE, CURRENCY, put_bench_world
from services.sandbox.house import House
from services.sandbox.operator import Operator
from services.sandbox.processes import HTTP, PROCESSES
from services.sandbox.progress import Tell
from services.sandbox.simulators import LIGHT
from services.sandbox.stack import Stack

RATIO_LIMIT = 2.0
WARM_UP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class QuoteAsk:
    """`rate` quotes a second by each of the two ways, for so many seconds."""

    seconds: float
    rate: float


async def bench_quote(
    ask: QuoteAsk, directory: Path, tell: Tell, say: Callable[[str], None]
) -> dict[str, Any]:
    """The whole bench: start, warm up, measure, stop. Raises StackError."""
    specs = [spec for spec in PROCESSES if spec.name in SERVICES]
    house = House(Stack(directory, tell=tell), tell, [LIGHT], specs, partners_file=PARTNERS_FILE)
    async with AsyncExitStack() as closing:
        closing.push_async_callback(house.stop)
        endpoints = await house.start()
        keys = await put_bench_world(Operator.of(endpoints))
        addresses = endpoints.processes

        async def load(run_id: str, seconds: float) -> Any:
            plan = Plan(
                gateway=addresses["gateway"],
                api="quote",
                in_flight=0,
                seconds=seconds,
                api_keys=keys,
                code=CODE,
                currency=CURRENCY,
                run_id=run_id,
                rate=ask.rate,
                http=addresses[f"gateway{HTTP}"],
            )
            limit = seconds + LOAD_GRACE_SECONDS
            arguments = ["-m", "services.sandbox.bench.quotes"]
            told, _ = await run_json(arguments, plan.to_json(), limit)
            return told

        say(f"warming up for {WARM_UP_SECONDS:.0f} s")
        await load("warm", WARM_UP_SECONDS)
        say(f"{ask.rate:g} quotes a second by gRPC and by HTTP each, for {ask.seconds:.0f} s")
        return figures_of(ask, await load("run", ask.seconds))


def figures_of(ask: QuoteAsk, told: dict[str, Any]) -> dict[str, Any]:
    """What is told of a run: both ways, and how many times slower HTTP's slowest hundredth is."""
    grpc, http = told["grpc"], told["http"]
    ratio = http["latency_ms"]["p99"] / max(grpc["latency_ms"]["p99"], 0.1)
    whole = not grpc["errors"] and not http["errors"]
    return {
        "rate_per_second": ask.rate,
        "seconds": ask.seconds,
        "grpc": grpc,
        "http": http,
        "ratio_p99": round(ratio, 2),
        "within_limit": whole and ratio <= RATIO_LIMIT,
    }
