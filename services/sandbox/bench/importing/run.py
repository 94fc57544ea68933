"""Writes a file, imports it, and once more to see that nothing changes."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psutil

from services.kit.rpc import open_channel
from services.sandbox.bench.importing.files import FILES
from services.sandbox.finance import Finance
from services.sandbox.house import House
from services.sandbox.processes import PROCESSES
from services.sandbox.progress import Tell
from services.sandbox.stack import Stack

SERVICE = "reconciliation"
LOOK_SECONDS = 0.1


async def bench_import(
    rows: int, format_: str, directory: Path, tell: Tell, say: Callable[[str], None]
) -> dict[str, Any]:
    """Start reconciliation, write the file, import it twice, stop. Raises StackError."""
    async with AsyncExitStack() as closing:
        specs = [spec for spec in PROCESSES if spec.name == SERVICE]
        house = House(Stack(directory, tell=tell), tell, [], specs)
        closing.push_async_callback(house.stop)
        endpoints = await house.start()
        address = endpoints.processes[SERVICE]
        channels = [await closing.enter_async_context(open_channel(address)) for _ in range(3)]
        finance = Finance.of(*channels)
        say(f"writing a file of {rows:,} rows")
        file = FILES[format_](rows)
        say(f"importing {len(file.data) / 1e6:,.0f} MB")
        process = psutil.Process(house.pids()[SERVICE])
        memory = _Memory(process)
        used, began = process.cpu_times().user, time.monotonic()
        watching = asyncio.create_task(memory.watch())
        taken = await finance.take_in(file.partner_id, file.name, file.data)
        seconds = time.monotonic() - began
        cpu = process.cpu_times().user - used
        watching.cancel()
        began = time.monotonic()
        again = await finance.take_in(file.partner_id, file.name, file.data)
        return {
            "format": taken.file.format,
            "rows": taken.file.row_count,
            "bytes": len(file.data),
            "seconds": round(seconds, 2),
            "cpu_seconds": round(cpu, 2),
            "rss_bytes_before": memory.before,
            "peak_rss_bytes": memory.peak,
            "repeat_seconds": round(time.monotonic() - began, 2),
            "repeat_changed_nothing": again.repeated_import,
        }


class _Memory:
    """What a process has resident, in bytes: before, and at most."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.before = self.peak = process.memory_info().rss

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            self.peak = max(self.peak, self._process.memory_info().rss)
            await asyncio.sleep(LOOK_SECONDS)
