"""What a stack leaves in its directory for others to find."""

import stat
from pathlib import Path

import pytest

from services.sandbox import lock
from services.sandbox.databases import keep_secret, service_dsn, with_database
from services.sandbox.endpoints import Endpoints, publish_endpoints, read_endpoints
from services.sandbox.errors import StackError, StackInUse
from services.sandbox.process import tail
from services.sandbox.progress import Progress
from services.sandbox.supervise import BackOff

OWNER = "postgresql://kawase:secret@127.0.0.1:5555/kawase"


def endpoints(directory: Path) -> Endpoints:
    clock = directory / "clock.json"
    return Endpoints(directory, OWNER, "127.0.0.1:9999", clock, {"gateway": "127.0.0.1:7777"})


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_endpoints_of_a_running_stack_are_read_as_they_were_written(tmp_path: Path) -> None:
    with lock.take(tmp_path):
        publish_endpoints(endpoints(tmp_path))
        assert read_endpoints(tmp_path) == endpoints(tmp_path)


def test_the_file_with_the_owners_password_is_for_its_owner_only(tmp_path: Path) -> None:
    publish_endpoints(endpoints(tmp_path))
    assert mode(tmp_path / "stack.json") == 0o600


def test_endpoints_that_a_killed_stack_left_are_not_believed(tmp_path: Path) -> None:
    publish_endpoints(endpoints(tmp_path))
    with pytest.raises(StackError, match="no stack runs in"):
        read_endpoints(tmp_path)


def test_a_stack_that_is_not_ready_yet_has_no_endpoints(tmp_path: Path) -> None:
    with lock.take(tmp_path), pytest.raises(StackError, match="no stack runs in"):
        read_endpoints(tmp_path)


def test_a_directory_is_locked_once(tmp_path: Path) -> None:
    with lock.take(tmp_path), pytest.raises(StackInUse, match="run by process"):
        lock.take(tmp_path)
    assert not lock.is_taken(tmp_path)


def test_a_secret_is_generated_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "wallet"
    secret = keep_secret(path)
    assert len(secret) >= 32
    assert keep_secret(path) == secret
    assert mode(path) == 0o600


def test_a_services_dsn_has_its_own_login_and_the_same_database() -> None:
    dsn = service_dsn(OWNER, "wallet", "p@ss")
    assert dsn == "postgresql://kawase_wallet:p%40ss@127.0.0.1:5555/kawase"


def test_another_database_keeps_server_and_login() -> None:
    assert with_database(OWNER, "other") == "postgresql://kawase:secret@127.0.0.1:5555/other"


def test_the_pause_doubles_with_each_death_up_to_its_limit() -> None:
    back_off = BackOff(first=0.5, factor=2.0, longest=3.0)
    assert [back_off.pause(deaths) for deaths in (1, 2, 3, 4, 9999)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_a_line_of_progress_says_who_what_where_and_how_long() -> None:
    ready = Progress("postgres", "ready", "127.0.0.1:41234", 1.31)
    assert ready.line() == "postgres         ready     127.0.0.1:41234  1.3 s"
    assert Progress("kafka", "starting").line() == "kafka            starting"


def test_the_tail_of_a_log_is_its_end(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("x" * 10_000 + "the end")
    assert tail(tmp_path / "log").endswith("the end")
    assert len(tail(tmp_path / "log")) < 5_000
    assert tail(tmp_path / "none") == ""
