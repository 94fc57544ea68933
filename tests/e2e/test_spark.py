"""Spark makes what DuckDB makes, row by row; skipped, and said so, where it is not installed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.reconciliation.matching.backends import BackendUnavailable, open_backend
from services.reconciliation.matching.names import BackendName
from services.reconciliation.matching.rules import By, Rule, RuleBook, standard_rules
from services.sandbox.bench.recon.planting import plant
from tests.unit.reconciliation.sides import DAY, Pair, Row, run, write_side

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.timeout(300),
]


@pytest.fixture(autouse=True)
def spark(tmp_path: Path) -> None:
    try:
        open_backend(BackendName.SPARK, tmp_path / "try").close()
    except BackendUnavailable as error:
        pytest.skip(f"Spark was NOT tested: {error.message}")


def both(folder: Path, ours: Path, theirs: Path, rules: RuleBook) -> list[Pair]:
    """What both engines make of two sides, which has to be the same."""
    one, other = (
        run(folder / name, ours, theirs, name, rules)
        for name in (BackendName.DUCKDB, BackendName.SPARK)
    )
    assert other[1] == one[1]
    assert (other[0].matches_by_rule, other[0].breaks_by_kind) == (
        one[0].matches_by_rule,
        one[0].breaks_by_kind,
    )
    return one[1]


def test_spark_makes_the_same_pairs_as_duckdb(tmp_path: Path) -> None:
    planted = plant(tmp_path / "files", 2_000, 5)
    both(tmp_path, planted.ours, planted.theirs, standard_rules())


def reversed_rows() -> list[Row]:
    """Of each reference a payment that was taken back, and of most something that does not fit."""
    paid = Row(0, "A")
    back = replace(paid, kind="refund", minor=-1_000, fee=-10)
    cases = {
        "whole": (paid, replace(back, day=DAY + timedelta(days=3))),
        "top-up": (replace(paid, kind="top_up"), back),
        "no fee told": (replace(paid, fee=None), replace(back, fee=None)),
        "one fee told": (paid, replace(back, fee=None)),
        "amount": (paid, replace(back, minor=-999)),
        "fee": (paid, replace(back, fee=-9)),
        "currency": (paid, replace(back, currency="KRW")),
        "day": (paid, replace(back, day=DAY + timedelta(days=4))),
        "state": (paid, replace(back, state="failed")),
        "kind": (paid, replace(back, kind="dispute")),
        "third": (paid, back, replace(back, kind="void")),
        "": (paid, back),
    }
    rows = [replace(row, reference=name) for name, rows in cases.items() for row in rows]
    return [replace(row, row=number) for number, row in enumerate(rows, 1)]


def test_spark_finds_the_same_reversals_as_duckdb(tmp_path: Path) -> None:
    kinds = ("payment", "refund", "void")
    mine = Rule(name="mine", by=By.REVERSAL, kinds=kinds, side="ours", fee=1, days=4)
    rules = RuleBook(rule=(*standard_rules().rule, mine))
    rows = reversed_rows()
    ours = [replace(row, reference=row.reference and f"our {row.reference}") for row in rows]
    pairs = both(
        tmp_path,
        write_side(tmp_path / "ours.parquet", ours),
        write_side(tmp_path / "theirs.parquet", rows),
        rules,
    )
    names = {row.row: row.reference for row in rows}
    found = {(rule, names[our or their or 0]) for our, their, rule, *_ in pairs if rule}
    assert found == {
        ("reversal", "whole"),
        ("reversal", "no fee told"),
        ("reversal", "third"),
        ("top_up_reversal", "top-up"),
        *(("mine", name) for name in ("whole", "no fee told", "fee", "day")),
    }
