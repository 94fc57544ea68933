"""Plans for small merchants end: the shop then has the plan that follows."""

import asyncio
from dataclasses import replace

import asyncpg
import structlog

from services.core.clock import Clock
from services.core.errors import KawaseError
from services.gateway.acquiring.merchants import store
from services.gateway.acquiring.merchants.model import in_force, reference_of
from services.gateway.admin.putting import MERCHANT, Putting
from services.gateway.reference.board import ReferenceBoard
from services.gateway.reference.store import lock_changes
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()

EVERY_SECONDS = 30.0
PORTION = 100
KEY_ID = "fee-plan-ended"
"""What the journal of reference data names instead of somebody's key."""
_AWAY = (asyncpg.PostgresError, *POSTGRES_AWAY, KawaseError)


class PlanKeeper:
    """Moves shops on to the plan that follows."""

    def __init__(self, units: Units, board: ReferenceBoard, clock: Clock) -> None:
        self._units = units
        self._clock = clock
        self._board = board
        self._putting = Putting(board, units, clock)

    async def run(self) -> None:
        """A portion now and then, for ever."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self.step()
            except _AWAY as error:
                log.warning("fee_plans_wait", problem=str(error) or repr(error))

    async def step(self) -> int:
        """One portion; how many shops were moved on."""
        async with self._units.pool.acquire() as connection:
            due = await store.list_ended_plans(connection, self._clock.now(), PORTION)
        for merchant_id in due:
            await self._move_on(merchant_id)
        if due:
            await self._board.load()
        return len(due)

    async def _move_on(self, merchant_id: str) -> None:
        async def work(connection: Connection) -> Decided[None]:
            await lock_changes(connection)
            versions = await store.read_versions(connection, merchant_id)
            version = in_force(versions)
            if (
                version is None
                or version.plan_until is None
                or version.plan_until > self._clock.now()
            ):
                return Decided(None)
            content = replace(version.content, fee_plan_id=version.plan_after_id)
            version = replace(version, content=content, plan_until=None, plan_after_id="")
            await store.put_version(connection, version)
            merchant = reference_of(version.acquirer_id, content)
            return Decided(
                None, await self._putting.put_within(connection, KEY_ID, MERCHANT, merchant)
            )

        await self._units.write(work)
        log.info("fee_plan_ended", merchant_id=merchant_id)
