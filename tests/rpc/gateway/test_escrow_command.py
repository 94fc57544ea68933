"""`kawase escrow` against a gateway that runs: a dispute is seen, and decided by two people."""

import asyncio
import json
import re

import pytest
from click.testing import CliRunner, Result

from services.cli.escrow import escrow
from services.core.errors import Refused
from tests.rpc.gateway.access_served import Access, House
from tests.rpc.gateway.test_escrow_calls import ask, house, kept

__all__ = ["house"]


async def typed(house: House, *words: str) -> Result:
    """What a person of finance types after `kawase escrow`, from a thread of its own."""
    given = ["--address", house.address, "--key", house.keys["mei"], *words]
    return await asyncio.to_thread(CliRunner().invoke, escrow, given)


async def test_a_dispute_is_listed_shown_and_decided_by_two_people(house: House) -> None:
    assert "nothing is in escrow" in (await typed(house, "list")).output
    reference = await kept(house)
    assert "nothing is disputed" in (await typed(house, "list", "--disputed")).output
    await ask(house, "DisputeEscrow", payment_id="p1", reason="It came broken.")

    listed = (await typed(house, "list", "--disputed")).output
    assert re.search(rf"{reference} +disputed +shokudo +JPY 1,000 +the clock stands", listed)
    assert "UTC: It came broken." in (await typed(house, "show", reference)).output
    word = ("resolve", reference, "--release", "250JPY", "--reason", "A quarter was good.")
    first = (await typed(house, *word, "--id", "w1")).exception
    assert isinstance(first, Refused)
    approving = Access.ApproveProposalRequest(proposal_id=first.metadata["proposal_id"])
    await house.access("ApproveProposal", approving, "ken")

    ended = json.loads((await typed(house, "show", reference, "--json")).output)
    assert (ended["state"], ended["released"]["minor_units"]) == ("ESCROW_STATE_DIVIDED", "250")
    assert "nothing is disputed" in (await typed(house, "list", "--disputed")).output


@pytest.mark.parametrize("amount", ["all", "250", "-1JPY"])
async def test_an_amount_is_of_a_currency(house: House, amount: str) -> None:
    refused = await typed(house, "resolve", "0", "--release", amount, "--reason", "none")
    assert (refused.exit_code, "is not an amount" in refused.output) == (2, True)
