"""What settlement reads from its environment beyond what all copies of facts share."""

from services.kit.facts.owners import FactsSettings


class SettlementSettings(FactsSettings):
    """Settings of one settlement process."""

    reconciliation_address: str
    """Reconciliation's gRPC server, `host:port`: it says what is on the banks' statements."""
