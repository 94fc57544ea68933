"""`kawase keys` against a gateway that runs."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from click.testing import CliRunner, Result

from services.cli.keys import keys
from services.core.errors import KawaseError
from tests.rpc.gateway.access_served import SETTING, Access, House, house_of
from tests.store.gateway.payments_world import Gateway


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with house_of(gateway) as made:
        await made.open_up()
        # What is warned of once, and would stand between the lines of the command, is warned of.
        await made.access("ListApiKeys", Access.ListApiKeysRequest())
        yield made


async def typed(house: House, *words: str) -> Result:
    """What a person types after `kawase keys`, from a thread of its own."""
    given = ["--address", house.address, "--key", SETTING, *words]
    return await asyncio.to_thread(CliRunner().invoke, keys, given)


async def test_a_key_is_made_listed_and_revoked(house: House) -> None:
    made = await typed(house, "create", "panda", "--purpose", "tills", "--scope", "keys")
    house.keys["tills"] = made.output.strip()
    await house.access("ListApiKeys", Access.ListApiKeysRequest(), "tills")

    listed = json.loads((await typed(house, "list", "panda", "--json")).output)["api_keys"]
    (tills,) = [key for key in listed if key["purpose"] == "tills"]
    revoked = await typed(house, "revoke", tills["key_id"])

    assert tills["scopes"] == ["keys"]
    assert revoked.exit_code == 0
    with pytest.raises(KawaseError) as refusal:
        await house.access("ListApiKeys", Access.ListApiKeysRequest(), "tills")
    assert refusal.value.reason == "KEY_REVOKED"
    assert "revoked 2026-10-30 09:00 UTC" in (await typed(house, "list", "panda")).output


async def test_what_cannot_be_made_is_refused_with_a_sentence(house: House) -> None:
    refused = await typed(house, "create", "panda", "--network", "everywhere")

    assert refused.exit_code != 0
    assert "is not a network" in str(refused.exception)
