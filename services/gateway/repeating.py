"""Repeats the commands of resources beside payments that wait too long for an answer, and runs what
else looks once a second."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import structlog

from services.core.errors import KawaseError
from services.gateway.payments.sweeping import EVERY_SECONDS, LAG_LIMIT
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()

_AWAY = (KawaseError, asyncpg.PostgresError, *POSTGRES_AWAY)


async def each_second(step: Callable[[], Awaitable[object]], delayed: str) -> None:
    """Run `step` once a second for ever; what is away is passed over, logged as `delayed`."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        try:
            await step()
        except _AWAY as error:
            log.warning(delayed, problem=repr(error))


Repeat = Callable[[Connection], Awaitable[Decided[int]]]


class Repeater:
    """Runs each `Repeat` once a second, unless the own consumer lags."""

    def __init__(
        self, units: Units, lag: Callable[[], Awaitable[int]], repeats: Sequence[Repeat]
    ) -> None:
        self._units = units
        self._lag = lag
        self._repeats = repeats

    async def run(self) -> None:
        """For ever; passes over what is away."""
        await each_second(self.step, "repeats_delayed")

    async def step(self) -> int:
        """One round; how many commands were repeated."""
        if await self._lag() > LAG_LIMIT:
            return 0
        total = 0
        for repeat in self._repeats:
            total += (await self._units.write(repeat)).answer
        return total
