"""Secrets that pass through a gateway are in no log, no row, no error and no repr of it."""

import logging
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from services.core.errors import KawaseError
from services.gateway.settings import GatewaySettings
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pay
from services.pb.kawase.gateway.v1 import webhook_service_pb2 as hooks
from tests.parts import SEAL, rows_of
from tests.rpc.gateway.access_served import SETTING, Access, House, Put, house_of
from tests.rpc.gateway.acquirer_shops import ask, content_of, open_shop
from tests.store.gateway.payments_world import Gateway

NUMBER = "1234567"
DSN = "postgresql://kawase_gateway:a-password-of-postgres@nowhere/kawase"


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with house_of(gateway) as made:
        yield made


async def refused(call: Any) -> str:
    """What a refusal says, with all that led to it."""
    with pytest.raises(KawaseError) as error:
        await call
    told = [error.value.message, repr(error.value), repr(error.value.metadata)]
    return "\n".join([*told, *traceback.format_exception(error.value)])


async def flows(house: House) -> tuple[list[str], list[str]]:
    """Calls that are done and calls that are not: the secrets in them, and what refusals said."""
    await house.open_up()
    await house.open_shop()
    await open_shop(house)
    endpoint = hooks.PutWebhookEndpointRequest(webhook_endpoint_id="main", url="http://[::1]:9/x")
    put = await house.call("WebhookService", "PutWebhookEndpoint", endpoint, "edo")
    rotating = hooks.RotateWebhookSecretRequest(webhook_endpoint_id="main")
    rotated = await house.call("WebhookService", "RotateWebhookSecret", rotating, "edo")
    fresh = await house.access("RotateApiKey", Access.RotateApiKeyRequest(), "momo")
    secrets = [put.secret, rotated.secret, fresh.api_key, *house.keys.values()]
    taken = pb.ProposeMerchantRequest(content=content_of(merchant_id="shokudo"))
    shop = pay.DecodeCodeRequest(code="nonsense")
    said = [
        await refused(house.admin("ListCases", Put.ListCasesRequest(), "panda")),
        await refused(ask(house, "ProposeMerchant", taken)),
        await refused(house.admin("CreateApiKey", Put.CreateApiKeyRequest(participant_id="panda"),
                                  "ada")),
        await refused(house.pay("DecodeCode", shop, "momo")),
    ]  # fmt: skip
    house.keys["guess"] = f"{house.keys['panda'][:-4]}abcd"
    said.append(await refused(house.pay("DecodeCode", shop, "guess")))
    return secrets, said


async def test_no_secret_is_written_down(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with structlog.testing.capture_logs() as logs, caplog.at_level(logging.DEBUG):
        secrets, said = await flows(house)
        await house.trail.write(house.gateway.pool)
    places = {
        "logs": "\n".join([repr(logs), caplog.text]),
        "rows": "\n".join((await rows_of(house.gateway.pool)).values()),
        "refusals": "\n".join(said),
        "reprs": repr([house.gate, house.gateway.board.current]),
    }
    assert {"webhook_key_rotated", "call_refused"} <= {each["event"] for each in logs}
    # What stands after the id of a key is its secret.
    planted = {secret.split("_", 2)[-1] for secret in secrets} | {SETTING, SEAL, NUMBER}
    assert min(map(len, planted)) == len(NUMBER)
    for name, text in places.items():
        assert [secret for secret in planted if secret in text] == [], name


def test_printed_settings_show_no_secret() -> None:
    given = GatewaySettings(
        postgres=SecretStr(DSN),
        kafka="localhost:1",
        bridge_address="localhost:2",
        gateway_operator_key=SecretStr(SETTING),
        gateway_secrets_key=SecretStr(SEAL),
        payee_key=SecretStr(SEAL),
    )
    for text in (repr(given), str(given), given.model_dump_json()):
        assert not any(secret in text for secret in ("a-password", SETTING, SEAL))
