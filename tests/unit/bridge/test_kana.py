"""Names as banks write them."""

import pytest

from services.bridge.kana import bank_name


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("ヤマダ　ハナコ", "ﾔﾏﾀﾞ ﾊﾅｺ"),
        ("やまだ  たろー", "ﾔﾏﾀﾞ ﾀﾛ-"),
        ("ショッピング(カ", "ｼﾖﾂﾋﾟﾝｸﾞ(ｶ"),
        ("ﾔﾏﾀﾞ ﾊﾅｺ", "ﾔﾏﾀﾞ ﾊﾅｺ"),
        ("kim minjun", "KIM MINJUN"),
        ("ヲカ", "ｵｶ"),
    ],
)
def test_a_name_is_written_in_half_width_kana(name: str, written: str) -> None:
    assert bank_name(name) == written


@pytest.mark.parametrize("name", ["山田 花子", "", "ヤマダ,ハナコ", "김민준"])
def test_what_banks_cannot_write_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="bank"):
        bank_name(name)
