"""Gives commands to the ledger again that it has not answered, where a service books by itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import asyncpg
import structlog

from services.core.clock import Clock
from services.core.errors import KawaseError
from services.kit.outbox import Outgoing
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()

SILENCE = timedelta(seconds=30)
LOOK_SECONDS = 5.0

TakeSilent = Callable[[Connection, datetime, datetime], Awaitable[Sequence[Outgoing]]]
"""(connection, asked_before, now): the commands of a few that were asked for before a time and are
not answered; they count as asked for now."""


class Repeater:
    """Repeats what `take_silent` finds; `name` is what the log calls it."""

    def __init__(self, units: Units, clock: Clock, name: str, take_silent: TakeSilent) -> None:
        self._units = units
        self._clock = clock
        self._name = name
        self._take_silent = take_silent

    async def run(self) -> None:
        """Look for it, for ever."""
        while True:
            try:
                await self.step()
            except (KawaseError, asyncpg.PostgresError, *POSTGRES_AWAY) as error:
                log.warning("repeats_delayed", what=self._name, problem=str(error) or repr(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def step(self) -> None:
        """Repeat what has been silent for the time of grace."""

        async def work(connection: Connection) -> Decided[None]:
            now = self._clock.now()
            return Decided(None, await self._take_silent(connection, now - SILENCE, now))

        await self._units.write(work)
