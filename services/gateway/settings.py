"""What the gateway reads from its environment beyond what all services share."""

from pathlib import Path

from pydantic import Field, SecretStr

from services.kit.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """Settings of one gateway process."""

    gateway_operator_key: SecretStr | None = Field(default=None, min_length=24)
    """A key text that is accepted as an operator's: how the first real key is made."""
    bridge_address: str
    """The bridge's gRPC server, `host:port`: wallet links and bank accounts are asked there."""
    gateway_screening_list: Path | None = None
    """The screening list, as `screening/listing.py` describes it; without it nothing is screened.
    One that cannot be read at start stops the process."""
