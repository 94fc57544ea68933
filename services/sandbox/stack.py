"""The stack: PostgreSQL, Kafka and the clock file, under one directory that lasts between runs.

One process at a time runs the stack of a directory. Servers that exist already (`KAWASE_POSTGRES`,
`KAWASE_KAFKA`) are used and never stopped.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import asyncpg

from services.sandbox import clock, lock
from services.sandbox.endpoints import Endpoints, publish_endpoints, withdraw_endpoints
from services.sandbox.errors import ServerFailed, first_of
from services.sandbox.kafka import Kafka, answers
from services.sandbox.ports import PortBook
from services.sandbox.postgres import Postgres
from services.sandbox.progress import Progress, Tell, tell_nobody
from services.sandbox.settings import MARKER, StackSettings, inherited

CONNECT_SECONDS = 10.0


class Stack:
    """The stack of one directory: `await start()`, use the endpoints, `await stop()`."""

    def __init__(
        self,
        directory: Path,
        *,
        tell: Tell = tell_nobody,
        durable: bool = True,
        settings: StackSettings | None = None,
        first_instant: datetime = clock.FIRST_INSTANT,
    ) -> None:
        """`durable=False` trades the safety of the data for speed; `first_instant` is what the
        clock of a new directory shows first."""
        self.directory = directory.absolute()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.ports = PortBook(self.directory / "ports.json")
        self._tell = tell
        self._settings = settings or StackSettings()
        self._first_instant = first_instant
        self._lock: IO[str] | None = None
        self._processes: Mapping[str, str] = {}
        env = inherited() | {MARKER: str(self.directory)}
        home, logs = self.directory, self.directory / "logs"
        self.postgres = (
            Postgres(home / "postgres", logs / "postgres.log", env, self.ports, durable)
            if self._settings.postgres is None
            else None
        )
        self.kafka = (
            Kafka(home / "kafka", logs / "kafka.log", env, self.ports, durable, tell)
            if self._settings.kafka is None
            else None
        )

    @property
    def endpoints(self) -> Endpoints:
        """Of a started stack."""
        postgres = self.postgres.dsn if self.postgres else self._settings.postgres
        kafka = self.kafka.address if self.kafka else self._settings.kafka
        assert postgres is not None, "ours or named"
        assert kafka is not None, "ours or named"
        path = self.directory / clock.FILE_NAME
        return Endpoints(self.directory, postgres, kafka, path, self._processes)

    async def start(self) -> Endpoints:
        """Start what is ours, look for what is not, both at once.

        Raises StackInUse where the directory's stack is run by another process, and another
        StackError where a server does not come up; nothing is left running then.
        """
        self._lock = lock.take(self.directory)
        try:
            withdraw_endpoints(self.directory)
            clock.start_clock(self.directory / clock.FILE_NAME, self._first_instant)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._start_postgres())
                group.create_task(self._start_kafka())
            self.announce({})
        except BaseException as error:
            await self.stop()
            raise first_of(error) from None
        return self.endpoints

    async def stop(self) -> None:
        """Stop what we started, in reverse order, each in bounded time; hold the clock."""
        if self._lock is None:
            return
        try:
            withdraw_endpoints(self.directory)
            for server in (self.kafka, self.postgres):
                if server is not None and server.child is not None:
                    await self._timed(Progress(server.name, "stopped"), server.stop)
            clock.hold_clock(self.directory / clock.FILE_NAME)
        finally:
            self._lock.close()
            self._lock = None

    def announce(self, processes: Mapping[str, str]) -> None:
        """Let other commands find the stack, and the processes that use it: host:port by name."""
        self._processes = dict(processes)
        publish_endpoints(self.endpoints)

    async def _start_postgres(self) -> None:
        if self.postgres is not None:
            self._tell(Progress("postgres", "starting"))
            await self._timed(Progress("postgres", "ready"), self.postgres.start)
        else:
            await self._timed(Progress("postgres", "found"), self._find_postgres)

    async def _start_kafka(self) -> None:
        if self.kafka is not None:
            self._tell(Progress("kafka", "starting"))
            await self._timed(Progress("kafka", "ready"), self.kafka.start)
        else:
            await self._timed(Progress("kafka", "found"), self._find_kafka)

    async def _find_postgres(self) -> None:
        try:
            connection = await asyncpg.connect(self._settings.postgres, timeout=CONNECT_SECONDS)
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError) as error:
            raise ServerFailed(
                f"cannot use {self._address_of('postgres')} (KAWASE_POSTGRES): {error}; correct "
                "it, or leave it out to have a PostgreSQL started here"
            ) from error
        await connection.close()

    async def _find_kafka(self) -> None:
        address = self._address_of("kafka")
        if not await answers(address):
            raise ServerFailed(
                f"no Kafka answers at {address} (KAWASE_KAFKA); correct it, or leave it out to "
                "have a Kafka started here"
            )

    async def _timed(self, progress: Progress, work: Callable[[], Awaitable[None]]) -> None:
        began = time.monotonic()
        await work()
        seconds = time.monotonic() - began
        self._tell(replace(progress, detail=self._address_of(progress.name), seconds=seconds))

    def _address_of(self, name: str) -> str:
        """For people: without login and password."""
        if name == "kafka":
            return self.endpoints.kafka
        parts = urlsplit(self.endpoints.postgres)
        return f"{parts.hostname}:{parts.port or 5432}"
