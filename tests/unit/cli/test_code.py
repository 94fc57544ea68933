"""`kawase code`, as a script and as a person meet it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from services.cli.main import main
from services.codes.images import draw_png
from tests.unit.codes.vectors import CONSUMER, JPQR_DYNAMIC, JPQR_STATIC, synthetic


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["code", *arguments], input=stdin)


def in_json(*arguments: str) -> dict[str, Any]:
    answer = json.loads(run(*arguments, "--json").stdout)
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((JPQR_STATIC,), 0),
        ((JPQR_STATIC, "--profile", "jpqr"), 0),
        ((JPQR_STATIC, "--profile", "qris"), 1),
        ((synthetic("promptpay shape"),), 1),
        ((synthetic("promptpay shape"), "--profile", "auto"), 0),
        ((CONSUMER[0]["payload"],), 0),
        (("https://qr.kakaopay.com/Ej8",), 0),
        (("hello",), 1),
        (("",), 1),
        ((), 2),
        ((JPQR_STATIC, "--profile", "nobody"), 2),
    ],
)
def test_the_exit_status_says_whether_a_code_is_valid(
    arguments: tuple[str, ...], status: int
) -> None:
    assert run("decode", *arguments).exit_code == status
    if status != 2:
        assert run("decode", *arguments, "--json").exit_code == status


def test_a_decoded_code_in_json_has_the_promised_shape() -> None:
    answer = in_json("decode", synthetic("yen with decimals"))

    assert (answer["kind"], answer["valid"], answer["scheme"]) == ("emv_mpm", False, "jpqr")
    assert set(answer["findings"][0]) == {"code", "severity", "path", "message"}
    assert answer["findings"][0]["code"] == "AMOUNT_DECIMALS_WARN"
    assert answer["root"]["58"] == "JP"
    assert answer["templates"]["64"] == {"00": "JA", "01": "テスト食堂"}
    assert answer["merchant"]["name"] == "TEST SHOKUDO"
    assert (answer["currency_code"], answer["amount"]) == ("JPY", "999.50")


def test_a_decoded_code_is_shown_in_words() -> None:
    shown = run("decode", JPQR_DYNAMIC, "--profile", "jpqr").stdout

    assert "JPQR dynamic merchant code  ✓ valid" in shown
    assert "JPY 1,200" in shown
    assert "テスト食堂" in shown
    assert "operator code" in shown


def test_what_is_wrong_is_shown_with_its_place() -> None:
    shown = run("decode", JPQR_STATIC[:-4] + "0000").stdout

    assert "✗ not valid" in shown
    assert "CRC_MISMATCH at 63" in shown


def test_a_code_cannot_steer_the_terminal() -> None:
    shown = run("decode", JPQR_STATIC.replace("テスト食堂", "\x1b[2Jab")).stdout

    assert "\x1b" not in shown


def test_a_payload_is_taken_from_standard_input() -> None:
    assert run("decode", "-", stdin=JPQR_STATIC + "\n").exit_code == 0


def test_a_picture_is_written_and_read(tmp_path: Path) -> None:
    png, svg = tmp_path / "shop.png", tmp_path / "shop.svg"
    written = run(
        *("encode", "--profile", "jpqr", "--account", "0000000000001.0001.000001.000001"),
        *("--name", "TEST SHOKUDO", "--city", "TOKYO", "--category", "5812"),
        *("--postal-code", "1000001", "--local-name", "テスト食堂", "--set", "62.07=POS01"),
        *("--png", str(png), "--svg", str(svg)),
    )
    answer = in_json("read", str(png), "--profile", "jpqr")

    assert written.exit_code == 0
    assert answer["valid"]
    assert answer["additional"] == {"terminal_label": "POS01"}
    assert svg.read_text().startswith("<?xml")
    assert run("decode", written.stdout.strip()).exit_code == 0


def test_a_written_code_in_json_tells_the_payload(tmp_path: Path) -> None:
    png = tmp_path / "code.png"
    answer = in_json("encode", "--payload", JPQR_STATIC, "--png", str(png))

    assert (answer["payload"], answer["valid"]) == (JPQR_STATIC, True)
    assert (answer["png"], answer["svg"]) == (str(png), None)


def test_a_consumer_code_is_written() -> None:
    emvco = run("encode", "--adf", "A0000000555555", "--track2", "1234567890123458D191220112345F")
    jpqr = run("encode", "--profile", "jpqr", "--adf", "12345678", "--payment-id", "87654321")

    assert emvco.stdout.strip() == CONSUMER[0]["payload"]
    assert run("decode", jpqr.stdout.strip(), "--profile", "jpqr").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--name", "x"), 1, "MANDATORY_MISSING"),
        (("--payload", "hello"), 1, "UNKNOWN_KIND"),
        (("--profile", "jpqr", "--account", "1"), 1, "SCHEME_VALUE"),
        (("--currency", "ZZZ"), 2, "not known here"),
        (("--set", "62"), 2, "PATH=VALUE"),
        (("--adf", "x"), 2, "not hex"),
        (("--pan", "12"), 2, "--adf"),
        (("--payload", "x", "--adf", "A0000000555555", "--pan", "12"), 2, "--payload"),
        (("--payload", JPQR_STATIC, "--png", "/nowhere/at/all.png"), 2, "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_refused(
    arguments: tuple[str, ...], status: int, said: str
) -> None:
    answer = run("encode", *arguments)

    assert answer.exit_code == status
    assert said in answer.output
    assert "Traceback" not in answer.output


def test_refused_writing_in_json_lists_the_findings() -> None:
    answer = in_json("encode", "--name", "x")

    assert not answer["valid"]
    assert {one["code"] for one in answer["findings"]} == {"MANDATORY_MISSING"}


def test_a_picture_without_a_code_is_not_valid(tmp_path: Path) -> None:
    blank = tmp_path / "blank.png"
    Image.new("L", (100, 100), 255).save(blank)

    assert run("read", str(blank)).exit_code == 1
    assert in_json("read", str(blank))["findings"][0]["code"] == "NO_CODE_FOUND"


def test_a_file_that_is_no_picture_is_wrong_use(tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("hello")
    answer = run("read", str(text))

    assert answer.exit_code == 2
    assert "not a picture we can read" in answer.stderr


def test_a_file_that_is_not_there_is_wrong_use() -> None:
    assert run("read", "/nowhere/at/all.png").exit_code == 2


def test_of_several_codes_the_valid_one_is_shown(tmp_path: Path) -> None:
    pictures = []
    for number, payload in enumerate(("hello, passer-by", JPQR_STATIC)):
        path = tmp_path / f"{number}.png"
        path.write_bytes(draw_png(payload, 5))
        pictures.append(Image.open(path).convert("L"))
    both = Image.new("L", (pictures[0].width + pictures[1].width + 60, 600), 255)
    both.paste(pictures[0], (0, 0))
    both.paste(pictures[1], (pictures[0].width + 60, 0))
    both.save(tmp_path / "both.png")
    answer = run("read", str(tmp_path / "both.png"))

    assert answer.exit_code == 0
    assert "1 other code" in answer.stderr


def test_help_names_every_group_without_loading_it() -> None:
    answer = CliRunner().invoke(main, ["--help"])

    assert answer.exit_code == 0
    assert "payment codes" in answer.stdout
