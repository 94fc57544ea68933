"""`kawase persons` against a gateway that runs."""

import asyncio
from pathlib import Path

from click.testing import CliRunner, Result

from services.cli.persons import persons
from services.codes.images import read_image
from services.sdk import Money, Refused, WalletClient
from tests.rpc.gateway.payments_served import answered
from tests.rpc.gateway.test_personal_calls import Callers, persons_served
from tests.store.gateway.payments_world import Gateway


async def typed(served: Callers, *words: str) -> Result:
    """What somebody at the wallet types after `kawase persons`, from a thread of its own."""
    given = ["--wallet", "sakura", "--address", served.address, "--key", served.keys["sakura"]]
    return await asyncio.to_thread(CliRunner().invoke, persons, [*given, *words])


async def test_a_code_is_made_paid_by_and_revoked(gateway: Gateway, tmp_path: Path) -> None:
    picture, amount = tmp_path / "hat.png", Money(500, "JPY")
    make = ("code", "hat", "--payer", "hanako", "--name", "Hanako", "--out", str(picture))
    async with (
        persons_served(gateway) as served,
        WalletClient(served.address, served.keys["panda"]) as panda,
        answered(gateway),
    ):
        assert "there are no codes" in (await typed(served, "list")).output
        code = (await typed(served, *make)).output.strip()
        assert read_image(picture.read_bytes()) == (code,)
        assert "hanako" in (await typed(served, "list", "--payer", "hanako")).output

        assert "was not paid yet" in (await typed(served, "receipts", "hanako")).output
        paid = await panda.pay("p1", "li-na", code, Money(10_000, "CNY"), amount)
        told = (await typed(served, "receipts", "hanako")).output
        assert (paid.reference in told, "JPY 500" in told) == (True, True)

        assert "hat is revoked" in (await typed(served, "revoke", "hat")).output
        assert "revoked 20" in (await typed(served, "list")).output
        assert isinstance((await typed(served, *make)).exception, Refused | None)


async def test_a_picture_is_named_for_its_form(gateway: Gateway, tmp_path: Path) -> None:
    make = ("code", "hat", "--payer", "hanako", "--name", "Hanako", "--out")
    async with persons_served(gateway) as served:
        refused = await typed(served, *make, str(tmp_path / "hat.gif"))
    assert (refused.exit_code, "has to end in" in refused.output) == (2, True)
