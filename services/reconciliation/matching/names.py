"""Which engine runs the matching, apart from the engines: they take a second to import."""

from enum import StrEnum


class BackendName(StrEnum):
    """What can be chosen in `KAWASE_RECON_ENGINE`."""

    DUCKDB = "duckdb"
    SPARK = "spark"
