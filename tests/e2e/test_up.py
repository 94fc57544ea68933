"""`kawase up` with real servers: what is killed comes back, and nothing outlives a kill."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from services.sandbox.errors import ServerFailed
from services.sandbox.kafka import Kafka
from services.sandbox.ports import PortBook
from services.sandbox.postgres import Postgres
from services.sandbox.service import accepts
from services.sandbox.settings import inherited
from tests.e2e.processes import processes_of, wait_until

pytestmark = pytest.mark.slow

# What the house promises for a start on old data, whatever was killed, on two cores of its own.
PROMISED_SECONDS = 15.0
# The longest that a test waits on a machine that others keep busy.
PATIENCE_SECONDS = 60.0
CALL_SECONDS = 15.0
GONE_SECONDS = 5.0
STOP_SECONDS = 30.0
TOPIC = "kept"


@dataclass(frozen=True, slots=True)
class Up:
    """A running `kawase up --only stack`."""

    process: subprocess.Popen[str]
    directory: Path
    endpoints: dict[str, Any]

    @property
    def dsn(self) -> str:
        return str(self.endpoints["postgres"])

    @property
    def kafka(self) -> str:
        return str(self.endpoints["kafka"])

    def process_of(self, program: str) -> psutil.Process:
        """The stack's own child that runs `program`."""
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if Path(child.exe()).name == program)


def command(directory: Path) -> list[str]:
    return [
        str(Path(sys.executable).parent / "kawase"),
        *("up", "--only", "stack", "--json", "--dir", str(directory)),
    ]


@contextmanager
def up(directory: Path) -> Iterator[Up]:
    """`kawase up` on `directory`, ready; stopped at the end where it still runs."""
    with subprocess.Popen(
        command(directory), stdout=subprocess.PIPE, text=True, env=inherited()
    ) as process:
        try:
            assert process.stdout is not None
            yield Up(process, directory, json.loads(process.stdout.readline()))
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


@pytest.fixture(scope="module")
def running(directory: Path) -> Iterator[Up]:
    """One `kawase up` for the tests that leave it running, with a row and a message stored."""
    with up(directory) as started:
        asyncio.run(store(started))
        yield started


def allowed() -> float:
    """The promise in seconds, stretched by how many processes share each core at present."""
    crowd = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    return min(PROMISED_SECONDS * crowd, PATIENCE_SECONDS)


async def store(running: Up) -> None:
    connection = await asyncpg.connect(running.dsn)
    await connection.execute("CREATE TABLE kept AS SELECT 'a row' AS what")
    await connection.close()
    await make_topic(running.kafka)
    async with AIOKafkaProducer(bootstrap_servers=running.kafka, acks="all") as producer:
        await producer.send_and_wait(TOPIC, b"a message")


async def make_topic(kafka: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    await admin.close()


async def has_topic(kafka: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    there = TOPIC in await admin.list_topics()
    await admin.close()
    return there


def row_is_kept(dsn: str) -> bool:
    async def read() -> bool:
        connection = await asyncpg.connect(dsn, timeout=CALL_SECONDS)
        try:
            return bool(await connection.fetchval("SELECT what FROM kept") == "a row")
        finally:
            await connection.close()

    try:
        return asyncio.run(read())
    except (OSError, asyncpg.PostgresError):
        return False


def message_is_kept(kafka: str) -> bool:
    async def read() -> bool:
        # The client logs an error for each connection that is refused.
        if not await accepts(kafka):
            return False
        consumer = AIOKafkaConsumer(
            TOPIC, bootstrap_servers=kafka, auto_offset_reset="earliest", group_id=None
        )
        try:
            await consumer.start()
            record = await asyncio.wait_for(consumer.getone(), CALL_SECONDS)
            return bool(record.value == b"a message")
        finally:
            await consumer.stop()

    try:
        return asyncio.run(read())
    except (OSError, TimeoutError, KafkaError):
        return False


def test_a_killed_postgres_comes_back_with_its_rows(running: Up) -> None:
    running.process_of("postgres").kill()
    wait_until(lambda: row_is_kept(running.dsn), allowed(), "the row is read again")


def test_a_killed_kafka_comes_back_with_its_messages(running: Up) -> None:
    running.process_of("java").kill()
    wait_until(lambda: message_is_kept(running.kafka), allowed(), "the message is read again")


def test_a_second_kawase_up_on_the_directory_is_refused(running: Up) -> None:
    second = subprocess.run(
        command(running.directory), capture_output=True, text=True, env=inherited(), timeout=30
    )
    assert second.returncode == 1
    assert f"is run by process {running.process.pid} already" in second.stderr
    assert "Traceback" not in second.stderr


def test_nothing_outlives_a_killed_kawase_up_and_its_data_are_kept(
    directory: Path, running: Up
) -> None:
    assert len(processes_of(directory)) >= 3
    running.process.kill()
    wait_until(lambda: not processes_of(directory), GONE_SECONDS, "all processes are gone")
    began = time.monotonic()
    with up(directory) as again:
        assert time.monotonic() - began < allowed()
        assert row_is_kept(again.dsn)
        assert message_is_kept(again.kafka)
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(STOP_SECONDS) == 0
        assert processes_of(directory) == []


async def test_kafka_starts_empty_after_its_data_were_wiped(tmp_path: Path) -> None:
    kafka = Kafka(
        tmp_path / "kafka", tmp_path / "log", inherited(), PortBook(tmp_path / "ports"), False
    )
    await kafka.start()
    try:
        await make_topic(kafka.address)
        await kafka.kill()
        kafka.wipe()
        await kafka.start()
        assert not await has_topic(kafka.address)
    finally:
        await kafka.kill()


async def test_a_lost_password_is_said_and_leaves_nothing_running(tmp_path: Path) -> None:
    home, book = tmp_path / "postgres", PortBook(tmp_path / "ports")
    postgres = Postgres(home, tmp_path / "log", inherited(), book, durable=False)
    await postgres.start()
    await postgres.stop()
    (home / "password").unlink()
    with pytest.raises(ServerFailed, match="does not let its owner in"):
        await postgres.start()
    assert postgres.child is not None
    assert postgres.child.returncode is not None
