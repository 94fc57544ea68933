"""Wallet links: addresses that only their owner's network can turn into a merchant.

Source: public code for each wallet; none of the owners publishes a specification, so only the
shape is checked. Nothing is fetched here.
"""

import re
from dataclasses import dataclass

from services.codes.findings import Finding, error
from services.codes.model import Code, Kind, Link


@dataclass(frozen=True, slots=True)
class LinkOwner:
    """`start` is compared without regard to case; `token` must match what follows it."""

    name: str
    start: str
    token: re.Pattern[str]


_TOKEN = re.compile(r"[A-Za-z0-9_\-.~]{1,200}")
_UNIONPAY_TOKEN = re.compile(r"[0-9]{8}/[0-9]{32}")

OWNERS = (
    LinkOwner("kakaopay", "https://qr.kakaopay.com/", _TOKEN),
    LinkOwner("paypay", "https://qr.paypay.ne.jp/", _TOKEN),
    LinkOwner("alipay", "https://qr.alipay.com/", _TOKEN),
    LinkOwner("wechatpay", "wxp://f2f", _TOKEN),
    LinkOwner("unionpay", "https://qr.95516.com/", _UNIONPAY_TOKEN),
)
# A scheme and "://", or the bare start of one that was cut off.
_LINK = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{1,19}://")


def looks_like_link(text: str) -> bool:
    return _LINK.match(text) is not None


def decode_link(text: str, profile: str) -> Code:
    """Recognise the owner and the token; a query or fragment after the token is left out."""
    lowered = text.lower()
    for owner in OWNERS:
        if not lowered.startswith(owner.start):
            continue
        token = re.split(r"[?#]", text[len(owner.start) :], maxsplit=1)[0].rstrip("/")
        if owner.token.fullmatch(token):
            return _link_code(profile, owner.name, (), Link(owner.name, token))
        return _link_code(profile, owner.name, (_token_malformed(owner),), None)
    return _link_code(profile, None, (_owner_unknown(),), None)


def _token_malformed(owner: LinkOwner) -> Finding:
    return error(
        "LINK_TOKEN",
        "",
        f"The link belongs to {owner.name} but its token is missing or malformed: "
        "scan the code again, or ask the merchant for a new one.",
    )


def _owner_unknown() -> Finding:
    return error(
        "LINK_UNKNOWN",
        "",
        "This is a web address, but not one of a wallet we know: do not open it to pay; "
        "ask the merchant for its payment code.",
    )


def _link_code(
    profile: str, scheme: str | None, findings: tuple[Finding, ...], link: Link | None
) -> Code:
    return Code(
        kind=Kind.LINK,
        profile=profile,
        valid=not findings,
        scheme=scheme,
        findings=findings,
        root={},
        templates={},
        link=link,
    )
