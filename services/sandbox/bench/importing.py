"""How fast a partner's file is taken in: over gRPC, by the real service, into a durable database.

The file is written by the simulator's own report writer; it is imported once, and once more to see
that nothing changes.
"""

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psutil

from services.kit.rpc import open_channel
from services.sandbox.finance import Finance
from services.sandbox.house import House
from services.sandbox.partners.ams_report import Report
from services.sandbox.partners.days import Line
from services.sandbox.processes import PROCESSES
from services.sandbox.progress import Tell
from services.sandbox.stack import Stack
from services.sandbox.world import SHANGHAI

DAY = date(2026, 10, 30)
NOON = datetime(2026, 10, 30, 3, tzinfo=UTC)
SERVICE = "reconciliation"
# As `services/reconciliation/partners.toml` names whose files they are.
NAMES = ("KAWASE0001", "Alipay+", "kawase", "CNY")


def settlement_file(rows: int) -> tuple[str, bytes]:
    """A file of payments, and its name."""
    lines = [
        Line(
            f"payment-01ARZ3NDEKTSV4RRFF{number:010d}-deliver",
            "PAYMENT",
            1_000 + number % 10_000,
            "CNY",
            NOON,
            6,
            {"transaction_id": f"{number:028d}", "merchant_id": "M1"},
        )
        for number in range(rows)
    ]
    files = Report(*NAMES).files(DAY, lines)
    (name,) = (name for name in files if "Items" in name)
    return Path(name).name, files[name]


async def bench_import(
    rows: int, directory: Path, tell: Tell, say: Callable[[str], None]
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
        name, data = settlement_file(rows)
        say(f"importing {len(data) / 1e6:,.0f} MB")
        process = psutil.Process(house.pids()[SERVICE])
        used, began = process.cpu_times().user, time.monotonic()
        taken = await finance.take_in(SHANGHAI, name, data)
        seconds = time.monotonic() - began
        cpu = process.cpu_times().user - used
        memory = process.memory_info().rss
        began = time.monotonic()
        again = await finance.take_in(SHANGHAI, name, data)
        return {
            "rows": taken.file.row_count,
            "bytes": len(data),
            "seconds": round(seconds, 2),
            "cpu_seconds": round(cpu, 2),
            "rss_bytes": memory,
            "repeat_seconds": round(time.monotonic() - began, 2),
            "repeat_changed_nothing": again.repeated_import,
        }
