"""Mutual TLS from end to end: who is refused is told why, probes and the command still get in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from services.cli.keys import keys
from services.core.errors import Unavailable
from services.kit.rpc import CALL_SECONDS, RpcServer, call, open_channel
from services.kit.tls import channel_credentials, channel_to, server_credentials
from tests.certificates import Authority, settings
from tests.rpc.gateway.access_served import SETTING, house_of
from tests.store.gateway.payments_world import Gateway

LOCAL = x509.IPAddress(ip_address("127.0.0.1"))
NAME = x509.UniformResourceIdentifier("spiffe://settlement.kawase.example")


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "theirs")


@asynccontextmanager
async def serving(
    authority: Authority, certificate: Path, probes: str = ""
) -> AsyncIterator[RpcServer]:
    """A server that takes clients of the authority alone."""
    own = settings(certificate, tls_client_ca=authority.ca)
    server = RpcServer("127.0.0.1:0", server_credentials(own), probes)
    await server.start()
    yield server
    await server.stop()


async def check(channel: grpc.aio.Channel) -> Any:
    health: Any = HealthStub(channel)
    return await call(health.Check(HealthCheckRequest(), timeout=CALL_SECONDS))


async def refusal(server: RpcServer, client: Path | None, **trusted: Path) -> Unavailable:
    async with channel_to(server.address, settings(client, **trusted)) as channel:
        with pytest.raises(Unavailable) as refused:
            await check(channel)
    return refused.value


async def test_a_client_that_is_not_trusted_is_not_served_and_told_what_may_be_wrong(
    ours: Authority, theirs: Authority
) -> None:
    async with serving(ours, ours.sign("server", LOCAL)) as server:
        wrong = (None, theirs.sign("stranger", NAME), ours.sign("expired", NAME, days=-1))
        for client in wrong:
            error = await refusal(server, client, tls_server_ca=ours.ca)
            assert error.reason == "CONNECTION_NOT_TAKEN"
            assert "not expired" in error.message
        assert (await refusal(server, None)).reason == "CONNECTION_NOT_TAKEN"
        good = settings(ours.sign("client", NAME), tls_server_ca=ours.ca)
        async with channel_to(server.address, good) as channel:
            assert (await check(channel)).status == HealthCheckResponse.SERVING


async def test_a_server_that_is_not_trusted_is_not_called_and_it_is_said_why(
    ours: Authority, theirs: Authority
) -> None:
    client = ours.sign("client", NAME)
    good = ours.sign("server", LOCAL)
    cases = (
        (good, theirs.ca, "unable to get local issuer certificate"),
        (ours.sign("expired", LOCAL, days=-1), ours.ca, "certificate has expired"),
        (ours.sign("elsewhere", x509.DNSName("x.example")), ours.ca, "it is for another name"),
    )
    for certificate, trusted, why in cases:
        async with serving(ours, certificate) as server:
            error = await refusal(server, client, tls_server_ca=trusted)
            assert (error.reason, why in error.message) == ("SERVER_NOT_TRUSTED", True)


async def test_probes_are_answered_without_tls_and_nothing_else_is(ours: Authority) -> None:
    async with (
        serving(ours, ours.sign("server", LOCAL), "127.0.0.1:0") as server,
        open_channel(f"127.0.0.1:{server.probed_port}") as channel,
    ):
        assert (await check(channel)).status == HealthCheckResponse.SERVING
        ask: Any = channel.unary_unary("/grpc.reflection.v1alpha.ServerReflection/Any")
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await ask(b"", timeout=CALL_SECONDS)
        assert unknown.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def typed(*words: str, **variables: str) -> Result:
    """What a person types after `kawase keys`, from a thread of its own."""
    runner = CliRunner(env=variables)
    return await asyncio.to_thread(runner.invoke, keys, words)


async def test_the_command_gets_in_by_options_or_variables(
    gateway: Gateway, ours: Authority
) -> None:
    own = settings(ours.sign("server", LOCAL), tls_client_ca=ours.ca)
    server = RpcServer("127.0.0.1:0", server_credentials(own))
    client = ours.sign("client", NAME)
    trust = settings(client, tls_server_ca=ours.ca)
    async with house_of(gateway, server, credentials=channel_credentials(trust)) as house:
        await house.open_up()
        asked = ["--address", server.address, "--key", SETTING]
        shown = [
            *("--ca", str(ours.ca), "--certificate", str(client)),
            *("--certificate-key", str(client.with_suffix(".key"))),
        ]
        assert (await typed(*asked, *shown, "list", "panda")).exit_code == 0
        variables = {
            "KAWASE_TLS_SERVER_CA": str(ours.ca),
            "KAWASE_TLS_CERTIFICATE": str(client),
            "KAWASE_TLS_KEY": str(client.with_suffix(".key")),
            "KAWASE_KEY": SETTING,
        }
        done = await typed("--address", server.address, "list", "panda", **variables)
        assert "all scopes" in done.output
        refused = await typed(*asked, "list", "panda")
        assert "KAWASE_TLS_SERVER_CA" in str(refused.exception)
        half = await typed(*asked, *shown[:4], "list", "panda")
        assert (half.exit_code, "belong together" in half.output) == (2, True)
