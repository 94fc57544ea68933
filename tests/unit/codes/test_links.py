"""Wallet links are known by their address, and only by it."""

import pytest

from services.codes import Link, decode

UNIONPAY_TOKEN = "00010001/" + "62" * 16


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://qr.kakaopay.com/Ej8abcDEF1234", Link("kakaopay", "Ej8abcDEF1234")),
        ("https://qr.paypay.ne.jp/28180104abcXYZ", Link("paypay", "28180104abcXYZ")),
        ("https://qr.alipay.com/fkx0123", Link("alipay", "fkx0123")),
        ("HTTPS://QR.ALIPAY.COM/FKX0123", Link("alipay", "FKX0123")),
        ("https://qr.alipay.com/fkx0123?t=1700000000", Link("alipay", "fkx0123")),
        ("wxp://f2f0a1b2c3d4", Link("wechatpay", "0a1b2c3d4")),
        (f"https://qr.95516.com/{UNIONPAY_TOKEN}", Link("unionpay", UNIONPAY_TOKEN)),
    ],
)
def test_a_link_is_recognised_with_its_owner_and_token(text: str, link: Link) -> None:
    code = decode(text)

    assert (code.kind, code.valid, code.scheme, code.link) == ("link", True, link.owner, link)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("https://qr.kakaopay.com/", "LINK_TOKEN"),
        ("https://qr.95516.com/123", "LINK_TOKEN"),
        ("https://qr.alipay.com/a/b", "LINK_TOKEN"),
        ("https://qr.alipay.com.example.net/fkx", "LINK_UNKNOWN"),
        ("https://qr.alipay.com@example.net/fkx", "LINK_UNKNOWN"),
        ("https://example.net/https://qr.alipay.com/fkx", "LINK_UNKNOWN"),
        ("wxp://other", "LINK_UNKNOWN"),
        ("https://example.net/" + "a" * 700, "LENGTH"),
    ],
)
def test_a_link_of_nobody_we_know_is_not_valid(text: str, finding: str) -> None:
    code = decode(text)

    assert (code.kind, code.valid, code.link) == ("link", False, None)
    assert [one.code for one in code.findings] == [finding]
