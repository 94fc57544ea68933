"""A throw-away stack that lives as long as anyone uses it: what the workers of one test run share.

    python -P -m services.sandbox.host DIRECTORY

Users hold a shared lock on `DIRECTORY/users`. The host waits to hold that lock alone, which it gets
when the last user has let go or died. It then removes the data and ends; the logs stay. Its data
are not durable: they are in memory, where there is room.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.sandbox.databases import execute
from services.sandbox.endpoints import FILE_NAME, Endpoints, read_endpoints
from services.sandbox.errors import StackError
from services.sandbox.lock import is_taken
from services.sandbox.memory import in_memory
from services.sandbox.process import tail
from services.sandbox.settings import given, inherited
from services.sandbox.stack import Stack

START_SECONDS = 300.0
# The file that names the database whose copies tests get.
TEMPLATE = "template"
POLL_SECONDS = 0.02
DATA = ("postgres", "kafka")


async def host(directory: Path) -> None:
    """Run the stack of `directory` until nobody uses it."""
    with in_memory(directory, DATA):
        await _host(directory)


async def _host(directory: Path) -> None:
    stack = Stack(directory, durable=False, tell=lambda progress: print(progress.line()))  # noqa: T201
    await stack.start()
    # Closed, and with it let go, only when all has ended: a new user waits for that.
    with (directory / "users").open("a") as users:
        try:
            # A thread may wait here: nothing is started from it.
            await asyncio.to_thread(fcntl.flock, users, fcntl.LOCK_EX)
        finally:
            await _drop_template(stack)
            await stack.stop()
            for part in DATA:
                shutil.rmtree(directory / part, ignore_errors=True)


async def _drop_template(stack: Stack) -> None:
    """Leave nothing behind in a server that is not ours and goes on."""
    if stack.postgres is None and (name := template_of(stack.directory)) is not None:
        await execute(stack.endpoints.postgres, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def template_of(directory: Path) -> str | None:
    """The database whose copies tests get, once it is there."""
    path = directory / TEMPLATE
    return path.read_text() if path.exists() else None


@contextmanager
def shared(directory: Path) -> Iterator[Endpoints]:
    """The endpoints of the stack in `directory`, started by whoever comes first.

    Blocks while it starts. Raises StackError where it does not come up.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "users").open("a") as users:
        with (directory / "starting").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            # Waits for a host that is about to end.
            fcntl.flock(users, fcntl.LOCK_SH)
            if not is_taken(directory):
                _start(directory)
        yield read_endpoints(directory)


def _start(directory: Path) -> None:
    log = directory / "host.log"
    # Of a host that was killed.
    (directory / FILE_NAME).unlink(missing_ok=True)
    pid = _spawn(directory, log)
    deadline = time.monotonic() + START_SECONDS
    while not (directory / FILE_NAME).exists():
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            raise StackError(f"the test stack did not start:\n{tail(log)}")
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            raise StackError(f"the test stack was not up in {START_SECONDS:.0f} s:\n{tail(log)}")
        time.sleep(POLL_SECONDS)


def _spawn(directory: Path, log: Path) -> int:
    """The id of a process that is not ours to wait for: it may outlive the one that started it.

    It has a session of its own, so that a Ctrl-C at the tests does not reach it.
    """
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-P", "-m", "services.sandbox.host", str(directory)],
        inherited() | given(),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


if __name__ == "__main__":
    asyncio.run(host(Path(sys.argv[1])))
