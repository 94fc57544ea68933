"""The whole house on this machine: stack, migrations, simulators, services, all under supervision.

`kawase up` and the demo run it; tests kill parts of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from services.kit.postgres import SERVICES, migrate
from services.sandbox.databases import service_passwords
from services.sandbox.endpoints import Endpoints
from services.sandbox.processes import (
    NO_PORTS,
    PARTNERS_FILE,
    PROCESSES,
    ProcessSpec,
    Setup,
    build,
    choose_addresses,
)
from services.sandbox.progress import Progress, Tell
from services.sandbox.simulators import SIMULATORS
from services.sandbox.stack import Stack
from services.sandbox.supervise import Supervisor


class House:
    """`await start()`, use `endpoints`, `await stop()`; `supervisor` kills and restarts parts."""

    def __init__(
        self,
        stack: Stack,
        tell: Tell,
        simulators: Sequence[ProcessSpec] = SIMULATORS,
        services: Sequence[ProcessSpec] = PROCESSES,
        *,
        topic_prefix: str = "kawase",
        partitions: int = 1,
        partners_file: Path = PARTNERS_FILE,
        ports: Mapping[str, int] = NO_PORTS,
    ) -> None:
        """`ports` are those wanted by name; taken where they are free."""
        self.stack = stack
        self.supervisor = Supervisor(tell)
        self._tell = tell
        self._simulators = simulators
        self._services = services
        self._topic_prefix = topic_prefix
        self._partitions = partitions
        self._partners_file = partners_file
        self._ports = ports

    @property
    def endpoints(self) -> Endpoints:
        """Of a started house, with the address of each process."""
        return self.stack.endpoints

    def pids(self) -> dict[str, int]:
        """The process of each part that runs, by name; servers have children of their own."""
        return self.supervisor.pids()

    async def start(self) -> Endpoints:
        """Start everything; what was started is stopped again where a part does not come up.

        Raises StackError.
        """
        endpoints = await self.stack.start()
        try:
            await self._start_processes(endpoints)
        except BaseException:
            await self.stop()
            raise
        return self.endpoints

    async def stop(self) -> None:
        """Stop everything in reverse order, each part in bounded time."""
        await self.supervisor.stop()
        await self.stack.stop()

    async def _start_processes(self, endpoints: Endpoints) -> None:
        for server in (self.stack.postgres, self.stack.kafka):
            if server is not None:
                self.supervisor.adopt(server)
        specs = [*self._simulators, *self._services]
        if not specs:
            return
        passwords = service_passwords(self.stack.directory, SERVICES)
        files = await migrate(endpoints.postgres, passwords)
        self._tell(Progress("migrations", "run", f"{len(files)} files"))
        addresses = choose_addresses(specs, self.stack.ports, self._ports)
        setup = Setup(
            endpoints,
            passwords,
            addresses,
            self._topic_prefix,
            self._partitions,
            self._partners_file,
        )
        for group in (self._simulators, self._services):
            await self.supervisor.start([build(spec, setup) for spec in group])
        self.stack.announce(addresses)


def chosen(names: Iterable[str]) -> tuple[list[ProcessSpec], list[ProcessSpec]]:
    """Simulators and services among `names`; all of them where none is named.

    `stack` names neither, so that `--only stack` runs PostgreSQL and Kafka alone.
    """
    wanted = set(names)
    if not wanted:
        return list(SIMULATORS), list(PROCESSES)
    return (
        [spec for spec in SIMULATORS if spec.name in wanted],
        [spec for spec in PROCESSES if spec.name in wanted],
    )


def names() -> list[str]:
    """What `chosen` understands."""
    return ["stack", *(spec.name for spec in (*SIMULATORS, *PROCESSES))]
