"""A child process that prints one JSON document, and what it used."""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from services.sandbox.bench.measure import CpuMeter
from services.sandbox.errors import StackError


async def run_json(
    arguments: list[str], given: str, limit_seconds: float
) -> tuple[Mapping[str, Any], float]:
    """Run a Python process that prints one JSON document; the document, and its CPU seconds.

    Raises StackError when it fails or takes too long.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    meter = CpuMeter({"it": process.pid})
    used = 0.0

    async def watch() -> None:
        nonlocal used
        while process.returncode is None:
            used = meter.used()["it"]
            await asyncio.sleep(0.2)

    watching = asyncio.create_task(watch())
    try:
        async with asyncio.timeout(limit_seconds):
            out, err = await process.communicate(given.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise StackError(f"{arguments[-1]} did not end within {limit_seconds:.0f} s") from None
    finally:
        watching.cancel()
    if process.returncode:
        raise StackError(f"{' '.join(arguments)} failed:\n{err.decode()[-2000:]}")
    return json.loads(out.decode().splitlines()[-1]), used
