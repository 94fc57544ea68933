"""Data that are thrown away lie in memory, and nothing of them stays there."""

from pathlib import Path

import pytest

from services.sandbox import lock
from services.sandbox.memory import in_memory

MORE_THAN_THERE_IS = 1 << 60


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    path = tmp_path / "memory"
    path.mkdir()
    return path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "stack"
    path.mkdir()
    return path


def test_what_is_written_lies_in_memory_and_is_gone_at_the_end(
    memory: Path, directory: Path
) -> None:
    with in_memory(directory, ("data",), memory, 0):
        (directory / "data" / "file").write_text("here")
        assert [path.name for path in memory.glob("*/data/*")] == ["file"]
    assert list(memory.iterdir()) == []
    assert list(directory.iterdir()) == []


def test_without_room_data_stay_on_the_disk(memory: Path, directory: Path) -> None:
    with in_memory(directory, ("data",), memory, MORE_THAN_THERE_IS):
        assert list(memory.iterdir()) == []
        assert list(directory.iterdir()) == []


def test_what_a_dead_one_has_left_is_removed_and_what_is_in_use_stays(
    memory: Path, directory: Path, tmp_path: Path
) -> None:
    left = memory / "kawase-left"
    left.mkdir()
    lock.take(left).close()
    other = tmp_path / "other"
    other.mkdir()
    with in_memory(other, ("data",), memory, 0), in_memory(directory, ("data",), memory, 0):
        assert not left.exists()
        assert (other / "data").is_dir()


def test_a_link_of_a_dead_one_is_replaced(memory: Path, directory: Path) -> None:
    (directory / "data").symlink_to(memory / "kawase-gone")
    with in_memory(directory, ("data",), memory, 0):
        assert (directory / "data").is_dir()
