"""One child process: it cannot outlive us, logs to a file, and is stopped in bounded time.

Spawn from the main thread only: the kernel ties the death signal to the thread that forked.
"""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.sandbox.errors import ServerFailed

LOG_BYTES_KEPT = 16 * 1024 * 1024
TAIL_BYTES = 4096
TAIL_LINES = 6
READY_POLL_SECONDS = 0.05
KILLED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class User:
    """Whom a child runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a child, and how to end it.

    `stop_signal` asks it to end, `stop_seconds` later it is killed. `death_signal` reaches it when
    we die.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    cwd: Path | None = None
    user: User | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    death_signal: signal.Signals = signal.SIGKILL


def shim(user: User | None, death_signal: signal.Signals) -> list[str]:
    """The words that put a command under `services.sandbox.child`."""
    words = [sys.executable, "-P", "-m", "services.sandbox.child"]
    words += ["--parent", str(os.getpid()), "--signal", str(int(death_signal))]
    if user is not None:
        words += ["--uid", str(user.uid), "--gid", str(user.gid)]
    return [*words, "--"]


@dataclass(slots=True)
class Child:
    """A running (or ended) child."""

    command: Command
    process: asyncio.subprocess.Process
    _stopping: bool = field(default=False)

    @classmethod
    async def spawn(cls, command: Command) -> "Child":
        """Start `command`; its output is appended to its log."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("children are started from the main thread, with which they die")
        command.log.parent.mkdir(parents=True, exist_ok=True)
        _keep_log_small(command.log)
        with command.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *shim(command.user, command.death_signal),
                *command.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(command.env),
                cwd=command.cwd,
                # A Ctrl-C at the terminal is for us; we stop our children in order.
                start_new_session=True,
            )
        return cls(command, process)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative for a signal."""
        return self.process.returncode

    async def wait(self) -> int:
        """Wait for its end; what it returned."""
        return await self.process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        self.send(signal.SIGKILL)
        async with asyncio.timeout(KILLED_SECONDS):
            await self.wait()

    async def stop(self) -> None:
        """Ask it to end, and kill it where it does not."""
        if self.returncode is not None:
            return
        self.send(self.command.stop_signal)
        try:
            async with asyncio.timeout(self.command.stop_seconds):
                await self.wait()
        except TimeoutError:
            await self.kill()

    def tail(self) -> str:
        """The end of its log, for an error message."""
        return tail(self.command.log)

    async def until_ready(self, ready: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """Wait until `ready` answers true.

        Raises ServerFailed, with the end of the log, when the child ends first or the time runs
        out; the child is not left running then.
        """
        name = self.command.name
        try:
            async with asyncio.timeout(seconds):
                while not await ready():
                    if self.returncode is not None:
                        raise ServerFailed(
                            f"{name} ended with {self.returncode} while starting; the end of "
                            f"{self.command.log}:\n{self.tail()}"
                        )
                    await asyncio.sleep(READY_POLL_SECONDS)
        except TimeoutError:
            await self.kill()
            raise ServerFailed(
                f"{name} was not ready within {seconds:.0f} s; the end of {self.command.log}:\n"
                f"{self.tail()}"
            ) from None
        except BaseException:
            await self.kill()
            raise


def tail(path: Path) -> str:
    """The last lines of a file, or nothing where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            lines = file.read().decode(errors="replace").rstrip().splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join(lines[-TAIL_LINES:])


async def port_open(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        async with asyncio.timeout(1.0):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _keep_log_small(log: Path) -> None:
    """Put a long log aside (one generation) before a child writes to it again."""
    if log.exists() and log.stat().st_size > LOG_BYTES_KEPT:
        log.replace(log.with_suffix(".old"))


class RunsChild:
    """What is run as one child: its end, its stop, its death."""

    __slots__ = ()
    child: Child | None

    @property
    def pid(self) -> int | None:
        """Its process while it runs."""
        return None if self.child is None else self.child.pid

    async def wait(self) -> int:
        """Wait for its end; what it returned."""
        assert self.child is not None, "started"
        return await self.child.wait()

    async def stop(self) -> None:
        """Ask it to end, which flushes what it has promised; kill it past its time."""
        if self.child is not None:
            await self.child.stop()

    async def kill(self) -> None:
        """End it as a crash would."""
        if self.child is not None:
            await self.child.kill()
