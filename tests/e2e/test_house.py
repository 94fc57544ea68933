"""The house with dummies in place of its processes, on the test run's servers."""

from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest

from services.sandbox.endpoints import Endpoints, read_endpoints
from services.sandbox.errors import ServerFailed, StackError
from services.sandbox.house import House
from services.sandbox.processes import ProcessSpec, Setup, common_env, service_env
from services.sandbox.progress import Progress
from services.sandbox.service import accepts
from services.sandbox.settings import StackSettings
from services.sandbox.stack import Stack
from tests.conftest import PASSWORDS, Database
from tests.e2e.processes import processes_of

pytestmark = pytest.mark.slow


def with_tests(setup: Setup, name: str) -> Mapping[str, str]:
    """The settings of a wallet, and the way to the dummy's module."""
    path = {"PYTHONPATH": str(Path(__file__).parents[2])}
    return {**service_env("wallet")(setup, name), **path}


SIMULATOR = ProcessSpec("partner-dummy", "tests.e2e.dummy", with_tests, accepts)
SERVICE = ProcessSpec("dummy", "tests.e2e.dummy", with_tests, accepts)
MISSING = ProcessSpec("missing", "tests.e2e.missing", common_env, accepts)


@pytest.fixture
def own(stack: Endpoints, database: Database, tmp_path: Path) -> Stack:
    """A stack of this test on the shared servers, whose logins keep their passwords."""
    (tmp_path / "secrets").mkdir()
    for service, password in PASSWORDS.items():
        (tmp_path / "secrets" / service).write_text(password)
    settings = StackSettings(postgres=database.owner, kafka=stack.kafka)
    return Stack(tmp_path, settings=settings)


async def test_the_house_starts_its_processes_and_says_where_they_listen(own: Stack) -> None:
    told: list[Progress] = []
    house = House(own, told.append, [SIMULATOR], [SERVICE])
    endpoints = await house.start()
    try:
        assert set(endpoints.processes) == {"partner-dummy", "dummy"}
        assert read_endpoints(own.directory) == endpoints
        for address in endpoints.processes.values():
            assert await accepts(address)
    finally:
        await house.stop()
    assert [(line.name, line.state) for line in told if line.state in ("ready", "stopped")] == [
        ("partner-dummy", "ready"),
        ("dummy", "ready"),
        ("dummy", "stopped"),
        ("partner-dummy", "stopped"),
    ]
    assert processes_of(own.directory) == []
    with pytest.raises(StackError, match="no stack runs"):
        read_endpoints(own.directory)


async def test_a_process_that_does_not_come_up_takes_the_house_down_again(own: Stack) -> None:
    house = House(own, lambda _: None, [SIMULATOR], [SERVICE, MISSING])
    with pytest.raises(ServerFailed, match="missing ended with 1 while starting"):
        await house.start()
    assert processes_of(own.directory) == []


async def test_a_service_of_the_house_can_log_in(own: Stack) -> None:
    dsns: list[str] = []

    def noted(setup: Setup, name: str) -> Mapping[str, str]:
        env = with_tests(setup, name)
        dsns.append(env["KAWASE_POSTGRES"])
        return env

    house = House(own, lambda _: None, [], [ProcessSpec("d", "tests.e2e.dummy", noted, accepts)])
    await house.start()
    try:
        connection = await asyncpg.connect(dsns[0])
        assert await connection.fetchval("SELECT current_user") == "kawase_wallet"
        await connection.close()
    finally:
        await house.stop()
