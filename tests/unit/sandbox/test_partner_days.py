"""A partner's day: what is planted in its file is what it says was planted, and nothing else."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.clock import ManualClock
from services.sandbox.partners.books import Books
from services.sandbox.partners.days import KINDS, Days, Line, Plan, fee_share, plant

DAY = date(2026, 10, 30)
NOON = datetime(2026, 10, 30, 3, 0, tzinfo=UTC)
LINES = [
    Line(f"payment-{number}", "PAYMENT", 1_000 + number, "JPY", NOON, 6) for number in range(40)
]


def days(clock: ManualClock) -> Days:
    """Days whose file is a line per movement, by id."""

    def write(day: date, lines: list[Line]) -> dict[str, bytes]:
        return {f"{day}.txt": "\n".join(line.line_id for line in lines).encode()}

    return Days(Books(None), clock, 9, lambda day: LINES if day == DAY else [], write)


@given(st.integers(0, 1_000), st.dictionaries(st.sampled_from(KINDS), st.integers(0, 6)))
def test_every_difference_is_planted_and_told(seed: int, counts: dict[str, int]) -> None:
    kept, late, planted = plant(LINES, Plan(seed=seed, day=DAY, counts=counts))
    shown = {line.line_id: line for line in kept}
    true = {line.line_id: line for line in LINES}
    differing = {key for key in {*shown, *true} if shown.get(key) != true.get(key)}
    assert differing == {record["id"] for record in planted}
    assert len(planted) == sum(counts.values())
    assert len(late) == counts.get("late_day", 0)


def test_a_late_line_is_in_the_next_days_file() -> None:
    found = days(ManualClock(NOON))
    found.plan({"seed": 3, "day": DAY.isoformat(), "counts": {"late_day": 1}})
    found.close(DAY)
    late = found.planted()[0]["id"]
    found.close(DAY + timedelta(days=1))
    assert found.written(f"{DAY + timedelta(days=1)}.txt") == late.encode()


def test_a_file_is_there_when_its_day_is_over_and_never_changes() -> None:
    clock = ManualClock(NOON)
    found = days(clock)
    assert found.read(DAY, f"{DAY}.txt") is None
    clock.advance(timedelta(days=1))
    assert found.read(DAY, f"{DAY}.txt") is not None
    with pytest.raises(ValueError, match="written already"):
        found.plan({"seed": 1, "day": DAY.isoformat(), "counts": {"missing": 1}})


@given(st.integers(0, 10_000), st.lists(st.integers(1, 500), min_size=1, max_size=9))
def test_shares_of_a_fee_add_up_to_it(fee: int, parts: list[int]) -> None:
    whole, so_far, given_back = sum(parts), 0, 0
    for part in parts:
        before, so_far = so_far, so_far + part
        given_back += fee_share(fee, so_far, whole) - fee_share(fee, before, whole)
    assert given_back == fee
