"""Folders in memory for the data of a stack that is thrown away.

A test's database is some thousand files. On a disk making them took several times the processor
time that it takes in memory, and waited for everybody else's files.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from services.sandbox import lock

MEMORY = Path("/dev/shm")  # noqa: S108 - folders of names nobody can guess are made there
PREFIX = "kawase-"
# The tests' servers held a tenth of it. Containers often have 64 MB there, which is too little.
ROOM_BYTES = 4 * 1024**3


@contextmanager
def in_memory(
    directory: Path, parts: Sequence[str], memory: Path = MEMORY, room_bytes: int = ROOM_BYTES
) -> Iterator[None]:
    """Let `parts` of `directory` lead to memory, where there is room for them; removed at the end.

    What somebody who was killed has left there is removed first.
    """
    if not _has_room(memory, room_bytes):
        yield
        return
    _sweep(memory)
    # It gets its name once it is locked, so that nobody takes it for what a dead one has left.
    draft = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=memory))
    with lock.take(draft):
        folder = draft.rename(memory / draft.name.removeprefix("."))
        try:
            # A server that runs as somebody else goes through it.
            folder.chmod(0o711)
            for part in parts:
                (folder / part).mkdir()
                (directory / part).unlink(missing_ok=True)
                (directory / part).symlink_to(folder / part)
            yield
        finally:
            for part in parts:
                (directory / part).unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)


def _has_room(memory: Path, room_bytes: int) -> bool:
    return (
        memory.is_dir()
        and os.access(memory, os.W_OK)
        and shutil.disk_usage(memory).free >= room_bytes
        and psutil.virtual_memory().available >= room_bytes
    )


def _sweep(memory: Path) -> None:
    for folder in memory.glob(f"{PREFIX}*"):
        if os.access(folder, os.W_OK) and not lock.is_taken(folder):
            shutil.rmtree(folder, ignore_errors=True)
