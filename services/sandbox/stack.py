"""The stack: PostgreSQL, Kafka and the clock file, under one directory that lasts between runs.

One process at a time runs the stack of a directory, under a lock that ends with the process.
Servers that exist already (`KAWASE_POSTGRES`, `KAWASE_KAFKA`) are used and never stopped.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import asyncpg

from services.sandbox.clock import FILE_NAME, FIRST_INSTANT, hold_clock, start_clock
from services.sandbox.errors import ServerFailed, StackError, StackInUse
from services.sandbox.kafka import Kafka, answers
from services.sandbox.postgres import Postgres
from services.sandbox.progress import Progress, Tell, tell_nobody
from services.sandbox.settings import MARKER, StackSettings, inherited

CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the parts of a running stack are found."""

    directory: Path
    # The owner's DSN: the login that may create databases, schemas and roles.
    postgres: str
    # Kafka's bootstrap servers, host:port.
    kafka: str
    clock: Path

    def to_json(self) -> str:
        return json.dumps(
            {
                "directory": str(self.directory),
                "postgres": self.postgres,
                "kafka": self.kafka,
                "clock": str(self.clock),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Endpoints":
        """Raises ValueError or KeyError where `text` is not of this form."""
        fields = json.loads(text)
        return cls(
            Path(fields["directory"]), fields["postgres"], fields["kafka"], Path(fields["clock"])
        )


class Stack:
    """The stack of one directory: `await start()`, use the endpoints, `await stop()`."""

    def __init__(
        self,
        directory: Path,
        *,
        tell: Tell = tell_nobody,
        durable: bool = True,
        settings: StackSettings | None = None,
        first_instant: datetime = FIRST_INSTANT,
    ) -> None:
        self.directory = directory.absolute()
        self._tell = tell
        self._settings = settings or StackSettings()
        self._first_instant = first_instant
        self._lock: IO[str] | None = None
        env = inherited() | {MARKER: str(self.directory)}
        ports = self._ports()
        logs = self.directory / "logs"
        self.postgres: Postgres | None = None
        self.kafka: Kafka | None = None
        if self._settings.postgres is None:
            self.postgres = Postgres(
                self.directory / "postgres",
                logs / "postgres.log",
                env,
                port=ports.get("postgres"),
                durable=durable,
            )
        if self._settings.kafka is None:
            self.kafka = Kafka(
                self.directory / "kafka",
                logs / "kafka.log",
                env,
                tell,
                port=ports.get("kafka"),
                controller_port=ports.get("kafka_controller"),
                durable=durable,
            )

    @property
    def clock(self) -> Path:
        return self.directory / FILE_NAME

    @property
    def endpoints(self) -> Endpoints:
        """Of a started stack."""
        postgres = self.postgres.dsn if self.postgres else self._settings.postgres
        kafka = self.kafka.address if self.kafka else self._settings.kafka
        assert postgres is not None, "one of the two"
        assert kafka is not None, "one of the two"
        return Endpoints(self.directory, postgres, kafka, self.clock)

    async def start(self) -> Endpoints:
        """Start what is ours, look for what is not, both at once.

        Raises StackInUse where the directory's stack is run by another process, and another
        StackError where a server does not come up; nothing is left running then.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            start_clock(self.clock, self._first_instant)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._start_postgres())
                group.create_task(self._start_kafka())
            self._remember()
        except BaseException as error:
            await self.stop()
            raise _first(error) from None
        return self.endpoints

    async def stop(self) -> None:
        """Stop what we started, in reverse order, each in bounded time; hold the clock."""
        if self._lock is None:
            return
        try:
            for server in (self.kafka, self.postgres):
                if server is not None and server.child is not None:
                    await self._timed(server.name, "stopped", "", server.stop)
            if self.clock.exists():
                hold_clock(self.clock)
        finally:
            (self.directory / "stack.json").unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    async def _start_postgres(self) -> None:
        if self.postgres is not None:
            self._tell(Progress("postgres", "starting"))
            await self._timed(
                "postgres", "ready", lambda: self.postgres_address, self.postgres.start
            )
        else:
            await self._timed("postgres", "found", lambda: self.postgres_address, self._look)

    async def _start_kafka(self) -> None:
        if self.kafka is not None:
            self._tell(Progress("kafka", "starting"))
            await self._timed("kafka", "ready", lambda: self.endpoints.kafka, self.kafka.start)
            return
        assert self._settings.kafka is not None, "one of the two"
        if not await answers(self._settings.kafka):
            raise ServerFailed(f"no Kafka answers at {self._settings.kafka} (KAWASE_KAFKA)")
        self._tell(Progress("kafka", "found", self._settings.kafka))

    @property
    def postgres_address(self) -> str:
        """host:port, for people."""
        parts = urlsplit(self.endpoints.postgres)
        return f"{parts.hostname}:{parts.port or 5432}"

    async def _look(self) -> None:
        try:
            connection = await asyncpg.connect(self._settings.postgres, timeout=CONNECT_SECONDS)
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            raise ServerFailed(
                f"cannot connect to {self.postgres_address} (KAWASE_POSTGRES): {error}"
            ) from error
        await connection.close()

    async def _timed(
        self,
        name: str,
        state: str,
        detail: str | Callable[[], str],
        work: Callable[[], Awaitable[None]],
    ) -> None:
        began = time.monotonic()
        await work()
        seconds = time.monotonic() - began
        self._tell(Progress(name, state, detail() if callable(detail) else detail, seconds))

    def _take_lock(self) -> None:
        lock = (self.directory / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise StackInUse(
                f"the stack in {self.directory} is run by process {holder} already; stop that one, "
                "or name another directory with --dir"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _ports(self) -> dict[str, int]:
        """Those of the last run, so that an address stays good where it can."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            ports: dict[str, int] = json.loads((self.directory / "ports.json").read_text())
            return ports
        return {}

    def _remember(self) -> None:
        ports: dict[str, int | None] = {}
        if self.postgres is not None:
            ports["postgres"] = self.postgres.port
        if self.kafka is not None:
            ports |= {"kafka": self.kafka.port, "kafka_controller": self.kafka.controller_port}
        (self.directory / "ports.json").write_text(json.dumps(ports))
        # Holds the owner's password.
        running = self.directory / "stack.json"
        running.unlink(missing_ok=True)
        running.touch(mode=0o600)
        running.write_text(self.endpoints.to_json())


@contextlib.asynccontextmanager
async def running(stack: Stack) -> AsyncIterator[Endpoints]:
    """The stack started, and stopped at the end."""
    endpoints = await stack.start()
    try:
        yield endpoints
    finally:
        await stack.stop()


def read_endpoints(directory: Path) -> Endpoints:
    """Where the running stack of `directory` is.

    Raises StackError where none runs.
    """
    try:
        return Endpoints.from_json((directory.absolute() / "stack.json").read_text())
    except FileNotFoundError:
        raise StackError(
            f"no stack runs in {directory}; start one with `kawase up`, or name its directory with "
            "--dir"
        ) from None


def _first(error: BaseException) -> BaseException:
    """The first of a group's errors: the others were cancelled for it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
