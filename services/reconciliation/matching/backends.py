"""What runs the expressions: DuckDB in this process, or Spark on this machine or a cluster."""

from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import ibis

from services.core.errors import Unavailable
from services.reconciliation.matching.expressions import Table
from services.reconciliation.matching.names import BackendName

MEMORY_MB = 2000
THREADS = 2


class BackendUnavailable(Unavailable):
    """The engine asked for cannot run here."""


class Backend(Protocol):
    """Reads and writes folders of Parquet, running ibis expressions."""

    def read(self, path: Path) -> Table:
        """A Parquet file, or a folder of them."""
        ...

    def write(self, expression: Table, folder: Path) -> None:
        """Run an expression into a folder that is not there yet."""
        ...

    def close(self) -> None:
        """End it."""
        ...


def open_backend(name: BackendName, work: Path, spark_master: str = "") -> Backend:
    """A backend that spills into `work`. `spark_master`: a cluster's URL; empty: this machine.

    Raises `BackendUnavailable`.
    """
    work.mkdir(parents=True, exist_ok=True)
    return DuckDb(work) if name is BackendName.DUCKDB else Spark(work, spark_master)


class DuckDb:
    """In this process, with bounded memory."""

    def __init__(self, work: Path) -> None:
        self._connection = ibis.duckdb.connect(
            threads=THREADS,
            memory_limit=f"{MEMORY_MB}MB",
            temp_directory=str(work / "spill"),
            preserve_insertion_order=False,
        )

    def read(self, path: Path) -> Table:
        return self._connection.read_parquet(str(path / "*.parquet" if path.is_dir() else path))

    def write(self, expression: Table, folder: Path) -> None:
        folder.mkdir()
        self._connection.to_parquet(expression, str(folder / "rows.parquet"))

    def close(self) -> None:
        self._connection.disconnect()


class Spark:
    """On the JRE that is there, of 17 or newer."""

    def __init__(self, work: Path, master: str) -> None:
        if find_spec("pyspark") is None:
            raise BackendUnavailable("Spark is not installed: install kawase's extra `spark`.")
        self._session = _session(work, master or f"local[{THREADS}]")
        self._connection = ibis.pyspark.connect(self._session)

    def read(self, path: Path) -> Table:
        return self._connection.read_parquet(str(path))

    def write(self, expression: Table, folder: Path) -> None:
        self._connection.to_parquet_dir(expression, str(folder))

    def close(self) -> None:
        self._session.stop()


def _session(work: Path, master: str) -> Table:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master).appName("kawase-reconciliation")
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": str(THREADS * 2),
        "spark.sql.warehouse.dir": str(work / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
    }
    for name, value in options.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, OSError) as error:
        raise BackendUnavailable(
            f"Spark does not start; it needs a JRE of 17 or newer: {error}"
        ) from error
