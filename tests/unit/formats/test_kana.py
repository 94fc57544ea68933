"""Names as banks write and compare them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.formats.kana import NameNotWritable, bank_name, comparable, cut, same_name

CHARSET = json.loads((Path(__file__).parents[2] / "golden/zengin_charset.json").read_text())
WRITTEN = [row for row in CHARSET["transliteration_vectors"] if row["out"]]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("ヤマダ　ハナコ", "ﾔﾏﾀﾞ ﾊﾅｺ"),
        ("やまだ  たろー", "ﾔﾏﾀﾞ ﾀﾛ-"),
        ("ショッピング(カ", "ｼﾖﾂﾋﾟﾝｸﾞ(ｶ"),
        ("ﾔﾏﾀﾞ ﾊﾅｺ", "ﾔﾏﾀﾞ ﾊﾅｺ"),
        ("kim minjun", "KIM MINJUN"),
        ("ヲカ", "ｵｶ"),
        ("ヮヵヶ", "ﾜｶｹ"),
        ("ﾕｰﾋﾞｯﾄ", "ﾕ-ﾋﾞﾂﾄ"),
        *((row["in"], row["out"]) for row in WRITTEN),
    ],
)
def test_a_name_is_written_in_half_width_kana(name: str, written: str) -> None:
    assert bank_name(name) == written


@pytest.mark.parametrize(
    "name", ["山田 花子", "テスト商店", "", "ヤマダ,ハナコ", "김민준", "゛ア", "ワ゛", "ア゜"]
)
def test_what_banks_cannot_write_is_refused(name: str) -> None:
    with pytest.raises(NameNotWritable, match="bank"):
        bank_name(name)


@given(st.text(st.characters(min_codepoint=0x3040, max_codepoint=0x30FF), max_size=20))
def test_a_written_name_is_written_the_same_again(name: str) -> None:
    try:
        written = bank_name(name)
    except NameNotWritable:
        return
    assert bank_name(written) == written
    assert len(written.encode("cp932")) == len(written)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("カ）テスト", "ｶ)ﾃｽﾄ"),
        ("カブシキガイシャ　テスト", "(ｶ)ﾃｽﾄ"),
        ("テスト（カ）", "ﾃｽﾄ(ｶ"),
        ("テストユウゲンガイシャ", "ﾃｽﾄ(ﾕ"),
        ("ヤマダ タロウ", "ﾔﾏﾀﾞﾀﾛｳ"),
        ("きゃのん", "キヤノン"),
    ],
)
def test_one_holder_is_recognised_in_two_spellings(one: str, other: str) -> None:
    assert same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("カ）テスト", "テスト（カ"),
        ("ハマダ", "バマダ"),
        ("ヤマダ タロー", "ヤマダ タロウ"),
        ("山田", "山田"),
        ("カ）テスト", "ユ）テスト"),
    ],
)
def test_two_holders_are_not_taken_for_one(one: str, other: str) -> None:
    assert not same_name(one, other)


def test_a_name_of_an_abbreviation_alone_is_kept() -> None:
    assert comparable("カブシキガイシャ") == "ｶﾌﾞｼｷｶﾞｲｼﾔ"


def test_a_name_is_never_cut_between_a_kana_and_its_mark() -> None:
    assert cut("ﾔﾏﾀﾞ", 3) == "ﾔﾏ"
    assert cut("ﾔﾏﾀﾞ", 4) == "ﾔﾏﾀﾞ"
    assert cut("ﾔﾏﾀ ", 3) == "ﾔﾏﾀ"
    assert cut("ﾀﾞ", 0) == ""
