"""Does it stay as fast when many payments are stored? Two houses, run in turn, one of them full."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Any

from services.sandbox.bench.run import Ask, Bench
from services.sandbox.progress import Tell

FILL = Ask(seconds=30.0, in_flight=512, api="stream")


async def bench_stored(
    payments: int, runs: int, ask: Ask, directory: Path, tell: Tell, say: Callable[[str], None]
) -> dict[str, Any]:
    """Fill one house with `payments`, then let it and a fresh one pay in turn, `runs` times each.

    Raises StackError.
    """
    async with AsyncExitStack() as closing:
        full, fresh = Bench(directory / "full", tell), Bench(directory / "fresh", tell)
        closing.push_async_callback(full.stop)
        await full.start()
        stored = 0
        while stored < payments:
            stored += int((await full.load(FILL))["payments"])
            say(f"{stored:,} of {payments:,} payments stored")
        closing.push_async_callback(fresh.stop)
        await fresh.start()
        # A fresh house begins cold, the full one does not.
        await fresh.load(Ask(10.0, ask.in_flight, ask.api))
        rates: dict[str, list[int]] = {"full": [], "fresh": []}
        for number in range(1, runs + 1):
            for name, bench in (("fresh", fresh), ("full", full)):
                rates[name].append(int((await bench.load(ask))["payments_per_second"]))
            say(f"run {number}: fresh {rates['fresh'][-1]}/s, full {rates['full'][-1]}/s")
        verdict = await full.verdict()
        return {
            "stored": stored,
            "payments_per_second": rates,
            "ratio": round(median(rates["full"]) / median(rates["fresh"]), 2),
            **verdict,
        }
