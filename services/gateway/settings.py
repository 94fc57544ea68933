"""What the gateway reads from its environment beyond what all services share."""

from pathlib import Path

from pydantic import Field, SecretStr

from services.gateway.webhooks.addresses import HTTPS_PORTS
from services.kit.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """Settings of one gateway process."""

    gateway_operator_key: SecretStr | None = Field(default=None, min_length=24)
    """A key text that is accepted as an operator's: how the first real key is made."""
    bridge_address: str
    """The bridge's gRPC server, `host:port`: wallet links and bank accounts are asked there."""
    settlement_address: str = ""
    """Settlement's gRPC server, `host:port`: the operator's people reach it by their keys through
    this gateway. Empty: not through this one."""
    reconciliation_address: str = ""
    """Reconciliation's, likewise."""
    gateway_screening_list: Path | None = None
    """The screening list, as `screening/listing.py` describes it; without it nothing is screened.
    One that cannot be read at start stops the process."""
    gateway_http_listen: str = "127.0.0.1:0"
    """Where the HTTP API listens; port 0 takes a free one."""
    gateway_http_url: str = ""
    """Where participants find the HTTP API, such as `https://api.example.com`: the server that the
    OpenAPI document names. Empty: wherever the document was fetched."""
    gateway_http_contact: str = ""
    """Whom the OpenAPI document says to ask: an address of mail or of a page."""
    gateway_http_proxies: str = ""
    """Addresses, separated by commas, whose `X-Forwarded-For` is believed: the load balancer's."""
    gateway_secrets_key: SecretStr | None = None
    """Keys of 32 bytes in URL-safe base64, separated by commas: what seals secrets at rest. The
    first seals, all open. Without one no webhook endpoint can be made."""
    payee_key: SecretStr | None = None
    """Keys like those of `gateway_secrets_key`, which settlement and bridge have too: what seals
    the accounts that shops and withdrawals are paid to. Without one no shop with an account can be
    proposed, and no withdrawal made."""
    gateway_account_cooling_hours: int = Field(default=72, ge=0, le=24 * 30)
    """How long an account that takes another's place waits before it is paid."""
    gateway_webhook_inside: bool = False
    """For the sandbox: webhooks may go to plain http, to any address and any port."""
    gateway_webhook_ports: frozenset[int] = HTTPS_PORTS
    """The ports webhooks may go to, as a JSON list."""
