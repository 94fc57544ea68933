"""`kawase settlement` against a settlement that answers."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.kit.kafka import Topics
from tests.conftest import Database
from tests.rpc.settlement.test_payouts_served import PAYEE, serving
from tests.store.settlement.paying_world import CAFE, PayingWorld, paying_world
from tests.store.settlement.test_arrivals import TOP_UP, refuse, show, stuck
from tests.store.settlement.world import CORRIDOR


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it said."""

    status: int
    output: str
    problem: str


Run = Callable[..., Awaitable[Said]]


@pytest.fixture
async def house(database: Database, topics: Topics) -> AsyncIterator[PayingWorld]:
    async with paying_world(database, topics) as made:
        yield made


@pytest.fixture
async def run(house: PayingWorld) -> AsyncIterator[Run]:
    async with serving(house) as address:

        async def invoke(*arguments: str) -> Said:
            command = ["settlement", "--address", address, *arguments]
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", "from services.cli.main import main; main()", *command),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            async with asyncio.timeout(60):
                output, problem = await process.communicate()
            return Said(process.returncode or 0, output.decode(), problem.decode())

        yield invoke


async def test_a_day_of_settlement_from_the_command_line(house: PayingWorld, run: Run) -> None:
    await house.pay(10_000)
    closed = await run("close", CORRIDOR, "JPY", "--operator", "hanako", "--json")
    assert closed.status == 0, closed.problem
    window_id = json.loads(closed.output)["window"]["window_id"]
    listed = await run("windows", "--state", "closed")
    assert window_id in listed.output
    (payout,) = await house.pay_due()
    told = await run("payouts", payout.payout_id)
    assert "JPY 9,900" in told.output
    assert "ordered" in told.output
    assert payout.payout_id in (await run("windows", window_id)).output
    await house.bank_says(payout.payout_id, "payout_rejected", reason="NAME_MISMATCH")
    retry = ("retry-payout", payout.payout_id, "--operator", "hanako", "--reason", "name")
    again = await run(*retry, "--json")
    assert json.loads(again.output)["retry_of_payout_id"] == payout.payout_id
    statement = await run("statement", "shokudo", "--window", window_id)
    assert "9,900" in statement.output


async def test_a_refusal_is_one_sentence_and_exit_status_1(run: Run) -> None:
    refused = await run("payouts", "payout-no")
    assert refused.status == 1
    assert refused.problem == "Error: There is no payout 'payout-no': see ListPayouts.\n"
    said = ("--operator", "hanako", "--reason", "line 3")
    refused = await run("resolve-payout", "payout-no", "came-back", *said)
    assert refused.problem == "Error: There is no payout 'payout-no': see ListPayouts.\n"
    refused = await run("recheck", "window-no", "--operator", "hanako")
    assert refused.problem == "Error: There is no window 'window-no': see ListWindows.\n"


async def test_an_agreement_is_put_from_a_file(run: Run, tmp_path: Path) -> None:
    agreement = {
        "agreement_id": "kissaten",
        "participant_id": "kissaten",
        "account_ids": [CAFE],
        "currency_code": "JPY",
        "bank_partner_id": "japan-bank",
        "payee": PAYEE,
        "active": True,
    }
    file = tmp_path / "kissaten.json"
    file.write_text(json.dumps(agreement))
    put = await run("agreements", "--put", str(file))
    assert put.status == 0, put.problem
    assert CAFE in put.output
    assert "1234567" not in put.output
    file.write_text(json.dumps(agreement | {"every_shop": True}))
    assert "every shop (0 so far)" in (await run("agreements", "--put", str(file))).output
    one = await run("agreements", "kissaten", "--json")
    assert json.loads(one.output)["agreement"]["account_ids"] == [CAFE]
    assert CAFE in (await run("agreements", "kissaten")).output


async def test_what_could_not_be_booked_of_a_statement_is_listed_and_asked_anew(
    house: PayingWorld, run: Run
) -> None:
    await show(house.world, "17")
    arrival = await house.world.units.pool.fetchval("SELECT link_id FROM arrivals")
    await refuse(house.world, arrival)
    listed = await run("arrivals", "--json")
    (shown,) = json.loads(listed.output)["arrivals"]
    assert (shown["resource_id"], shown["reason"]) == (TOP_UP, "ACCOUNT_UNKNOWN")
    assert "JPY 30,000" in (await run("arrivals")).output

    word = ("--operator", "hanako", "--reason", "the account is open now")
    assert (await run("retry-arrival", arrival, *word)).output == f"{arrival} is asked for anew\n"
    assert await stuck(house.world) == []
    again = await run("retry-arrival", arrival, *word)
    assert again.problem.startswith("Error: The arrival is being asked for")
