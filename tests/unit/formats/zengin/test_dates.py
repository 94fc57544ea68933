"""Dates that leave out the year or the era."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.formats.zengin.layouts.dates import (
    DateNotWritable,
    era_date,
    nearest_era_date,
    nearest_month_day,
)


@pytest.mark.parametrize(
    ("text", "near", "day"),
    [
        ("0731", date(2026, 7, 20), date(2026, 7, 31)),
        ("0105", date(2026, 12, 28), date(2027, 1, 5)),
        ("1228", date(2027, 1, 5), date(2026, 12, 28)),
        ("0229", date(2028, 1, 5), date(2028, 2, 29)),
        ("0229", date(2026, 1, 5), None),
        ("1301", date(2026, 1, 5), None),
        ("0000", date(2026, 1, 5), None),
    ],
)
def test_a_day_without_a_year_is_the_nearest_one(text: str, near: date, day: date | None) -> None:
    assert nearest_month_day(text, near) == day


@pytest.mark.parametrize(
    ("text", "near", "day"),
    [
        ("080731", date(2026, 8, 1), date(2026, 7, 31)),
        ("080731", date(1996, 8, 1), date(1996, 7, 31)),
        ("310430", date(2019, 5, 7), date(2019, 4, 30)),
        ("010501", date(2019, 5, 7), date(2019, 5, 1)),
        ("010430", date(2019, 5, 7), date(1989, 4, 30)),
        ("000101", date(2026, 8, 1), None),
        ("080230", date(2026, 8, 1), None),
    ],
)
def test_a_year_of_an_era_is_the_nearest_one(text: str, near: date, day: date | None) -> None:
    assert nearest_era_date(text, near) == day


@given(st.dates(date(1989, 1, 8), date(2117, 12, 31)), st.integers(-3000, 3000).map(timedelta))
def test_a_written_date_reads_back_equal(day: date, apart: timedelta) -> None:
    assert nearest_era_date(era_date(day), day + apart) == day


def test_a_day_before_the_eras_is_refused() -> None:
    with pytest.raises(DateNotWritable):
        era_date(date(1988, 12, 31))
