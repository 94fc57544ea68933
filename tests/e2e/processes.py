"""Finding the processes of a stack, and waiting for what they do."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil

from services.sandbox.settings import MARKER

POLL_SECONDS = 0.05


def processes_of(directory: Path) -> list[psutil.Process]:
    """Every living process of the stack in `directory`, whoever its parent is by now."""
    return [process for process in psutil.process_iter() if _belongs(process, directory)]


def _belongs(process: psutil.Process, directory: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        # PostgreSQL writes its title over its environment, but works inside the directory.
        marked = process.environ().get(MARKER) == str(directory)
        return marked or Path(process.cwd()).is_relative_to(directory)
    except psutil.Error:
        return False


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait until `condition` holds; how long it took. Fails past `seconds`."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}"
        time.sleep(POLL_SECONDS)
    return time.monotonic() - began
