"""One process runs the stack of a directory; the kernel lets go of the lock when it ends."""

import fcntl
import os
from pathlib import Path
from typing import IO

from services.sandbox.errors import StackInUse


def take(directory: Path) -> IO[str]:
    """The lock of `directory`, until it is closed; its file holds the holder's process id.

    Raises StackInUse.
    """
    lock = (directory / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise StackInUse(
            f"the stack in {directory} is run by process {holder} already; stop that one, or name "
            "another directory with --dir"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def is_taken(directory: Path) -> bool:
    """Whether a process runs the stack of `directory`."""
    try:
        with (directory / "lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
