"""What reconciliation reads from its environment beyond what all copies of facts share."""

from pathlib import Path

from pydantic import Field, SecretStr

from services.kit.facts.owners import FactsSettings
from services.reconciliation.matching.names import BackendName


class ReconciliationSettings(FactsSettings):
    """Settings of one reconciliation process."""

    payee_key: SecretStr
    """Seals the files that partners and banks give: they name accounts and their holders. The same
    as of gateway, settlement and bridge."""
    settlement_address: str
    """Settlement's gRPC server, `host:port`: it says which FX deals statements are to show."""
    recon_engine: BackendName = BackendName.DUCKDB
    """What matches: DuckDB in this process, or Spark where one machine is not enough."""
    recon_spark_master: str = ""
    """A Spark cluster's URL; empty: this machine."""
    recon_rules: Path | None = None
    """Matching rules, as `matching/rules.py` describes them; without it the standard ones."""
    recon_partners: Path | None = None
    """What is known of partners, as `partners.toml` tells it; without it the sandbox's."""
    recon_work: Path | None = None
    """A folder for files in the making; without it the machine's own for temporary files."""
    recon_spool_bytes: int = Field(default=1 << 30, ge=1 << 20)
    """The largest file that is taken in."""
    recon_write_off_limits: dict[str, int] = Field(default_factory=dict)
    """Minor units by currency, as JSON (`{"JPY": 1000}`): up to them one person writes a break off.
    A currency left out always needs two."""
    recon_correction_days: int = Field(default=7, ge=1, le=90)
    """Within how many days a partner's files hold a correction it has promised."""
    recon_expected_files: dict[str, list[str]] = Field(default_factory=dict)
    """Formats by partner, as JSON, without which no day of it is closed. A partner left out has to
    have given any file for a day on which we have booked something; a bank for that day or a later
    one. A day of which a partner gives no files by its calendar (`partners.toml`) needs none."""
