"""What is printed beside a run: gRPC alone and the partner's HTTP alone, on the same machine."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from services.sandbox.bench.child import run_json
from services.sandbox.bench.measure import CpuMeter
from services.sandbox.ports import HOST, PortBook
from services.sandbox.service import grpc_serving

MODULE = "services.sandbox.bench.alone"
SECONDS = 3.0
READY_SECONDS = 20.0
GRACE_SECONDS = 30.0


async def grpc_alone(in_flight: int) -> dict[str, Any]:
    """Two empty unary calls a payment, with nothing behind them."""
    with tempfile.TemporaryDirectory() as folder:
        port = PortBook(Path(folder) / "ports.json").take("alone")
    server = await asyncio.create_subprocess_exec(
        # Its log lines have no place within the bench's own output.
        *(sys.executable, "-P", "-m", MODULE, "grpc-server", str(port)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(READY_SECONDS):
            # Another process: there is nothing to wait on.
            while not await grpc_serving(f"{HOST}:{port}"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        arguments = ["grpc-client", f"{HOST}:{port}", str(in_flight), str(SECONDS)]
        return await _alone(arguments, {"server": server.pid})
    finally:
        server.kill()
        await server.wait()


async def http_alone(url: str, in_flight: int, partner_pid: int) -> dict[str, Any]:
    """One call a payment to the light partner."""
    arguments = ["http-client", url, str(in_flight), str(SECONDS)]
    return await _alone(arguments, {"server": partner_pid})


async def _alone(arguments: list[str], servers: dict[str, int]) -> dict[str, Any]:
    meter = CpuMeter(servers)
    answer, client_cpu = await run_json(["-m", MODULE, *arguments], "", SECONDS + GRACE_SECONDS)
    done = max(1, int(answer["done"]))
    return {
        "per_second": round(done / SECONDS),
        "cpu_us": {
            "client": round(client_cpu * 1e6 / done),
            "server": round(meter.used()["server"] * 1e6 / done),
        },
    }
