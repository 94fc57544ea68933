"""Under load, a larger batch is worth more than a few milliseconds.

What a batch costs is for the most part the same whether it is small or large. So a worker that has
just had several items at once begins its next batch no sooner than `PACE_SECONDS` after it began
the last one; what comes meanwhile makes that batch larger. A worker that had little to do never
waits: a payment alone is not slowed down.
"""

import asyncio
import time

BUSY_ITEMS = 4
PACE_SECONDS = 0.02


async def pace(began: float, items: int) -> None:
    """Wait before the next batch, if the last one, which began at monotonic `began`, was busy."""
    if items >= BUSY_ITEMS and (left := began + PACE_SECONDS - time.monotonic()) > 0:
        await asyncio.sleep(left)
