"""The screening list: what it finds, how names are compared, and files that are wrong."""

import json
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.core.money import Money
from services.gateway.payments.asking import Outcome, screened
from services.gateway.payments.model import State, Step
from services.gateway.payments.saga import confirmed
from services.gateway.screening import PASSED, Subject, Verdict
from services.gateway.screening.builtin import FileScreening
from services.gateway.screening.deciding import decide
from services.gateway.screening.listing import (
    LIST_BYTES,
    ScreeningListWrong,
    parse_list,
    read_list,
)
from services.gateway.screening.names import fold, name_keys
from tests.unit.gateway.payments_builders import LATER, quoted
from tests.unit.gateway.screening_lists import LIST, subject

LISTED = parse_list(LIST.encode())
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("one", "passed", "rule"),
    [
        (subject(), {}, ""),
        (subject(participant_id="panda", payer_id="li-na"), {}, "LISTED_PAYER"),
        (subject(payer_id="li-na"), {}, ""),
        (subject(payer_id="MALLORY"), {}, "LISTED_PAYER"),
        (subject(payee=("panda", "li-na")), {}, "LISTED_PAYEE"),
        (subject(payee=("sakura", "li-na")), {}, ""),
        (subject(payee=("sakura", "Mallory")), {}, "LISTED_PAYEE"),
        (subject(merchant_id="m1"), {}, "LISTED_MERCHANT"),
        (subject(merchant_id="m1", acceptance_partner_id=""), {}, ""),
        (subject(merchant_id="m2", acceptance_partner_id=""), {}, "LISTED_MERCHANT"),
        (subject(merchant_name="ZURICH CAFE"), {}, "LISTED_MERCHANT"),
        (subject(merchant_name="らーめん・太郎"), {}, "LISTED_MERCHANT"),
        (subject(merchant_name="Café Zürich Nord"), {}, ""),
        (subject(target=Money(1_000_000, "KRW")), {}, ""),
        (subject(target=Money(1_000_001, "KRW")), {}, "AMOUNT"),
        (subject(home=Money(1_000_001, "KRW"), target=Money(1, "JPY")), {}, "AMOUNT"),
        (subject(target=Money(1_000_001, "JPY")), {}, ""),
        (subject(), {MINUTE: 1, HOUR: 9}, ""),
        (subject(), {MINUTE: 2, HOUR: 2}, "VELOCITY"),
        (subject(participant_id="panda"), {MINUTE: 1, HOUR: 3}, "VELOCITY"),
    ],
)
def test_what_a_list_finds(one: Subject, passed: Mapping[timedelta, int], rule: str) -> None:
    verdict = decide(LISTED, one, passed)
    assert (verdict.rule, verdict.refused) == (rule, bool(rule))


def test_a_refusal_tells_the_operator_what_was_found() -> None:
    verdict = decide(LISTED, subject(merchant_name="ZURICH CAFE"), {})
    assert "Café Zürich (UN list)" in verdict.detail


def test_a_refused_payment_is_declined_and_not_told_why() -> None:
    payment = quoted()
    going = Outcome(confirmed(payment.life, LATER))
    assert screened(payment, going, PASSED, LATER) is going

    life = screened(payment, going, Verdict("LISTED_PAYER", "court order"), LATER).life
    assert life is not None
    assert (life.state, life.step) == (State.DECLINED, Step.DONE)
    assert (life.reason, life.message) == ("SCREENING_REFUSED", "The payment was declined.")
    assert life.limit_keys == ()


NAMES = st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1, max_size=4)


@given(NAMES, st.randoms(use_true_random=False))
def test_case_width_and_word_order_make_no_other_name(words: list[str], random: object) -> None:
    assume(name_keys(" ".join(words)))
    shuffled = list(words)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other = unicodedata.normalize("NFD", ",  ".join(shuffled)).lower()
    assert set(name_keys(" ".join(words))) & set(name_keys(other))


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ＡＣＭＥ", "acme", True),
        ("Straße", "STRASSE", True),
        ("AL QAIDA", "alqaida", True),
        ("Trading, Acme", "acme trading", True),
        ("カフェ", "ｶﾌｪ", True),
        ("かふぇ", "カフェ", True),
        ("ガ", "カ", False),
        ("김치", "김치", True),
        ("Acme", "Acmee", False),
    ],
)
def test_names_that_are_the_same_and_not(one: str, other: str, same: bool) -> None:
    assert bool(set(name_keys(one)) & set(name_keys(other))) is same


def test_a_name_without_letters_has_no_key() -> None:
    assert name_keys("・・ - ") == ()


WRONG = {
    "nested without end": "x = " + "[" * 100_000,
    "not TOML": "[[payer",
    "a misspelt table": '[[payers]]\npayer_id = "x"\nsource = "y"',
    "a misspelt word": '[[payer]]\npayer = "x"\nsource = "y"',
    "no source": '[[payer]]\npayer_id = "x"',
    "a name of marks": '[[name]]\nnames = ["--"]\nsource = "y"',
    "no window": '[[velocity]]\nrule_id = "r"\npayments = 1',
    "no payments": '[[velocity]]\nrule_id = "r"\npayments = 0\nwindow_seconds = 5',
    "an unknown currency": '[[amount]]\nrule_id = "r"\nmaximum_minor = 1\ncurrency = "XXY"',
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_a_list_that_is_wrong_is_refused_whole(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.toml"
    path.write_text(LIST + text)
    with pytest.raises(ScreeningListWrong, match=r"list\.toml"):
        read_list(path)


def test_a_list_in_lines_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    entries = [{kind: entry} for kind, table in tomllib.loads(LIST).items() for entry in table]
    path.write_text("\n\n".join(json.dumps(entry) for entry in entries))
    assert replace(read_list(path), digest=LISTED.digest) == LISTED


@pytest.mark.parametrize("line", ["[]", "1", "{}", '{"payer": {}, "name": {}}', "{"])
def test_a_line_that_is_not_one_entry_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "list.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(ScreeningListWrong, match="line 2"):
        read_list(path)


def test_a_list_beyond_its_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.toml"
    path.write_bytes(b"#" * (LIST_BYTES + 1))
    with pytest.raises(ScreeningListWrong, match="larger"):
        read_list(path)


async def test_a_gateway_does_not_start_without_the_list_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(ScreeningListWrong):
        await FileScreening.open(tmp_path / "missing.toml")


async def test_a_list_is_read_again_when_it_changes_and_a_broken_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "list.toml"
    path.write_text(LIST)
    screening = await FileScreening.open(path)
    first = screening.listed.digest

    path.write_text("[[payer]]\n")
    await screening.look()
    assert screening.listed.digest == first

    path.unlink()
    await screening.look()
    assert screening.listed.digest == first

    path.write_text('[[payer]]\npayer_id = "eve"\nsource = "operator"\n')
    await screening.look()
    assert screening.listed.digest != first
    assert decide(screening.listed, subject(payer_id="eve"), {}).refused
