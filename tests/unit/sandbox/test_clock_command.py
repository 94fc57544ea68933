"""`kawase clock` shows and moves the clock, and refuses in words."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.main import main
from services.sandbox.clock import FILE_NAME, read_setting, set_clock, shown

START = datetime(2026, 10, 30, 0, 0, tzinfo=UTC)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    set_clock(tmp_path / FILE_NAME, START, 0.0)
    return tmp_path


def clock(directory: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["clock", "--dir", str(directory), *words])


def test_it_shows_the_time_in_tokyo(directory: Path) -> None:
    result = clock(directory)
    assert result.output == "2026-10-30T09:00:00+09:00 in Tokyo (00:00:00 UTC), stands still\n"


def test_it_shows_the_time_as_json(directory: Path) -> None:
    shown_now = json.loads(clock(directory, "--json").output)
    assert shown_now == {"now": "2026-10-30T00:00:00+00:00", "pace": 0.0}


def test_it_is_set_with_a_pace(directory: Path) -> None:
    assert clock(directory, "set", "2026-10-30T10:00:00+09:00", "--pace", "60").exit_code == 0
    assert read_setting(directory / FILE_NAME).pace == 60
    assert shown(directory / FILE_NAME).hour == 1


@pytest.mark.parametrize(
    ("words", "expected"), [("15m", "00:15"), ("1h30m", "01:30"), ("90s", "00:01"), ("1d", "00:00")]
)
def test_it_is_advanced(directory: Path, words: str, expected: str) -> None:
    assert clock(directory, "advance", words).exit_code == 0
    assert f"{shown(directory / FILE_NAME):%H:%M}" == expected


@pytest.mark.parametrize("words", ["15", "m", "15m later", "-15m", "99999d", "1.5h"])
def test_what_is_no_duration_is_refused(directory: Path, words: str) -> None:
    result = clock(directory, "advance", "--", words)
    assert result.exit_code == 2
    assert shown(directory / FILE_NAME) == START


@pytest.mark.parametrize("words", ["2026-10-30T10:00:00", "tomorrow", "2026-13-01T00:00:00Z"])
def test_what_is_no_instant_is_refused(directory: Path, words: str) -> None:
    result = clock(directory, "set", words)
    assert result.exit_code == 2
    assert "write it like 2026-10-30T10:00:00+09:00" in result.output


def test_it_goes_back_only_when_told_so(directory: Path) -> None:
    earlier = "2026-10-29T10:00:00+09:00"
    assert "which is later" in clock(directory, "set", earlier).output
    assert shown(directory / FILE_NAME) == START
    assert clock(directory, "set", earlier, "--back").exit_code == 0
    assert shown(directory / FILE_NAME) < START


def test_a_directory_without_a_clock_is_named(tmp_path: Path) -> None:
    result = clock(tmp_path)
    assert result.exit_code == 1
    assert f"there is no clock in {tmp_path}" in result.output
