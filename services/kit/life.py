"""A process's life: parts start in order, run together, and stop in reverse on SIGTERM or Ctrl-C.

A part that ends or fails takes the process down with a line that says which, and exit status 1:
a consumer that stalls in silence is worse than a restart.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack

import structlog

log = structlog.get_logger()

STOP_SECONDS = 20.0
# Objects per generation; a batch makes some ten thousand that live as long as the batch.
GC_THRESHOLDS = (50_000, 20, 50)


class Life:
    """Collects what has to run and what has to be closed."""

    def __init__(self) -> None:
        self.closing = AsyncExitStack()
        self._parts: dict[asyncio.Task[None], str] = {}
        self._stop = asyncio.Event()

    def on_close(self, close: Callable[[], Awaitable[None]]) -> None:
        """Call `close` at the end, last given first."""
        self.closing.push_async_callback(close)

    def run_part(self, name: str, work: Coroutine[object, object, None]) -> None:
        """Run `work` until the process ends; it must not end by itself."""
        self._parts[asyncio.create_task(work, name=name)] = name

    def stop(self) -> None:
        """Ask the process to end."""
        self._stop.set()

    async def wait(self) -> bool:
        """Wait for a stop or a failed part; then stop all parts. Returns whether all was well."""
        stopped: asyncio.Task[object] = asyncio.create_task(self._stop.wait())
        await asyncio.wait([stopped, *self._parts], return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in self._parts if task.done()]
        for task in failed:
            log.error("part_failed", part=self._parts[task], exc_info=_error_of(task))
        stopped.cancel()
        for task in self._parts:
            task.cancel()
        if self._parts:
            await asyncio.wait(self._parts, timeout=STOP_SECONDS)
        return not failed


def _error_of(task: "asyncio.Task[None]") -> BaseException | None:
    return None if task.cancelled() else task.exception()


async def _live(build: Callable[[Life], Awaitable[None]]) -> bool:
    life = Life()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, life.stop)
    async with life.closing:
        await build(life)
        # What has been built stays: the collector need not look at it again, nor so often.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        log.info("service_started")
        well = await life.wait()
    log.info("service_stopped")
    return well


def run_process(build: Callable[[Life], Awaitable[None]]) -> None:
    """Run the process that `build` puts together; exits with 0, or 1 if a part failed."""
    sys.exit(0 if asyncio.run(_live(build)) else 1)
