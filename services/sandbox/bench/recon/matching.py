"""The child process of the bench: matches the planted files and says what it found and used.

python -m services.sandbox.bench.recon.matching FOLDER ENGINE
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

from services.reconciliation.matching.backends import open_backend
from services.reconciliation.matching.engine import Engine
from services.reconciliation.matching.names import BackendName
from services.reconciliation.matching.rules import standard_rules

KIB = 1024


def run(folder: Path, name: BackendName) -> dict[str, Any]:
    """Match `ours.parquet` and `theirs.parquet`; `found` and `invented` row by row."""
    started = time.monotonic()
    engine = Engine(open_backend(name, folder / "work"), folder / "work")
    matched = engine.match(
        engine.read(folder / "ours.parquet"),
        engine.read(folder / "theirs.parquet"),
        standard_rules(),
    )
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB
    pairs = sorted((folder / "work").glob("step-*"))[-1]
    engine.close()
    found, invented = _compare(folder / "planted.parquet", pairs)
    return {
        "seconds": round(seconds, 2),
        "peak_bytes": peak,
        "found": found,
        "invented": invented,
        "matches_by_rule": matched.matches_by_rule,
        "breaks_by_kind": matched.breaks_by_kind,
    }


def _compare(planted: Path, pairs: Path) -> tuple[int, int]:
    """How many planted breaks were found in their place, and how many others."""
    connection = duckdb.connect()
    row = connection.execute(
        "SELECT count(*) FILTER (p.break_kind IS NOT NULL), "
        "count(*) FILTER (p.break_kind IS NULL) "
        f"FROM (SELECT * FROM '{pairs}/*.parquet' WHERE break_kind <> '') AS f "
        f"LEFT JOIN '{planted}' AS p ON f.break_kind = p.break_kind "
        "AND f.our_row IS NOT DISTINCT FROM p.our_row "
        "AND f.their_row IS NOT DISTINCT FROM p.their_row"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), BackendName(sys.argv[2]))))  # noqa: T201
