"""Mutual TLS: no service without a certificate, and a key tied to the certificates listed."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from pydantic import ValidationError

import services
from services.core.errors import Unauthenticated, Unavailable
from services.kit.rpc import CALL_SECONDS, RpcServer, call
from services.kit.settings import ServiceSettings
from services.kit.tls import channel_credentials, channel_to, server_credentials
from tests.certificates import REQUIRED, Authority, settings
from tests.rpc.gateway.access_served import Access, House, Put, house_of
from tests.store.gateway.payments_world import Gateway

BARE_CHANNEL = re.compile(r"= open_channel\([^,()]*\)")
SPIFFE = "spiffe://panda.example/payments"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours")


@asynccontextmanager
async def served(
    gateway: Gateway, authority: Authority, client: Path | None
) -> AsyncIterator[House]:
    """A house whose server wants certificates of `authority`, called with `client`."""
    own = authority.sign("server", x509.IPAddress(ip_address("127.0.0.1")))
    credentials = server_credentials(settings(own, tls_client_ca=authority.ca))
    server = RpcServer("127.0.0.1:0", credentials)
    trust = channel_credentials(settings(client, tls_server_ca=authority.ca))
    async with house_of(gateway, server, credentials=trust) as house:
        yield house


async def test_a_key_tied_to_certificates_is_good_with_these_alone(
    gateway: Gateway, authority: Authority
) -> None:
    client = authority.sign("client", x509.UniformResourceIdentifier(SPIFFE))
    certificate = x509.load_pem_x509_certificate(client.read_bytes())
    fingerprint = f"sha256:{certificate.fingerprint(hashes.SHA256()).hex()}"
    async with served(gateway, authority, client) as house:
        await house.open_up()
        for identities, good in (
            ([SPIFFE], True),
            ([fingerprint, "spiffe://other"], True),
            (["spiffe://panda.example"], False),
        ):
            policy = Access.AccessPolicy(participant_id="panda", tls_identities=identities)
            policy.requires_signature = good
            await house.access("PutAccessPolicy", Access.PutAccessPolicyRequest(policy=policy))
            if good:
                await house.access("ListApiKeys", Access.ListApiKeysRequest(), "panda")
                continue
            with pytest.raises(Unauthenticated) as refusal:
                await house.access("ListApiKeys", Access.ListApiKeysRequest(), "panda")
            assert refusal.value.reason == "CERTIFICATE_REQUIRED"
        await house.access("ListApiKeys", Access.ListApiKeysRequest(), "momo")


async def test_a_key_with_another_participants_certificate_is_refused(
    gateway: Gateway, authority: Authority
) -> None:
    momo = "spiffe://momo.example/payments"
    client = authority.sign("momo", x509.UniformResourceIdentifier(momo))
    async with served(gateway, authority, client) as house:
        await house.open_up()
        for name, identity in (("panda", SPIFFE), ("momo", momo)):
            policy = Access.AccessPolicy(participant_id=name, tls_identities=[identity])
            await house.access("PutAccessPolicy", Access.PutAccessPolicyRequest(policy=policy))
        await house.access("ListApiKeys", Access.ListApiKeysRequest(), "momo")
        with pytest.raises(Unauthenticated) as refusal:
            await house.access("ListApiKeys", Access.ListApiKeysRequest(), "panda")
        assert refusal.value.reason == "CERTIFICATE_REQUIRED"


@pytest.mark.parametrize("stranger", [False, True])
async def test_without_a_certificate_of_the_authority_nothing_is_served(
    gateway: Gateway, authority: Authority, tmp_path: Path, stranger: bool
) -> None:
    client = None
    if stranger:
        other = Authority(tmp_path / "theirs")
        client = other.sign("client", x509.UniformResourceIdentifier(SPIFFE))
    async with served(gateway, authority, client) as house:
        with pytest.raises(Unavailable):
            await house.admin("ListCases", Put.ListCasesRequest())


@pytest.mark.parametrize("shown", [True, False])
async def test_a_service_calls_another_with_the_certificate_of_its_settings(
    authority: Authority, shown: bool
) -> None:
    own = authority.sign("server", x509.IPAddress(ip_address("127.0.0.1")))
    server = RpcServer("127.0.0.1:0", server_credentials(settings(own, tls_client_ca=authority.ca)))
    await server.start()
    caller = settings(own if shown else None, tls_server_ca=authority.ca)
    try:
        async with channel_to(server.address, caller) as channel:
            health: Any = HealthStub(channel)
            asked = health.Check(HealthCheckRequest(), timeout=CALL_SECONDS)
            if shown:
                assert (await call(asked)).status == HealthCheckResponse.SERVING
                return
            with pytest.raises(Unavailable):
                await call(asked)
    finally:
        await server.stop()


def test_no_service_opens_a_channel_past_its_settings() -> None:
    root = Path(services.__file__).parent
    apart = [root / "cli", root / "sandbox", root / "sdk"]
    modules = [path for path in root.rglob("*.py") if not set(apart) & set(path.parents)]

    past = [path for path in modules if BARE_CHANNEL.search(path.read_text())]

    assert len(modules) > 300
    assert past == []


def test_a_certificate_without_its_key_is_no_setting(authority: Authority) -> None:
    with pytest.raises(ValidationError, match="belong together"):
        ServiceSettings(**REQUIRED, tls_certificate=authority.ca)
    with pytest.raises(ValidationError, match="needs"):
        ServiceSettings(**REQUIRED, tls_client_ca=authority.ca)
    assert server_credentials(settings()) is None
    assert channel_credentials(settings()) is None
