"""`kawase webhooks`, `merchants` and `clock` as a person meets them before anything runs."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from services.cli.main import main

NOTHING_RUNS = "start one with `kawase up`"
NOWHERE = "127.0.0.1:1"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder where no stack has ever been."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("webhooks", "listen", "9009"), 2, "Say either"),
        (("webhooks", "listen", "9009", "--participant", "edo-acquirer"), 1, NOTHING_RUNS),
        (("webhooks", "listen", "9009", "--secret", "nonsense"), 2, "whsec_"),
        (("merchants", "list"), 1, NOTHING_RUNS),
        (("merchants", "approve", "shop-7", "--yes"), 1, NOTHING_RUNS),
        (("clock", "in", "3h"), 1, "there is no clock"),
        (("pay", "CODE", "--wallet", "panda-wallet"), 1, NOTHING_RUNS),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(
    nowhere: None, arguments: tuple[str, ...], status: int, said: str
) -> None:
    told = CliRunner().invoke(main, list(arguments))
    assert told.exit_code == status
    assert said in told.output
    assert "Traceback" not in told.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("merchants", "--address", NOWHERE, "--key", "k", "list"),
        ("keys", "--address", NOWHERE, "--key", "k", "list", "panda-wallet"),
        ("pay", "CODE", "--wallet", "panda-wallet", "--address", NOWHERE, "--key", "k"),
    ],
)
def test_an_address_where_nobody_listens_is_said(arguments: tuple[str, ...]) -> None:
    told = CliRunner().invoke(main, list(arguments))
    assert told.exit_code == 1
    assert "does not answer" in told.output
    assert NOWHERE in told.output


@pytest.mark.parametrize("command", [("clock", "set"), ("merchants", "approve")])
def test_help_is_there_without_a_stack(nowhere: None, command: tuple[str, ...]) -> None:
    told = CliRunner().invoke(main, [*command, "--help"])
    assert (told.exit_code, told.output.split()[0]) == (0, "Usage:")


def test_lists_of_commands_say_their_first_sentence_whole() -> None:
    told = CliRunner().invoke(main, ["recon", "--help"])
    assert "nor\n" not in told.output
    assert "..." not in told.output.partition("Commands:")[2]


def test_the_demo_empties_nothing_but_a_stack(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    told = CliRunner().invoke(main, ["demo", "--dir", str(tmp_path)])
    assert told.exit_code == 1
    assert "holds something else than a stack" in told.output
    assert (tmp_path / "letter.txt").exists()
