"""Spark makes what DuckDB makes, row by row; skipped, and said so, where it is not installed."""

from pathlib import Path

import pytest

from services.reconciliation.matching.backends import BackendUnavailable, open_backend
from services.reconciliation.matching.names import BackendName
from services.sandbox.bench.recon.planting import plant
from tests.unit.reconciliation.sides import run


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.timeout(300)
def test_spark_makes_the_same_pairs_as_duckdb(tmp_path: Path) -> None:
    try:
        open_backend(BackendName.SPARK, tmp_path / "try").close()
    except BackendUnavailable as error:
        pytest.skip(f"Spark was NOT tested: {error.message}")
    planted = plant(tmp_path / "files", 2_000, 5)
    one = run(tmp_path / "duckdb", planted.ours, planted.theirs)
    other = run(tmp_path / "spark", planted.ours, planted.theirs, BackendName.SPARK)
    assert other[1] == one[1]
    assert (other[0].matches_by_rule, other[0].breaks_by_kind) == (
        one[0].matches_by_rule,
        one[0].breaks_by_kind,
    )
