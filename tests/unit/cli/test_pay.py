"""`kawase pay` as a person meets it before any gateway answers."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from services.cli.main import main

CODE = "https://qr.kakaopay.com/281006011000000070000999"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--amount", "1000"), "write 18900KRW"),
        (("--amount", "1.5JPY"), "at most 0 decimals"),
        (("--maximum", "10XXX"), "XXX"),
        (("--wallet", "../panda"), "There is no key of"),
        (("--wallet", "momo"), "There is no key of"),
    ],
)
def test_wrong_use_is_said(tmp_path: Path, arguments: tuple[str, str], said: str) -> None:
    place = ["--wallet", "panda", "--address", "127.0.0.1:1", "--dir", str(tmp_path)]
    told = CliRunner().invoke(main, ["pay", CODE, *place, *arguments])
    assert told.exit_code == 2
    assert said in told.output


def test_without_a_stack_the_person_is_told_how_to_start_one(tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["pay", CODE, "--wallet", "panda", "--dir", str(tmp_path)])
    assert told.exit_code == 1
    assert "start one with `kawase up`" in told.output
