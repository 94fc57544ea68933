"""Houses for tests: real processes on a stack of their own, and calls to them."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.sandbox.demo.run import set_stage
from services.sandbox.demo.story import Stage
from services.sandbox.demo.telling import Telling
from services.sandbox.house import House
from services.sandbox.processes import PROCESSES, ProcessSpec
from services.sandbox.progress import tell_nobody
from services.sandbox.stack import Stack

WAIT_SECONDS = 60.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Lived:
    """A running house and what the tests do in it."""

    house: House
    stage: Stage


def twice(*names: str) -> list[ProcessSpec]:
    """All services, and a second process of those named: `gateway` and `gateway-2`."""
    return [*PROCESSES, *(spec.named(f"{spec.name}-2") for spec in PROCESSES if spec.name in names)]


@asynccontextmanager
async def living(
    directory: Path, services: list[ProcessSpec] | None = None, partitions: int = 1
) -> AsyncIterator[Lived]:
    """A house with the demo's world, not durable against power loss; stopped at the end."""
    async with AsyncExitStack() as closing:
        stack = Stack(directory, durable=False)
        house = House(
            stack, tell_nobody, services=services or list(PROCESSES), partitions=partitions
        )
        closing.push_async_callback(house.stop)
        endpoints = await house.start()
        yield Lived(house, await set_stage(closing, endpoints, Telling(), directory / "reports"))


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float = WAIT_SECONDS) -> None:
    """Wait for a condition of other processes. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not await is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it did not happen within {seconds:.0f} s")
        await asyncio.sleep(POLL_SECONDS)
