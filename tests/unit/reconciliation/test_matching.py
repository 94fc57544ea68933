"""The matching: every row ends in one pair, and a pair is what its rows make it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from services.reconciliation.matching.rules import By, Rule, RuleBook
from services.sandbox.bench.recon.planting import plant
from tests.unit.reconciliation.sides import DAY, Row, pairs_of, run, write_side


def test_the_same_event_on_both_sides_is_an_exact_match(tmp_path: Path) -> None:
    assert pairs_of(tmp_path, [Row(1, "A")], [Row(7, "A")]) == [(1, 7, "exact", "", 0, "JPY")]


def test_a_day_across_time_zones_and_a_rounded_fee_are_near(tmp_path: Path) -> None:
    theirs = Row(7, "A", fee=11, day=DAY + timedelta(days=1))
    assert pairs_of(tmp_path, [Row(1, "A")], [theirs]) == [(1, 7, "near", "", 0, "JPY")]


def test_each_difference_is_a_break_of_its_kind_with_its_size(tmp_path: Path) -> None:
    ours = [Row(number, name) for number, name in enumerate("ABCDE")]
    theirs = [
        Row(10, "A", minor=990),
        Row(11, "B", fee=14),
        Row(12, "C", currency="USD"),
        Row(13, "D", state="reversed"),
        Row(14, "E", day=DAY + timedelta(days=4)),
    ]
    assert pairs_of(tmp_path, ours, theirs) == [
        (0, 10, "", "AMOUNT", 10, "JPY"),
        (1, 11, "", "FEE", -4, "JPY"),
        (2, 12, "", "CURRENCY", 1_000, "JPY"),
        (3, 13, "", "STATE", 1_000, "JPY"),
        (4, 14, "", "LATE", 0, "JPY"),
    ]


def test_what_only_one_side_has_is_missing_on_the_other(tmp_path: Path) -> None:
    credit = Row(9, kind="credit", minor=77, text="somebody")
    assert pairs_of(tmp_path, [Row(1, "A")], [Row(8, "B", minor=5), credit]) == [
        (1, None, "", "MISSING_AT_PARTNER", 1_000, "JPY"),
        (None, 8, "", "MISSING_WITH_US", -5, "JPY"),
        (None, 9, "", "UNIDENTIFIED_CREDIT", -77, "JPY"),
    ]


def test_a_second_row_of_a_reference_is_a_duplicate_and_the_first_is_matched(
    tmp_path: Path,
) -> None:
    theirs = [Row(7, "A"), Row(8, "A", minor=3)]
    assert pairs_of(tmp_path, [Row(1, "A")], theirs) == [
        (1, 7, "exact", "", 0, "JPY"),
        (None, 8, "", "DUPLICATE", -3, "JPY"),
    ]


def test_a_payment_and_a_refund_of_one_reference_are_two_events(tmp_path: Path) -> None:
    ours = [Row(1, "A"), Row(2, "A", kind="refund")]
    theirs = [Row(7, "A"), Row(8, "A", kind="refund")]
    assert [pair[:3] for pair in pairs_of(tmp_path, ours, theirs)] == [
        (1, 7, "exact"),
        (2, 8, "exact"),
    ]


def test_the_partners_own_reference_serves_where_ours_is_not_told(tmp_path: Path) -> None:
    ours = [Row(1, "A", "P1"), Row(2, "B", "P2"), Row(3, "C", "P2")]
    theirs = [Row(7, "", "P1"), Row(8, "", "P2", minor=44)]
    assert [pair[:4] for pair in pairs_of(tmp_path, ours, theirs)] == [
        (1, 7, "partner_reference", ""),
        (2, None, "", "MISSING_AT_PARTNER"),
        (3, None, "", "MISSING_AT_PARTNER"),
        (None, 8, "", "MISSING_WITH_US"),
    ]


def test_one_credit_settles_the_rows_it_sums_up(tmp_path: Path) -> None:
    ours = [Row(number, f"R{number}", bundle="payout-1", minor=100) for number in range(3)]
    theirs = [Row(7, "payout-1", kind="credit", minor=300)]
    assert pairs_of(tmp_path, ours, theirs) == [
        (number, 7, "bulk", "", 0, "JPY") for number in range(3)
    ]


def test_several_rows_of_theirs_may_sum_up_to_one_of_ours(tmp_path: Path) -> None:
    ours = [Row(1, "payout-1", kind="payout", minor=300)]
    theirs = [Row(7, bundle="payout-1", minor=100), Row(8, bundle="payout-1", minor=200)]
    assert pairs_of(tmp_path, ours, theirs) == [
        (1, 7, "bulk", "", 0, "JPY"),
        (1, 8, "bulk", "", 0, "JPY"),
    ]


def test_a_bundle_whose_sum_differs_is_one_break(tmp_path: Path) -> None:
    ours = [Row(number, f"R{number}", bundle="payout-1", minor=100) for number in range(2)]
    theirs = [Row(7, "payout-1", kind="credit", minor=195)]
    assert pairs_of(tmp_path, ours, theirs) == [
        (0, 7, "", "AMOUNT", 5, "JPY"),
        (1, 7, "bulk", "", 0, "JPY"),
    ]


def test_a_text_that_names_our_reference_is_matched_last(tmp_path: Path) -> None:
    ours = [Row(1, "payment-01", text="cafe"), Row(2, "payment-02", text="cafe")]
    theirs = [Row(7, kind="credit", text="PAID FOR payment-02 THANKS", fee=None, state="")]
    assert [pair[:4] for pair in pairs_of(tmp_path, ours, theirs)] == [
        (1, None, "", "MISSING_AT_PARTNER"),
        (2, 7, "text", ""),
    ]


def test_texts_that_fit_two_rows_alike_decide_nothing(tmp_path: Path) -> None:
    ours = [Row(1, "A", text="yamada hanako"), Row(2, "B", text="yamada hanako")]
    theirs = [Row(7, kind="credit", text="yamada hanako")]
    assert [pair[3] for pair in pairs_of(tmp_path, ours, theirs)] == [
        "MISSING_AT_PARTNER",
        "MISSING_AT_PARTNER",
        "UNIDENTIFIED_CREDIT",
    ]


def test_what_a_partner_has_taken_back_is_a_reversal_and_no_break(tmp_path: Path) -> None:
    theirs = [
        Row(7, "A"),
        Row(8, "A", kind="refund", minor=-1_000, fee=-10, day=DAY + timedelta(days=1)),
        Row(9, "B", kind="top_up"),
        Row(10, "B", kind="refund", minor=-1_000, fee=-10),
    ]
    assert [pair[1:4] for pair in pairs_of(tmp_path, [], theirs)] == [
        (10, "top_up_reversal", ""),
        (7, "reversal", ""),
        (8, "reversal", ""),
        (9, "top_up_reversal", ""),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"minor": -999},
        {"fee": -9},
        {"currency": "KRW"},
        {"day": DAY + timedelta(days=4)},
        {"state": "failed"},
        {"reference": "B"},
        {"reference": ""},
        {"kind": "dispute"},
    ],
)
def test_what_does_not_cancel_out_whole_is_no_reversal(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    back = replace(Row(8, "A", kind="refund", minor=-1_000, fee=-10), **changes)
    found = pairs_of(tmp_path, [], [Row(7, "A"), back])
    assert [pair[3] for pair in found] == ["MISSING_WITH_US"] * 2


def test_three_rows_of_a_reference_are_no_reversal(tmp_path: Path) -> None:
    theirs = [Row(7, "A"), Row(8, "A", kind="refund", minor=-1_000), Row(9, "A", kind="void")]
    kinds = ("payment", "refund", "void")
    rules = RuleBook(rule=(Rule(name="r", by=By.REVERSAL, kinds=kinds),))
    ours, other = (write_side(tmp_path / name, rows) for name, rows in (("o", []), ("t", theirs)))
    _, found = run(tmp_path / "work", ours, other, rules=rules)
    assert {pair[3] for pair in found} == {"MISSING_WITH_US"}


def test_our_own_rows_cancel_out_only_where_a_rule_says_so(tmp_path: Path) -> None:
    ours = [Row(1, "A"), Row(2, "A", kind="refund", minor=-1_000, fee=-10)]
    assert {pair[3] for pair in pairs_of(tmp_path / "standard", ours, [])} == {"MISSING_AT_PARTNER"}
    rules = RuleBook(rule=(Rule(name="back", by=By.REVERSAL, side="ours"),))
    one, other = write_side(tmp_path / "o", ours), write_side(tmp_path / "t", [])
    _, found = run(tmp_path / "work", one, other, rules=rules)
    assert [pair[:3] for pair in found] == [(1, None, "back"), (2, None, "back")]


def test_sums_beyond_what_a_float_holds_stay_exact(tmp_path: Path) -> None:
    huge = 2**53 + 1
    ours = [Row(1, "A", bundle="b", minor=huge), Row(2, "B", bundle="b", minor=2)]
    theirs = [Row(7, "b", kind="credit", minor=huge + 1)]
    assert pairs_of(tmp_path, ours, theirs)[0] == (1, 7, "", "AMOUNT", 1, "JPY")


@pytest.mark.parametrize("seed", [1, 7])
def test_all_that_is_planted_is_found_in_its_place_and_nothing_else(
    tmp_path: Path, seed: int
) -> None:
    planted = plant(tmp_path / "files", 20_000, seed)
    _, pairs = run(tmp_path / "work", planted.ours, planted.theirs)
    found = {(kind, our, their) for our, their, _, kind, _, _ in pairs if kind}
    expected = duckdb.read_parquet(str(planted.breaks)).fetchall()
    assert found == set(expected)
    assert len(expected) == planted.count


def test_every_row_of_both_sides_is_in_a_pair(tmp_path: Path) -> None:
    planted = plant(tmp_path / "files", 5_000, 3)
    _, pairs = run(tmp_path / "work", planted.ours, planted.theirs)
    theirs = [their for _, their, rule, _, _, _ in pairs if their is not None and rule != "bulk"]
    ours = [our for our, *_ in pairs if our is not None]
    rows = duckdb.read_parquet(str(planted.theirs)).filter("reference NOT LIKE 'bulk-%'")
    assert sorted(ours) == list(range(5_000))
    assert sorted(theirs) == sorted(row[0] for row in rows.fetchall())
