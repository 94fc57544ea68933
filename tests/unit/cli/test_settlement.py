"""`kawase settlement` as a person or script meets it before any service answers."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.main import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["settlement", *arguments])


@pytest.mark.parametrize(
    "command", ["windows", "close", "payouts", "retry-payout", "agreements", "statement"]
)
def test_each_command_tells_what_it_does(command: str) -> None:
    told = run(command, "--help")
    assert told.exit_code == 0
    assert "--json" in told.output


def test_without_a_stack_the_person_is_told_how_to_start_one(tmp_path: Path) -> None:
    told = run("--dir", str(tmp_path), "windows")
    assert told.exit_code == 1
    assert "start one with `kawase up`" in told.output


@pytest.mark.parametrize("named", [[], ["--day", "2026-10-30", "--window", "window-1"]])
def test_a_statement_is_of_a_day_or_of_a_window(named: list[str]) -> None:
    told = run("statement", "shokudo", *named)
    assert told.exit_code == 2
    assert "Name a --day or a --window." in told.output


def test_a_file_that_is_no_agreement_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "agreement.json"
    file.write_text('{"agreement": 1}')
    told = run("agreements", "--put", str(file))
    assert told.exit_code == 2
    assert "is no agreement" in told.output


def test_a_window_is_closed_by_somebody() -> None:
    assert run("close", "panda-kakaopay", "KRW").exit_code == 2


@pytest.mark.parametrize("command", ["settlement", "recon"])
def test_the_help_says_whose_name_a_call_is_made_in(command: str) -> None:
    told = " ".join(CliRunner().invoke(main, [command, "--help"]).output.split())
    assert "the call goes by the gateway and in their name" in told
    assert "says by --operator who acts" in told
