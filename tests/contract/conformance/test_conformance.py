"""Whatever a partner does, a charge ends once and our books are the partner's books."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from services.sandbox.endpoints import Endpoints
from tests.conftest import fresh_database
from tests.contract.conformance.cases import Case, cases_of
from tests.contract.conformance.descriptor import Descriptor
from tests.contract.conformance.descriptors import DESCRIPTORS
from tests.contract.conformance.playing import Played, play
from tests.contract.conftest import CONFORMANCE

Report = dict[Case, Played]


@pytest.fixture(scope="session")
def report_of(
    stack: Endpoints, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Descriptor], Report]:
    """Plays all cases of a partner together at the first call, and remembers what came of it."""
    reports: dict[str, Report] = {}

    async def play_all(descriptor: Descriptor) -> Report:
        folder = tmp_path_factory.mktemp(descriptor.partner_id)
        async with fresh_database(stack, template_database) as database:
            return await play(database.dsn("bridge"), descriptor, cases_of(descriptor), folder)

    def report_of(descriptor: Descriptor) -> Report:
        name = descriptor.partner_id
        if name not in reports:
            reports[name] = asyncio.run(play_all(descriptor))
        return reports[name]

    return report_of


def _parameters() -> Iterator[object]:
    for descriptor in DESCRIPTORS:
        for case in cases_of(descriptor):
            # A partner's cases are played together, so they are tested by one worker.
            mark = pytest.mark.xdist_group(f"conformance-{descriptor.partner_id}")
            yield pytest.param(descriptor, case, id=str(case), marks=mark)


@pytest.mark.parametrize(("descriptor", "case"), list(_parameters()))
def test_a_charge_ends_once_and_the_books_agree(
    descriptor: Descriptor,
    case: Case,
    report_of: Callable[[Descriptor], Report],
    record_property: Callable[[str, object], None],
) -> None:
    played = report_of(descriptor)[case]
    # Plain strings: a worker cannot send its report with others.
    row = (case.partner_id, case.operation, case.fault, played.end or "no end")
    record_property(CONFORMANCE, [str(cell) for cell in row])
    assert played.problems == []
