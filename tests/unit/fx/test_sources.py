"""Fail-over between sources, and the source that is a file."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from services.fx.domain import NoSourceUsable, SourceFailed
from services.fx.sources.chain import RateSource, SourceChain
from services.fx.sources.fixed_file import FILE_BYTES, FileSource, read_rates
from tests.unit.fx.builders import CURRENCIES, NOON, RATES, SteadySource

OLD = replace(RATES, source_time=NOON - timedelta(days=8))


def chain(*sources: RateSource) -> SourceChain:
    return SourceChain(sources, CURRENCIES)


async def test_the_first_usable_source_is_taken_and_the_next_is_not_asked() -> None:
    first, second = SteadySource("first"), SteadySource("second")
    both = chain(first, second)

    assert await both.fetch(NOON) is RATES
    assert (first.asked, second.asked) == (1, 0)
    assert [one.problem for one in both.health] == ["", "it has not been asked yet"]


async def test_a_source_that_fails_is_followed_by_the_next() -> None:
    both = chain(SteadySource("first", SourceFailed("it is away")), SteadySource("second"))

    assert await both.fetch(NOON) is RATES
    assert [one.problem for one in both.health] == ["it is away", ""]


async def test_a_stale_source_is_followed_by_the_next() -> None:
    both = chain(SteadySource("first", OLD), SteadySource("second"))

    assert await both.fetch(NOON) is RATES
    assert "longer ago" in both.health[0].problem


async def test_each_source_has_a_limit_of_its_own() -> None:
    both = chain(SteadySource("first", OLD), SteadySource("second", OLD, timedelta(days=9)))

    assert await both.fetch(NOON) is OLD


async def test_without_a_usable_source_every_problem_is_told() -> None:
    both = chain(SteadySource("first", SourceFailed("it is away")), SteadySource("second", OLD))

    with pytest.raises(NoSourceUsable, match="first: it is away; second: its rates are of"):
        await both.fetch(NOON)


async def test_a_source_that_comes_back_is_taken_again() -> None:
    first = SteadySource("first", SourceFailed("it is away"))
    both = chain(first, SteadySource("second", OLD))
    with pytest.raises(NoSourceUsable):
        await both.fetch(NOON)
    first.given = RATES

    assert await both.fetch(NOON) is RATES


JSON = (
    """{"source_time": "2026-10-30T09:00:00+09:00", "rates": {"JPY": "175.68", "KRW": 1491.76}}"""
)
TOML = """
source_time = 2026-10-30T09:00:00+09:00
[rates]
JPY = "175.68"
KRW = 1491.76
"""


@pytest.mark.parametrize(("name", "text"), [("rates.json", JSON), ("rates.toml", TOML)])
async def test_a_file_gives_exact_rates_and_its_own_time(
    tmp_path: Path, name: str, text: str
) -> None:
    path = tmp_path / name
    path.write_text(text)

    rates = await FileSource(path, timedelta(days=1)).fetch(NOON, CURRENCIES)

    assert rates.source_time == datetime(2026, 10, 30, tzinfo=UTC)
    assert rates.per_euro == {
        "EUR": Decimal(1),
        "JPY": Decimal("175.68"),
        "KRW": Decimal("1491.76"),
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ("{}", "lacks 'source_time'"),
        ('{"source_time": "2026-10-30T09:00:00Z"}', "lacks 'rates'"),
        ('{"source_time": "2026-10-30T09:00:00", "rates": {}}', "no offset"),
        ('{"source_time": "yesterday", "rates": {}}', "cannot be read"),
        ('{"source_time": "2026-10-30T09:00:00Z", "rates": []}', "not a table"),
        ('{"source_time": "2026-10-30T09:00:00Z", "rates": {"JPY": "1,5"}}', "cannot be read"),
        (" " * (FILE_BYTES + 1), "larger than"),
    ],
)
def test_a_file_that_is_not_one_of_rates_says_why(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "rates.json"
    path.write_text(text)

    with pytest.raises(SourceFailed, match=problem):
        read_rates(path)


def test_a_file_that_is_missing_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match=r"none\.toml"):
        read_rates(tmp_path / "none.toml")
