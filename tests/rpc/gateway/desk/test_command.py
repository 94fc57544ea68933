"""`kawase settlement` and `kawase recon` with a key, by the gateway, and without one, inside."""

import asyncio
from pathlib import Path

from click.testing import CliRunner, Result

from services.cli.main import main
from tests.rpc.gateway.desk.desk_served import Desk, reconciling
from tests.rpc.gateway.desk.test_people import break_of
from tests.rpc.settlement.test_payouts_served import serving
from tests.store.reconciliation.breaks.books import DAY
from tests.store.reconciliation.breaks.books import PARTNER as KAKAOPAY
from tests.store.reconciliation.test_files import PARTNER, report
from tests.store.settlement.world import CORRIDOR


async def typed(desk: Desk, by: str, command: str, *words: str, **variables: str) -> Result:
    """What a person with a key types after `kawase`, from a thread of its own."""
    variables = {"KAWASE_KEY": desk.house.keys[by]} | variables
    given = [command, "--address", desk.house.address, *words]
    return await asyncio.to_thread(CliRunner(env=variables).invoke, main, given)


async def test_with_a_key_nobody_types_a_name_and_two_people_are_two(desk: Desk) -> None:
    break_id = await break_of(desk)
    words = ("propose", break_id, "explained", "--reason", "as they say")
    assert "mei" in (await typed(desk, "mei", "recon", *words)).output
    same = await typed(desk, "mei", "recon", "approve", break_id)
    typing = await typed(desk, "mei", "recon", "approve", break_id, "--operator", "ken")
    other = await typed(desk, "ken", "recon", "approve", break_id)

    assert (same.exit_code, "mei has proposed" in same.output) == (1, True)
    assert (typing.exit_code, "leave it empty" in typing.output) == (1, True)
    assert (other.exit_code, "ken" in other.output) == (0, True)


async def test_a_name_that_the_environment_holds_for_use_inside_is_not_sent(desk: Desk) -> None:
    break_id = await break_of(desk)
    done = await typed(
        desk, "mei", "recon", "comment", break_id, "asked them", KAWASE_OPERATOR="hanako"
    )
    assert done.exit_code == 0, done.output
    notes = (await typed(desk, "sue", "recon", "show", break_id, "--json")).output
    assert ('"person": "mei"' in notes, "hanako" in notes) == (True, False)


async def test_files_go_in_and_reports_come_out_by_the_gateway(desk: Desk, tmp_path: Path) -> None:
    await break_of(desk)
    name, data, _ = report(1_000, 2_000)
    (tmp_path / name).write_bytes(data)
    words = ("import", str(tmp_path / name), "--partner", PARTNER, "--json")
    brought = await typed(desk, "mei", "recon", *words)
    assert '"operator": "mei"' in brought.output
    refused = await typed(desk, "sue", "recon", *words)
    assert (refused.exit_code, "has not the role" in refused.output) == (1, True)
    into = ("--into", str(tmp_path / "out"), "--partner", KAKAOPAY)
    written = await typed(desk, "sue", "recon", "report", DAY.isoformat(), *into)
    assert written.exit_code == 0, written.output
    assert len(list((tmp_path / "out").iterdir())) == 1


async def test_a_window_is_closed_by_a_key_or_inside_by_a_name(desk: Desk) -> None:
    await desk.settlement.pay(10_000)
    closed = await typed(desk, "mei", "settlement", "close", CORRIDOR, "JPY", "--json")
    assert closed.exit_code == 0, closed.output
    async with serving(desk.settlement) as inside:
        words = ["settlement", "--address", inside, "close", CORRIDOR, "JPY"]
        nobody = await asyncio.to_thread(CliRunner().invoke, main, words)
        assert (nobody.exit_code, "--operator" in nobody.output) == (2, True)
        words += ["--operator", "hanako"]
        again = await asyncio.to_thread(CliRunner().invoke, main, words)
        assert again.exit_code == 0, again.output


async def test_inside_a_typed_name_is_needed_for_breaks_too(desk: Desk) -> None:
    break_id = await break_of(desk)
    async with reconciling(desk.books) as inside:
        words = ["recon", "--address", inside, "comment", break_id, "seen"]
        nobody = await asyncio.to_thread(CliRunner().invoke, main, words)
        named = CliRunner(env={"KAWASE_OPERATOR": "hanako"})
        somebody = await asyncio.to_thread(named.invoke, main, words)
    assert (nobody.exit_code, "--operator" in nobody.output) == (2, True)
    assert somebody.exit_code == 0, somebody.output
