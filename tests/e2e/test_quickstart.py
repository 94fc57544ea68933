"""The README's first payment, its lines run exactly as printed against a real `kawase up`.

Where a port of the gateway is taken on this machine, the port that `kawase up` names instead is put
into the lines; nothing else is.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.sandbox.settings import inherited
from tests.e2e.processes import processes_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 30.0
LINES_SECONDS = 60.0
BETWEEN = "-- next block --"
ADDRESSES = {"HTTP API at http://": "127.0.0.1:8080", "gRPC at ": "127.0.0.1:50051"}


def blocks() -> list[tuple[str, str]]:
    """Language and text of each block of the section."""
    readme = (ROOT / "README.md").read_text()
    section = readme.partition("## First payment in ten minutes\n")[2].partition("\n## ")[0]
    return re.findall(r"^```(\w+)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


@contextmanager
def up(home: Path, command: str) -> Iterator[str]:
    """What is told by `command` until everything runs; stopped at the end."""
    with subprocess.Popen(
        command.split(), stdout=subprocess.PIPE, text=True, cwd=home, env=inherited()
    ) as process:
        try:
            assert process.stdout is not None
            told = ""
            while "Ctrl-C stops everything" not in told:
                line = process.stdout.readline()
                assert line, told
                told += line
            yield told
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def addressed(text: str, told: str) -> str:
    """`text` with the addresses that the gateway has."""
    for before, printed in ADDRESSES.items():
        found = re.search(rf"{re.escape(before)}([\w.]+:\d+)", told)
        assert found, told
        text = text.replace(printed, found[1])
    return text


def stand_in(folder: Path) -> None:
    """A grpcurl for machines without one."""
    folder.mkdir()
    program = folder / "grpcurl"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/tests/e2e/grpcurl.py "$@"\n')
    program.chmod(0o755)


def run(home: Path, lines: str) -> list[str]:
    """The output of each block of shell lines, in one shell, as in a person's terminal."""
    path = os.environ["PATH"]
    if shutil.which("grpcurl") is None:
        stand_in(home / "bin")
        path = f"{home / 'bin'}:{path}"
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        cwd=home,
        env=inherited() | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=LINES_SECONDS,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.split(f"{BETWEEN}\n")


@pytest.mark.timeout(240)
def test_the_readme_s_first_payment_works_as_it_is_printed(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (_, first), *rest = blocks()
    install, start = first.splitlines()
    assert install == "make install"
    with up(tmp_path, start) as told:
        shell = []
        for language, text in rest:
            lines = addressed(text, told)
            if language == "python":
                name = lines.splitlines()[0].removeprefix("# ")
                (tmp_path / name).write_text(lines)
            else:
                shell.append(lines)
        by_curl, by_grpcurl, by_python = run(tmp_path, f"\necho {BETWEEN}\n".join(shell))

    paid = json.loads(by_curl)
    assert (paid["payment_id"], paid["state"]) == ("first-1", "completed")
    same = json.loads(by_grpcurl)["payment"]
    assert (same["paymentId"], same["state"]) == ("first-2", "PAYMENT_STATE_COMPLETED")
    assert same["home"]["minorUnits"] == str(paid["home"]["minor_units"])
    gets, state, back = by_python.splitlines()
    assert gets.startswith("Bukchon Kalguksu gets KRW 18,900, you pay CNY 95.")
    assert state.split()[0] == "completed"
    assert back.startswith("CNY 4.")
    keys = tmp_path / ".local" / "keys"
    assert {path.stat().st_mode & 0o777 for path in keys.iterdir()} == {0o600}
    assert processes_of(tmp_path / ".local") == []
