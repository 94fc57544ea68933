"""One process of the house, as a unit of the supervisor: `python -P -m MODULE` with settings."""

import contextlib
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2

from services.sandbox.errors import ServerFailed
from services.sandbox.process import Child, Command, RunsChild, port_open

READY_SECONDS = 60.0
STOP_SECONDS = 15.0
PROBE_SECONDS = 1.0

Ready = Callable[[str], Awaitable[bool]]
"""Whether the process that listens at an address, host:port, does its work."""


async def grpc_serving(address: str) -> bool:
    """Whether its gRPC health says that it serves."""
    if not await accepts(address):
        return False
    async with grpc.aio.insecure_channel(address) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        with contextlib.suppress(grpc.aio.AioRpcError):
            answer = await check(health_pb2.HealthCheckRequest(), timeout=PROBE_SECONDS)
            return answer.status == health_pb2.HealthCheckResponse.SERVING
    return False


async def accepts(address: str) -> bool:
    """Whether it accepts connections."""
    host, _, port = address.rpartition(":")
    return await port_open(host, int(port))


@dataclass(slots=True)
class Service(RunsChild):
    """A process that listens at `address` and finds its settings in its environment."""

    name: str
    module: str
    address: str
    env: Mapping[str, str]
    log: Path
    ready: Ready = grpc_serving
    ready_seconds: float = READY_SECONDS
    stop_seconds: float = STOP_SECONDS
    child: Child | None = field(default=None, init=False)

    async def start(self) -> None:
        """Start it and wait until it is ready; raises ServerFailed where it does not come up."""
        if self.child is not None and self.child.returncode is None:
            raise ServerFailed(f"{self.name} runs already, as process {self.child.pid}")
        argv = [sys.executable, "-P", "-m", self.module]
        command = Command(self.name, argv, self.env, self.log, stop_seconds=self.stop_seconds)
        self.child = await Child.spawn(command)
        await self.child.until_ready(lambda: self.ready(self.address), self.ready_seconds)
