"""Sides of a few rows, and what the matching makes of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from services.reconciliation.matching.backends import open_backend
from services.reconciliation.matching.engine import Engine, Matched
from services.reconciliation.matching.names import BackendName
from services.reconciliation.matching.rows import PAIR_COLUMNS, SIDE
from services.reconciliation.matching.rules import RuleBook, standard_rules

DAY = date(2026, 11, 20)


@dataclass(frozen=True)
class Row:
    """A row as most are: a completed payment of 1,000 yen."""

    row: int
    reference: str = ""
    partner_reference: str = ""
    kind: str = "payment"
    currency: str = "JPY"
    minor: int = 1_000
    fee: int | None = 10
    state: str = "completed"
    day: date = DAY
    bundle: str = ""
    text: str = ""


Pair = tuple[int | None, int | None, str, str, int, str]


def write_side(path: Path, rows: Sequence[Row]) -> Path:
    """The rows as the engine reads them."""
    columns = {name: [getattr(row, name) for row in rows] for name in asdict(Row(0))}
    pq.write_table(pa.table(columns, schema=SIDE), path)
    return path


def run(
    folder: Path,
    ours: Path,
    theirs: Path,
    backend: BackendName = BackendName.DUCKDB,
    rules: RuleBook | None = None,
) -> tuple[Matched, list[Pair]]:
    """The counts and the pairs, in a fixed order."""
    engine = Engine(open_backend(backend, folder), folder)
    try:
        matched = engine.match(engine.read(ours), engine.read(theirs), rules or standard_rules())
        rows: list[dict[str, Any]] = matched.pairs.to_pyarrow().to_pylist()
    finally:
        engine.close()
    pairs = [tuple(row[name] for name in PAIR_COLUMNS) for row in rows]
    return matched, sorted(pairs, key=repr)


def pairs_of(folder: Path, ours: Sequence[Row], theirs: Sequence[Row]) -> list[Pair]:
    """What the standard rules make of two sides."""
    folder.mkdir(exist_ok=True)
    return run(
        folder / "work",
        write_side(folder / "ours.parquet", ours),
        write_side(folder / "theirs.parquet", theirs),
    )[1]
