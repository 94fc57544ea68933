"""Between Postgres and Parquet: the sides a run reads, and the pairs it has made.

CSV goes between the two, because both read and write it in bulk and in bounded memory.
"""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.dataset as dataset
import pyarrow.parquet as parquet

from services.reconciliation.matching.rows import PAIR_COLUMNS, SIDE, STORED_COLUMNS


def csv_to_parquet(source: Path, target: Path) -> int:
    """A side as Postgres has written it, as Parquet; returns the number of its rows."""
    convert = arrow_csv.ConvertOptions(
        column_types=SIDE,
        null_values=[""],
        strings_can_be_null=False,
    )
    parse = arrow_csv.ParseOptions(newlines_in_values=True)
    read = arrow_csv.ReadOptions(column_names=SIDE.names)
    rows = 0
    with parquet.ParquetWriter(target, SIDE) as writer:
        # An empty file has no first block to open.
        if source.stat().st_size:
            with arrow_csv.open_csv(source, read, parse, convert) as batches:
                for batch in batches:
                    writer.write_batch(batch.cast(SIDE))
                    rows += batch.num_rows
    return rows


def pairs_to_csv(source: Path, partner_id: str, day: date, target: Path) -> None:
    """A folder of pairs as Postgres reads them: `STORED_COLUMNS`, no header."""
    options = arrow_csv.WriteOptions(include_header=False)
    found = dataset.dataset(source, format="parquet")
    with target.open("wb") as file:
        for batch in found.to_batches(columns=list(PAIR_COLUMNS)):
            arrow_csv.write_csv(_stored(batch, partner_id, day), file, options)


def _stored(batch: pa.RecordBatch, partner_id: str, day: date) -> pa.Table:
    count = batch.num_rows
    columns: list[Any] = [
        pa.array([partner_id] * count, pa.string()),
        pa.array([day] * count, pa.date32()),
        *(batch.column(name) for name in PAIR_COLUMNS),
    ]
    return pa.table(columns, names=list(STORED_COLUMNS))
