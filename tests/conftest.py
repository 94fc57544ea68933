"""What tests on real servers share: a stack per test run, a migrated database and topics per test.

`KAWASE_POSTGRES` and `KAWASE_KAFKA` name servers that exist; without them a throw-away stack is
started by the first test that needs it and ends with the last.
"""

import asyncio
import fcntl
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
import xdist.scheduler
from aiokafka.admin import AIOKafkaAdminClient
from hypothesis import HealthCheck, settings

from services.kit.kafka import Topics
from services.kit.postgres import SERVICES
from services.sandbox.databases import (
    create_template,
    execute,
    has_database,
    service_dsn,
    with_database,
)
from services.sandbox.endpoints import Endpoints
from services.sandbox.host import TEMPLATE, shared, template_of

# Logins belong to the whole server, so all runs on one server agree on their passwords.
PASSWORDS = {service: f"for-tests-{service}" for service in SERVICES}


# How long an example takes says more of the machine's other work than of the rule.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# The tracebacks structlog draws by itself, with all variables, take half a second each.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

# Tests of a file share a house there, which takes long to start.
TOGETHER = "tests/e2e/"


class HouseScheduling(xdist.scheduler.LoadScopeScheduling):  # type: ignore[misc]
    """Keeps the tests of an end-to-end file on one worker; all others go where there is room.

    `xdist_group` does not: xdist 3.8 writes the group into an id that pytest 9.2 no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0] if nodeid.startswith(TOGETHER) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> HouseScheduling:
    return HouseScheduling(config, log)


@dataclass(frozen=True, slots=True)
class Database:
    """A database of one test, with all migrations run."""

    owner: str
    """The owner's DSN."""

    def dsn(self, service: str) -> str:
        """The DSN of a service's own login."""
        return service_dsn(self.owner, service, PASSWORDS[service])


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command that ran within a test sets how its process logs: not for the tests after it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session")
def run_directory(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A directory that all workers of this test run share, and no other run."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def stack(run_directory: Path) -> Iterator[Endpoints]:
    """PostgreSQL, Kafka and the clock file, shared by the whole run: do not stop or kill them."""
    with shared(run_directory / "stack") as endpoints:
        yield endpoints


@pytest.fixture(scope="session")
def template_database(stack: Endpoints) -> str:
    """The name of the database whose copies tests get."""
    with (stack.directory / "template.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        name = template_of(stack.directory)
        if name is None or not asyncio.run(has_database(stack.postgres, name)):
            name = asyncio.run(create_template(stack.postgres, PASSWORDS))
            (stack.directory / TEMPLATE).write_text(name)
        return name


@asynccontextmanager
async def fresh_database(stack: Endpoints, template: str) -> AsyncIterator[Database]:
    """A copy of the template; dropped at the end."""
    name = f"{template}_{uuid.uuid4().hex[:12]}"
    await execute(stack.postgres, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield Database(with_database(stack.postgres, name))
    await execute(stack.postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(stack: Endpoints, template_database: str) -> AsyncIterator[Database]:
    """A database of this test alone; dropped after it."""
    async with fresh_database(stack, template_database) as made:
        yield made


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics and consumer groups that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def topics(stack: Endpoints, topic_prefix: str) -> AsyncIterator[Topics]:
    """This test's topics, made with one partition each; deleted after it."""
    made = Topics(stack.kafka, topic_prefix, partitions=1)
    await made.ensure()
    yield made
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka)
    try:
        await admin.start()
        mine = [name for name in await admin.list_topics() if name.startswith(f"{topic_prefix}.")]
        await admin.delete_topics(mine)
    finally:
        await admin.close()
