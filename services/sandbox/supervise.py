"""Keeps processes running: starts them, says when one died, starts it again with a growing pause.

A unit that was stopped or killed *through the supervisor* stays down until `restart`; any other end
is a death. Use it from the main thread's event loop, like everything that starts a process.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from services.sandbox.errors import StackError, first_of
from services.sandbox.progress import Progress, Tell


class Unit(Protocol):
    """Something that runs as a process: a server or a service."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str:
        """host:port where it listens."""
        ...

    @property
    def pid(self) -> int | None:
        """Its process while it runs."""
        ...

    async def start(self) -> None:
        """Start it and wait until it is ready; raises StackError where it does not come up."""
        ...

    async def wait(self) -> int:
        """Wait for its end."""
        ...

    async def stop(self) -> None:
        """Ask it to end; kill it past its time."""
        ...

    async def kill(self) -> None:
        """End it as a crash would."""
        ...


@dataclass(frozen=True, slots=True)
class BackOff:
    """The pauses before starts of what keeps dying, in seconds."""

    first: float = 0.5
    factor: float = 2.0
    longest: float = 30.0
    # What ran this long died of something new.
    healthy_after: float = 30.0

    def pause(self, deaths: int) -> float:
        """After the `deaths`-th death in a row."""
        return min(self.first * self.factor ** min(deaths - 1, 30), self.longest)


class Supervisor:
    """Runs units in groups; a later group is started after, and stopped before, an earlier one."""

    def __init__(self, tell: Tell, back_off: BackOff | None = None) -> None:
        self._tell = tell
        self._back_off = back_off or BackOff()
        self._groups: list[list[Unit]] = []
        self._units: dict[str, Unit] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}

    async def start(self, units: Iterable[Unit]) -> None:
        """Start a group, all at once. Raises the first StackError; `stop` then ends what runs."""
        group = list(units)
        self._groups.append(group)
        self._units |= {unit.name: unit for unit in group}
        try:
            async with asyncio.TaskGroup() as tasks:
                for unit in group:
                    tasks.create_task(self._start(unit))
        except BaseExceptionGroup as errors:
            raise first_of(errors) from None

    def adopt(self, unit: Unit) -> None:
        """Watch a unit that runs already and that somebody else stops."""
        self._units[unit.name] = unit
        self._watch(unit)

    def addresses(self) -> dict[str, str]:
        """Where each unit listens."""
        return {name: unit.address for name, unit in self._units.items()}

    def pids(self) -> dict[str, int]:
        """The process of each unit that runs."""
        return {name: unit.pid for name, unit in self._units.items() if unit.pid is not None}

    async def kill(self, name: str) -> None:
        """End a unit as a crash would, and leave it down."""
        await self._unwatch(name)
        await self._units[name].kill()
        self._tell(Progress(name, "killed"))

    async def restart(self, name: str) -> None:
        """Start a unit again, stopping it first where it runs."""
        await self._unwatch(name)
        await self._units[name].stop()
        await self._start(self._units[name])

    async def stop(self) -> None:
        """Stop all that was started here, the last group first; adopted units are only let go."""
        for name in list(self._watches):
            await self._unwatch(name)
        for group in reversed(self._groups):
            await asyncio.gather(*(self._stop(unit) for unit in group))
        self._groups.clear()

    async def _start(self, unit: Unit) -> None:
        began = time.monotonic()
        self._tell(Progress(unit.name, "starting"))
        await unit.start()
        self._tell(Progress(unit.name, "ready", unit.address, time.monotonic() - began))
        self._watch(unit)

    async def _stop(self, unit: Unit) -> None:
        began = time.monotonic()
        await unit.stop()
        self._tell(Progress(unit.name, "stopped", seconds=time.monotonic() - began))

    def _watch(self, unit: Unit) -> None:
        self._watches[unit.name] = asyncio.create_task(self._keep(unit), name=f"keep {unit.name}")

    async def _unwatch(self, name: str) -> None:
        if (watch := self._watches.pop(name, None)) is not None:
            watch.cancel()
            await asyncio.wait([watch])

    async def _keep(self, unit: Unit) -> None:
        deaths = 0
        while True:
            began = time.monotonic()
            status = await unit.wait()
            if time.monotonic() - began >= self._back_off.healthy_after:
                deaths = 0
            deaths += 1
            pause = self._back_off.pause(deaths)
            self._tell(Progress(unit.name, "died", f"{_end(status)}; again in {pause:g} s"))
            await asyncio.sleep(pause)
            await self._again(unit)

    async def _again(self, unit: Unit) -> None:
        """One more try; where it fails, the unit is down and its death is seen at once."""
        began = time.monotonic()
        try:
            await unit.start()
        except StackError as error:
            self._tell(Progress(unit.name, "failed", str(error)))
        else:
            self._tell(Progress(unit.name, "ready", unit.address, time.monotonic() - began))


def _end(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"
