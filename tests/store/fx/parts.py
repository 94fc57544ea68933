"""A rate desk on real servers, with a clock and a source that tests set."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from services.core.clock import ManualClock
from services.core.sheet import RateSheet
from services.fx.sources.chain import RateSource, SourceChain
from services.fx.worker import RateDesk, SheetTerms
from services.kit.kafka import Topics
from services.kit.sheets import SheetBoard
from services.kit.unit import Units
from tests.parts import until
from tests.unit.fx.builders import CURRENCIES, NOON, SteadySource

TERMS = SheetTerms(CURRENCIES, timedelta(minutes=30), timedelta(minutes=1))


def make_desk(
    units: Units, clock: ManualClock | None = None, source: RateSource | None = None
) -> RateDesk:
    """A desk at noon of 2026-10-30, unless told otherwise."""
    chain = SourceChain([source or SteadySource("steady")], CURRENCIES)
    return RateDesk(clock or ManualClock(NOON), units, chain, TERMS)


@asynccontextmanager
async def following(topics: Topics) -> AsyncIterator[SheetBoard]:
    """A board that follows the topic."""
    board = SheetBoard(topics)
    running = asyncio.create_task(board.run())
    try:
        yield board
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until_shown(board: SheetBoard, sheet: RateSheet) -> None:
    """Wait until the board's newest sheet is this one."""
    await until(lambda: board.newest is not None and board.newest.sheet_id == sheet.sheet_id)
