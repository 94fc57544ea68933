"""CPU of processes and of the processes under them."""

from collections.abc import Mapping
from contextlib import suppress

import psutil


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, of its children, and of those it has outlived."""
    root = psutil.Process(pid)
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
            if process is root:
                total += times.children_user + times.children_system
    return total


class CpuMeter:
    """What each named process has used since the meter was made."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before = {name: cpu_seconds(pid) for name, pid in pids.items()}

    def used(self) -> dict[str, float]:
        """Seconds by name."""
        return {name: cpu_seconds(pid) - self._before[name] for name, pid in self._pids.items()}


def per_payment(used: Mapping[str, float], payments: int) -> dict[str, int]:
    """Microseconds a payment, by name."""
    return {name: round(seconds * 1e6 / max(1, payments)) for name, seconds in used.items()}
