"""What every service reads from its environment; the only place where the environment is read.

A variable is the field's name with `KAWASE_` before it (`KAWASE_KAFKA`). A service adds its own
fields in a subclass. Secrets are `SecretStr`, so that a printed setting shows none.
"""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.core.clock import Clock, SharedClock, SystemClock


class ServiceSettings(BaseSettings):
    """Settings that all services share."""

    model_config = SettingsConfigDict(env_prefix="KAWASE_", frozen=True, extra="ignore")

    postgres: SecretStr
    """DSN of this service's own login."""
    kafka: str
    """Bootstrap servers, `host:port[,…]`."""
    listen: str = "127.0.0.1:0"
    """Where its gRPC server listens; port 0 takes a free one."""
    probes_listen: str = ""
    """Where health checks are answered without TLS, and nothing else; empty: nowhere."""
    topic_prefix: str = "kawase"
    clock: Path | None = None
    """The sandbox's clock file; without it the machine's clock is read."""
    instance: str = ""
    """A name that stays over restarts (a pod's); empty in the sandbox."""
    partitions: int = Field(default=1, ge=1, le=64)
    """Partitions of topics that do not exist yet; a power of two, so that stripes stay whole."""
    replicas: int = Field(default=1, ge=1, le=9)
    """Copies of topics that do not exist yet; a cluster wants 3."""
    tls_certificate: Path | None = None
    """PEM chain that this process shows, as a server and as a client; with it `tls_key`."""
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    """PEM of who signs clients' certificates; with it, clients without one are not served."""
    tls_server_ca: Path | None = None
    """PEM of who signs the certificates of the services this one calls; with it, it calls TLS."""
    pool_size: int = Field(default=8, ge=2, le=64)
    """Postgres connections of this process."""
    outbox_keep_days: int = Field(default=30, ge=0, le=3660)
    """How long sent messages are kept, which is how long a copy of this service's facts may be away
    and still fetch what it missed; 0 keeps them for ever."""

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("KAWASE_TLS_CERTIFICATE and KAWASE_TLS_KEY belong together: give both")
        if self.tls_client_ca is not None and self.tls_certificate is None:
            raise ValueError("KAWASE_TLS_CLIENT_CA needs KAWASE_TLS_CERTIFICATE and KAWASE_TLS_KEY")
        return self

    def make_clock(self) -> Clock:
        """The clock this process reads."""
        return SystemClock() if self.clock is None else SharedClock(self.clock)
