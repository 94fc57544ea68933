"""Documents whose lines a reader types: their blocks, and the terminal that runs them as printed.

What differs on this machine is put into the lines: addresses of the gateway where its ports are
taken, and free ports for those that the reader's own programs listen at. Nothing else is.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from services.sandbox.settings import inherited

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 30.0
BETWEEN = "-- next block --"
ADDRESSES = {"HTTP API at http://": "127.0.0.1:8080", "gRPC at ": "127.0.0.1:50051"}
# What readers' own programs listen at.
OWN_PORTS = ("9009", "9010")
_BLOCK = re.compile(r"^```(\w+)( aside)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines to type. `aside` is a program that runs on, in a terminal of its own."""

    language: str
    text: str
    aside: bool = False


def blocks_of(document: str, section: str = "") -> list[Block]:
    """The blocks of a document in the repository, or of one section of it."""
    text = (ROOT / document).read_text()
    if section:
        text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return [Block(language, lines, bool(aside)) for language, aside, lines in _BLOCK.findall(text)]


def replacements(told: str) -> dict[str, str]:
    """What is printed, and what it is on this machine: `told` is what `kawase up` has said."""
    found = {}
    for before, printed in ADDRESSES.items():
        named = re.search(rf"{re.escape(before)}([\w.]+:\d+)", told)
        assert named, told
        found[printed] = named[1]
    with ExitStack() as open_ones:
        for port in OWN_PORTS:
            free = open_ones.enter_context(socket.socket())
            free.bind(("127.0.0.1", 0))
            found[port] = str(free.getsockname()[1])
    return found


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


@dataclass
class Terminal:
    """One shell in `home`, and beside it the programs that run on."""

    home: Path
    replaced: Mapping[str, str]
    shell: "subprocess.Popen[str]"
    asides: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def play(self, blocks: list[Block]) -> list[str]:
        """Type all blocks in order; the output of each that is typed into the shell."""
        told = []
        for block in blocks:
            text = block.text
            for printed, here in self.replaced.items():
                text = re.sub(rf"(?<!\d){re.escape(printed)}(?!\d)", here, text)
            if block.language == "python":
                name = text.splitlines()[0].removeprefix("# ")
                (self.home / name).write_text(text)
            elif block.aside:
                self._run_aside(text)
            else:
                told.append(self._type(text))
        return told

    def aside(self, number: int) -> str:
        """What the program that was started as `number`, from 0, has said so far."""
        return self._aside_file(number).read_text()

    def _aside_file(self, number: int) -> Path:
        return self.home / f"aside-{number}.txt"

    def _run_aside(self, lines: str) -> None:
        with self._aside_file(len(self.asides)).open("wb") as told:
            running = subprocess.Popen(
                lines.split(), stdout=told, stderr=subprocess.STDOUT, cwd=self.home, env=inherited()
            )
        self.asides.append(running)

    def _type(self, lines: str) -> str:
        typed, told = self.shell.stdin, self.shell.stdout
        assert typed is not None
        assert told is not None
        typed.write(f"{lines}\necho; echo '{BETWEEN}'\n")
        typed.flush()
        return "".join(self._until_mark(told, lines))

    @staticmethod
    def _until_mark(told: IO[str], lines: str) -> Iterator[str]:
        heard = ""
        while (line := told.readline()) != f"{BETWEEN}\n":
            heard += line
            assert line, f"the shell has ended at\n{lines}\n{heard}"
            yield line


@contextmanager
def terminal(home: Path, told: str) -> Iterator[Terminal]:
    """A shell that ends at the first command that fails, as no reader's does."""
    with subprocess.Popen(
        ["bash", "-euo", "pipefail"],
        cwd=home,
        env=inherited() | {"PATH": _path(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as shell:
        opened = Terminal(home, replacements(told), shell)
        try:
            yield opened
        finally:
            for running in opened.asides:
                running.terminate()
            for running in opened.asides:
                running.wait(STOP_SECONDS)
            shell.kill()


def _path(home: Path) -> str:
    """Where programs are found: with a stand-in for grpcurl on machines without one."""
    path = os.environ["PATH"]
    if shutil.which("grpcurl") is not None:
        return path
    folder = home / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / "grpcurl"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/tests/e2e/grpcurl.py "$@"\n')
    program.chmod(0o755)
    return f"{folder}:{path}"
