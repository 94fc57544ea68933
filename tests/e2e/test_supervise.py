"""The supervisor with real processes: deaths are said and mended, stops are bounded."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from services.sandbox.errors import ServerFailed
from services.sandbox.ports import HOST, PortBook
from services.sandbox.process import Child, Command
from services.sandbox.progress import Progress
from services.sandbox.service import Service, accepts
from services.sandbox.settings import inherited
from services.sandbox.supervise import BackOff, Supervisor

pytestmark = pytest.mark.slow

SOON = 20.0
DUMMY = "tests.e2e.dummy"


class Told:
    """What the supervisor said, and waiting for it to say something."""

    def __init__(self) -> None:
        self.said: list[Progress] = []
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, progress: Progress) -> None:
        self.said.append(progress)
        task = asyncio.get_running_loop().create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def count(self, state: str) -> int:
        return sum(progress.state == state for progress in self.said)

    async def until(self, state: str, count: int = 1) -> None:
        async with asyncio.timeout(SOON), self._changed:
            await self._changed.wait_for(lambda: self.count(state) >= count)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def supervisor(told: Told) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(told, BackOff(first=0.01, longest=0.05))
    yield supervisor
    await supervisor.stop()


def dummy(directory: Path, habit: str = "") -> Service:
    address = f"{HOST}:{PortBook(directory / 'ports.json').take('dummy')}"
    # The tests are no installed package, and `-P` keeps the working directory out of the path.
    path = {"PYTHONPATH": str(Path(__file__).parents[2])}
    env = {**inherited(), **path, "KAWASE_LISTEN": address, "KAWASE_HABIT": habit}
    return Service("dummy", DUMMY, address, env, directory / "dummy.log", accepts)


def pid_of(service: Service) -> int:
    assert service.child is not None
    return service.child.pid


async def test_a_service_that_dies_is_started_again(
    supervisor: Supervisor, told: Told, tmp_path: Path
) -> None:
    service = dummy(tmp_path)
    await supervisor.start([service])
    first = pid_of(service)
    os.kill(first, signal.SIGKILL)
    await told.until("ready", 2)
    assert pid_of(service) != first
    died = next(progress for progress in told.said if progress.state == "died")
    assert died.detail == "signal 9; again in 0.01 s"


async def test_a_service_that_keeps_dying_is_tried_again_with_growing_pauses(
    supervisor: Supervisor, told: Told, tmp_path: Path
) -> None:
    await supervisor.start([dummy(tmp_path, "brief")])
    await told.until("died", 4)
    pauses = [progress.detail for progress in told.said if progress.state == "died"]
    assert [pause.rpartition("again in ")[2] for pause in pauses[:4]] == [
        "0.01 s",
        "0.02 s",
        "0.04 s",
        "0.05 s",
    ]


async def test_a_service_killed_on_purpose_stays_down_until_it_is_restarted(
    supervisor: Supervisor, told: Told, tmp_path: Path
) -> None:
    service = dummy(tmp_path)
    await supervisor.start([service])
    await supervisor.kill("dummy")
    assert not await accepts(service.address)
    assert told.count("died") == 0
    await supervisor.restart("dummy")
    assert await accepts(service.address)


async def test_a_service_that_does_not_listen_fails_with_the_end_of_its_log(
    tmp_path: Path,
) -> None:
    service = replace(dummy(tmp_path, "mute"), ready_seconds=1.0)
    with pytest.raises(ServerFailed, match="not today"):
        await service.start()
    assert service.child is not None
    assert service.child.returncode == -signal.SIGKILL


async def test_a_service_that_ignores_sigterm_is_killed_when_its_time_is_over(
    tmp_path: Path,
) -> None:
    service = replace(dummy(tmp_path, "stubborn"), stop_seconds=0.2)
    await service.start()
    await service.stop()
    assert await service.wait() == -signal.SIGKILL


async def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    # A parent that starts a child as we do, says its id and waits.
    script = """
import asyncio, sys
from pathlib import Path
from services.sandbox.process import Child, Command

async def main():
    child = await Child.spawn(Command("sleep", ["sleep", "3600"], {}, Path(sys.argv[1])))
    print(child.pid, flush=True)
    await child.wait()

asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", script, str(tmp_path / "child.log")),
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    child = psutil.Process(int(await parent.stdout.readline()))
    parent.kill()
    await parent.wait()
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [child], SOON)
    assert gone == [child]


async def test_children_are_started_from_the_main_thread_only(tmp_path: Path) -> None:
    command = Command("true", ["true"], {}, tmp_path / "log")
    with pytest.raises(RuntimeError, match="main thread"):
        await asyncio.to_thread(lambda: asyncio.run(Child.spawn(command)))
