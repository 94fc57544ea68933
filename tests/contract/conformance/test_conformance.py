"""Whatever a partner does, a charge ends once and our books are the partner's books."""

import asyncio
import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from services.sandbox.endpoints import Endpoints
from tests.conftest import fresh_database
from tests.contract.conformance.cases import Case, cases_of
from tests.contract.conformance.descriptor import Descriptor
from tests.contract.conformance.descriptors import DESCRIPTORS
from tests.contract.conformance.playing import Played, play
from tests.contract.conftest import CONFORMANCE

Report = dict[str, Played]
"""What came of a partner's cases, by their names."""


class Plays:
    """Plays all cases of a partner together, once in a test run, however many workers it has."""

    def __init__(self, stack: Endpoints, template: str, folder: Path) -> None:
        self._stack = stack
        self._template = template
        self._folder = folder

    def report_of(self, descriptor: Descriptor) -> Report:
        """Where another worker plays this partner already, play the others meanwhile."""
        for each in (descriptor, *DESCRIPTORS):
            if not self._file(descriptor).exists():
                self._try(each, wait=False)
        self._try(descriptor, wait=True)
        told = json.loads(self._file(descriptor).read_text())
        return {name: Played(**fields) for name, fields in told.items()}

    def _file(self, descriptor: Descriptor) -> Path:
        return self._folder / f"{descriptor.partner_id}.json"

    def _try(self, descriptor: Descriptor, wait: bool) -> None:
        with _locked(self._folder / f"{descriptor.partner_id}.lock", wait) as is_ours:
            if is_ours and not self._file(descriptor).exists():
                report = asyncio.run(self._play(descriptor))
                told = {str(case): asdict(played) for case, played in report.items()}
                self._file(descriptor).write_text(json.dumps(told))

    async def _play(self, descriptor: Descriptor) -> dict[Case, Played]:
        folder = self._folder / descriptor.partner_id
        folder.mkdir(exist_ok=True)
        async with fresh_database(self._stack, self._template) as database:
            return await play(database.dsn("bridge"), descriptor, cases_of(descriptor), folder)


@contextmanager
def _locked(path: Path, wait: bool) -> Iterator[bool]:
    """Hold the lock, if it can be had at once or is worth waiting for."""
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


@pytest.fixture(scope="session")
def plays(stack: Endpoints, template_database: str, run_directory: Path) -> Plays:
    folder = run_directory / "conformance"
    folder.mkdir(exist_ok=True)
    return Plays(stack, template_database, folder)


def _parameters() -> list[object]:
    return [
        pytest.param(descriptor, case, id=str(case))
        for descriptor in DESCRIPTORS
        for case in cases_of(descriptor)
    ]


@pytest.mark.parametrize(("descriptor", "case"), _parameters())
def test_a_charge_ends_once_and_the_books_agree(
    descriptor: Descriptor,
    case: Case,
    plays: Plays,
    record_property: Callable[[str, object], None],
) -> None:
    played = plays.report_of(descriptor)[str(case)]
    # Plain strings: a worker cannot send its report with others.
    row = (case.partner_id, case.operation, case.fault, played.end or "no end")
    record_property(CONFORMANCE, [str(cell) for cell in row])
    assert played.problems == []
