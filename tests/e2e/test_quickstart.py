"""The README's first payment, its lines run exactly as printed against a real `kawase up`, and the
world that they find.

Where a port of the gateway is taken on this machine, the port that `kawase up` names instead is put
into the lines; nothing else is.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.core.accounts import prefund
from services.kit.rpc import open_channel
from services.pb.kawase.wallet.v1.wallet_service_pb2 import GetAccountsRequest
from services.pb.kawase.wallet.v1.wallet_service_pb2_grpc import WalletServiceStub
from services.sandbox.endpoints import read_endpoints
from services.sandbox.opening import open_world
from services.sandbox.settings import inherited
from services.sandbox.world import EDO, PANDA, PANDA_DEPOSIT
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


@dataclass(frozen=True, slots=True)
class Running:
    """A stranger's clone after the first block, with `kawase up` in it."""

    home: Path
    told: str

    @property
    def keys(self) -> dict[str, str]:
        folder = self.home / ".local" / "keys"
        return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("clone")
    (home / ".venv").symlink_to(ROOT / ".venv")
    install, start = blocks()[0][1].splitlines()
    assert install == "make install"
    with up(home, start) as told:
        yield Running(home, told)
    assert processes_of(home / ".local") == []


@pytest.mark.timeout(240)
def test_the_readme_s_first_payment_works_as_it_is_printed(running: Running) -> None:
    shell = []
    for language, text in blocks()[1:]:
        lines = addressed(text, running.told)
        if language == "python":
            name = lines.splitlines()[0].removeprefix("# ")
            (running.home / name).write_text(lines)
        else:
            shell.append(lines)
    by_curl, by_grpcurl, by_python = run(running.home, f"\necho {BETWEEN}\n".join(shell))

    paid = json.loads(by_curl)
    assert (paid["payment_id"], paid["state"]) == ("first-1", "completed")
    same = json.loads(by_grpcurl)["payment"]
    assert (same["payment_id"], same["state"]) == ("first-2", "PAYMENT_STATE_COMPLETED")
    assert same["home"]["minor_units"] == str(paid["home"]["minor_units"])
    gets, state, back = by_python.splitlines()
    assert gets.startswith("Bukchon Kalguksu gets KRW 18,900, you pay CNY 95.")
    assert state.split()[0] == "completed"
    assert back.startswith("CNY 4.")


def test_the_world_is_put_once_and_put_again_where_a_key_is_lost(running: Running) -> None:
    folder = running.home / ".local" / "keys"
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    keys, endpoints = running.keys, read_endpoints(running.home / ".local")

    assert asyncio.run(open_world(endpoints)) == folder
    assert running.keys == keys

    (folder / EDO).unlink()
    asyncio.run(open_world(endpoints))
    assert running.keys.keys() == keys.keys()
    assert PANDA_DEPOSIT <= credited(endpoints.processes["wallet"]) < 2 * PANDA_DEPOSIT


def credited(address: str) -> int:
    """What was paid into the Chinese wallet's account, and back into it, in fen."""
    account_id = prefund(PANDA, "CNY").account_id

    async def ask() -> int:
        async with open_channel(address) as channel:
            stub = WalletServiceStub(channel)
            request = GetAccountsRequest(account_ids=[account_id])
            (account,) = (await stub.GetAccounts(request, timeout=10)).accounts
            return int(account.credits_posted)

    return asyncio.run(ask())
