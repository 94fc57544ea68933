"""Housekeeping: what nobody will send is dead, and what ended long ago is forgotten."""

import asyncio
from datetime import timedelta

import asyncpg
import structlog

from services.core.clock import Clock
from services.core.errors import KawaseError
from services.gateway.webhooks.model import State
from services.gateway.webhooks.store.deliveries import bury_unwanted, forget_old
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()

# How long a participant can look deliveries up, and replay them.
KEPT = {State.DELIVERED: timedelta(days=30), State.DEAD: timedelta(days=90)}
PORTION = 1_000
EVERY_SECONDS = 2.0
_AWAY = (asyncpg.PostgresError, *POSTGRES_AWAY, KawaseError)


class Keeper:
    """Keeps the table of deliveries to what is of use."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    async def run(self) -> None:
        """A portion every few seconds, for ever."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self.step()
            except _AWAY as error:
                log.warning("webhook_keeping_waits", problem=str(error) or repr(error))

    async def step(self) -> None:
        """One portion of each."""
        buried = (await self._units.write(self._bury)).answer
        if buried:
            log.info("webhook_deliveries_buried", deliveries=buried)
        await self._units.write(self._forget)

    async def _bury(self, connection: Connection) -> Decided[int]:
        return Decided(await bury_unwanted(connection, self._clock.now(), PORTION))

    async def _forget(self, connection: Connection) -> Decided[int]:
        now = self._clock.now()
        forgotten = [
            await forget_old(connection, state, now - kept, PORTION) for state, kept in KEPT.items()
        ]
        return Decided(sum(forgotten))
