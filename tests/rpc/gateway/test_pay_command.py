"""`kawase pay` against a gateway."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from services.sandbox.demo.codes import TOKYO_DYNAMIC, TOKYO_STATIC
from tests.rpc.gateway.payments_served import Wallets, answered, served
from tests.store.gateway.payments_world import PANDA, Gateway

Run = Callable[..., Awaitable[tuple[int, str]]]
RUN_SECONDS = 60.0


@pytest.fixture
async def wallets(gateway: Gateway) -> AsyncIterator[Wallets]:
    async with served(gateway) as calling, answered(gateway):
        yield calling


@pytest.fixture
def run(wallets: Wallets, tmp_path: Path) -> Run:
    """Runs the command as panda, whose key lies where `kawase up` puts it."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "panda").write_text(wallets.key_of(PANDA))

    async def invoke(*arguments: str, answer: str = "") -> tuple[int, str]:
        place = ("--wallet", "panda", "--address", wallets.address, "--dir", str(tmp_path))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from services.cli.main import main; main()", "pay"),
            *(*place, *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(RUN_SECONDS):
            output, _ = await process.communicate(answer.encode())
        return process.returncode or 0, output.decode()

    return invoke


async def test_the_price_is_shown_and_paid_once_it_is_agreed_to(run: Run, gateway: Gateway) -> None:
    status, told = await run(TOKYO_STATIC, "--amount", "1000JPY", "--id", "p1", answer="y\n")
    assert status == 0
    assert "JPY 1,000, you pay CNY 47.71" in told
    assert "paid JPY 1,000 to" in told
    status, told = await run(TOKYO_DYNAMIC, "--id", "p2", answer="n\n")
    assert (status, await gateway.state("p2")) == (1, ("cancelled", "done"))
    assert "cancelled: The wallet cancelled the payment." in told


async def test_up_to_a_maximum_nothing_is_asked(run: Run) -> None:
    status, told = await run(TOKYO_DYNAMIC, "--maximum", "57.25 CNY", "--json")
    paid = json.loads(told)
    assert (status, paid["state"]) == (0, "completed")
    assert paid["target"] == {"currency_code": "JPY", "minor_units": 1_200}
    assert paid["create_time"].endswith("Z")
    status, told = await run(TOKYO_DYNAMIC, "--maximum", "57.24CNY")
    assert status == 1
    assert "Error: The price is CNY 57.25, the maximum CNY 57.24; nothing was taken." in told
