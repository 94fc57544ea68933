"""Whatever a partner does, a charge ends once and our books are the partner's books."""

import asyncio
import fcntl
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from services.sandbox.endpoints import Endpoints
from tests.conftest import fresh_database
from tests.contract.conformance.cases import Case, cases_of
from tests.contract.conformance.descriptor import Descriptor
from tests.contract.conformance.descriptors import DESCRIPTORS
from tests.contract.conformance.payouts import NAME, PayoutCase, payout_cases, play_payouts
from tests.contract.conformance.playing import Played, play
from tests.contract.conftest import CONFORMANCE
from tests.contract.japan_bank_house import PARTNER

# The first test of a part plays all of it.
pytestmark = pytest.mark.timeout(900)
Report = dict[str, Played]
"""What came of the cases of a part, by their names."""
Play = Callable[[str, Path], Awaitable[Report]]
"""Plays a part on the bridge's database at a DSN, with a folder of its own."""


def _play_of(descriptor: Descriptor) -> Play:
    async def play_cases(dsn: str, folder: Path) -> Report:
        played = await play(dsn, descriptor, cases_of(descriptor), folder)
        return {str(case): each for case, each in played.items()}

    return play_cases


PARTS = {each.partner_id: _play_of(each) for each in DESCRIPTORS} | {NAME: play_payouts}


class Plays:
    """Plays all cases of a part together, once in a test run, however many workers it has."""

    def __init__(self, stack: Endpoints, template: str, folder: Path) -> None:
        self._stack = stack
        self._template = template
        self._folder = folder

    def report_of(self, part: str) -> Report:
        """Where another worker plays this part already, play the others meanwhile."""
        for each in (part, *PARTS):
            if not self._file(part).exists():
                self._try(each, wait=False)
        self._try(part, wait=True)
        told = json.loads(self._file(part).read_text())
        return {name: Played(**fields) for name, fields in told.items()}

    def _file(self, part: str) -> Path:
        return self._folder / f"{part}.json"

    def _try(self, part: str, wait: bool) -> None:
        with _locked(self._folder / f"{part}.lock", wait) as is_ours:
            if is_ours and not self._file(part).exists():
                report = asyncio.run(self._play(part))
                told = {name: asdict(played) for name, played in report.items()}
                self._file(part).write_text(json.dumps(told))

    async def _play(self, part: str) -> Report:
        folder = self._folder / part
        folder.mkdir(exist_ok=True)
        async with fresh_database(self._stack, self._template) as database:
            return await PARTS[part](database.dsn("bridge"), folder)


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
    played = plays.report_of(descriptor.partner_id)[str(case)]
    # Plain strings: a worker cannot send its report with others.
    row = (case.partner_id, case.operation, case.fault, played.end or "no end")
    record_property(CONFORMANCE, [str(cell) for cell in row])
    assert played.problems == []


@pytest.mark.parametrize("case", payout_cases(), ids=str)
def test_a_payout_is_ordered_once_and_the_books_agree(
    case: PayoutCase, plays: Plays, record_property: Callable[[str, object], None]
) -> None:
    played = plays.report_of(NAME)[str(case)]
    row = (PARTNER, f"payout: {case.operation}", case.fault, played.end or "no end")
    record_property(CONFORMANCE, [str(cell) for cell in row])
    assert played.problems == []
