"""What settlement reads from its environment beyond what all copies of facts share."""

from pydantic import SecretStr

from services.kit.facts.owners import FactsSettings


class SettlementSettings(FactsSettings):
    """Settings of one settlement process."""

    payee_key: SecretStr
    """Opens the accounts that shops are paid to, and seals them for the bridge; gateway and bridge
    have the same."""
    reconciliation_address: str
    """Reconciliation's gRPC server, `host:port`: it says what is on the banks' statements."""
