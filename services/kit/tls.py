"""Mutual TLS for gRPC, by settings; without them nothing is encrypted, as in the sandbox.

A server with a client CA takes only clients whose certificate that CA has signed. A process that
calls others shows its own certificate, where it has one.
"""

from pathlib import Path

import grpc

from services.kit.rpc import open_channel
from services.kit.settings import ServiceSettings


def server_credentials(settings: ServiceSettings) -> grpc.ServerCredentials | None:
    """What this process's server shows and asks for; None without a certificate."""
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None or key is None:
        return None
    ca = _read(settings.tls_client_ca)
    return grpc.ssl_server_credentials(
        [(key.read_bytes(), certificate.read_bytes())], ca, require_client_auth=ca is not None
    )


def channel_credentials(settings: ServiceSettings) -> grpc.ChannelCredentials | None:
    """Whom this process trusts as a server, and what it shows; None without a server CA."""
    if settings.tls_server_ca is None:
        return None
    return grpc.ssl_channel_credentials(
        settings.tls_server_ca.read_bytes(),
        _read(settings.tls_key),
        _read(settings.tls_certificate),
    )


def channel_to(address: str, settings: ServiceSettings) -> grpc.aio.Channel:
    """A channel to another service, by TLS where the settings say so."""
    return open_channel(address, channel_credentials(settings))


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()
