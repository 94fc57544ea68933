"""`kawase zengin`, as a script and as a person meet it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.cli.main import main
from tests.unit.formats.zengin.samples import (
    DEBITS,
    NOTICE,
    SAMPLES,
    STATEMENT,
    TRANSFERS,
    golden_file,
    sample,
)

AS_OF = ("--as-of", "2026-08-01")


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["zengin", *arguments], input=stdin)


def file_at(folder: Path, name: str) -> str:
    path = folder / "file.txt"
    path.write_bytes(golden_file(sample(name)))
    return str(path)


@pytest.mark.parametrize("one", SAMPLES, ids=lambda one: str(one["name"]))
def test_a_golden_file_is_judged_as_it_must_be(one: dict[str, Any], tmp_path: Path) -> None:
    result = run("check", file_at(tmp_path, one["name"]), "--json")
    said = json.loads(result.stdout)

    assert result.exit_code == (0 if one["expected"]["valid"] else 1)
    assert said["valid"] == one["expected"]["valid"]
    assert list(said) == ["valid", "business_type", "records", "total_minor", "findings"]
    assert said["business_type"] == one["format"][:2]
    assert said["records"] == len(one["records"])
    for finding in said["findings"]:
        assert list(finding) == ["code", "severity", "record", "offset", "message"]
    codes = {finding["code"] for finding in said["findings"]}
    assert {one["expected"].get(key) for key in ("error", "warning")} - {None} <= codes
    assert run("check", file_at(tmp_path, one["name"])).exit_code == result.exit_code


def test_a_file_is_checked_from_standard_input() -> None:
    said = json.loads(run("check", "-", "--json", stdin=golden_file(sample(TRANSFERS))).stdout)

    assert (said["valid"], said["total_minor"]) == (True, 100_000)


@pytest.mark.parametrize("command", ["check", "show"])
def test_a_file_that_is_not_there_is_wrong_use(command: str, tmp_path: Path) -> None:
    missing = run(command, str(tmp_path / "none"))
    folder = run(command, str(tmp_path))

    assert (missing.exit_code, folder.exit_code) == (2, 2)
    assert "No such file" in missing.stderr
    assert "Is a directory" in folder.stderr


@pytest.mark.parametrize("command", ["check", "show"])
def test_what_is_no_zengin_file_is_said(command: str) -> None:
    shown = run(command, "-", stdin=b"hello\n")

    assert shown.exit_code == 1
    assert "Not a Zengin file  ✗ not valid" in shown.stdout
    assert "BUSINESS_TYPE_UNKNOWN at record 1, byte 0" in shown.stdout


def test_what_is_wrong_is_shown_with_its_place(tmp_path: Path) -> None:
    shown = run("check", file_at(tmp_path, "synthetic trailer total wrong")).stdout

    assert "✗ not valid" in shown
    assert "TRAILER_TOTAL at record 4, byte 373" in shown
    assert "合計金額 (amount) says 100,001; the records before give 100,000." in shown


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (TRANSFERS, ("ﾃｽﾄ ｼﾖｸﾄﾞｳ", "98,800 yen", "9998-002 ordinary 0000001", "2026-07-31")),
        (DEBITS, ("insufficient funds", "Collected", "5,000 yen in 1 entry")),
        (NOTICE, ("cancelled", "SETL-2026-07-0001", "Incoming transfer notice A (01)")),
        (STATEMENT, ("-880 yen", "book transfer", "Closing balance", "1,249,120 yen")),
    ],
)
def test_a_file_is_shown_in_words(name: str, words: tuple[str, ...], tmp_path: Path) -> None:
    result = run("show", file_at(tmp_path, name), *AS_OF)

    assert result.exit_code == 0
    for word in words:
        assert word in result.stdout


def test_a_long_file_is_shown_in_part(tmp_path: Path) -> None:
    shown = run("show", file_at(tmp_path, TRANSFERS), "--limit", "1").stdout

    assert "ﾃｽﾄ ｼﾖｸﾄﾞｳ" in shown
    assert "ﾃｽﾄ ｶﾌｴ" not in shown
    assert "… and 1 more" in shown


def test_a_file_in_json_has_its_records_and_its_check(tmp_path: Path) -> None:
    said = json.loads(run("show", file_at(tmp_path, STATEMENT), *AS_OF, "--json").stdout)
    checked = json.loads(run("check", file_at(tmp_path, STATEMENT), "--json").stdout)

    types = [record["type"] for record in said["records"]]
    assert types == ["StatementHeader", *["StatementEntry"] * 2, "StatementTrailer", "End"]
    assert said["records"][1]["posting_date"] == "2026-07-31"
    assert said["file"] == checked
    assert json.loads(run("show", "-", "--json", stdin=b"").stdout)["records"] == []


def test_a_file_cannot_steer_the_terminal(tmp_path: Path) -> None:
    data = golden_file(sample(TRANSFERS)).replace("ｶﾌｴ".encode("cp932"), b"\x1b[2")
    path = tmp_path / "file.txt"
    path.write_bytes(data)

    assert "\x1b" not in run("show", str(path)).stdout
    assert "\x1b" not in run("check", str(path)).stdout


def test_an_order_for_a_day_on_which_banks_are_closed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(golden_file(sample(TRANSFERS)).replace(b"0731", b"1231"))
    result = run("check", str(path), *AS_OF)

    assert result.exit_code == 0
    assert "振込指定日 (value date) 2026-12-31 is no day of business." in result.stdout
