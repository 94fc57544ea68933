"""Decoding a consumer-presented payload: EMVCo QR CPM v1.1 and JPQR CPM.

Base64 of BER-TLV: 85 says the format, 61 holds an application, 62 what two applications share.
"""

import base64
import binascii
import re

from services.codes.consumer.bertlv import BerMalformed, Node, split_ber
from services.codes.consumer.rules import JPQR_FORMAT, check_consumer
from services.codes.findings import Finding, error
from services.codes.merchant.profiles import Profile
from services.codes.merchant.schemes import EMVCO
from services.codes.model import Application, Code, Consumer, Kind, Track2

# `hQV` is tag 85 of five bytes, what every consumer code should start with.
_START = "hQV"
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
# RID of UnionPay applications (registered under ISO/IEC 7816-5).
_UNIONPAY_RID = "A000000333"
_TRACK2 = re.compile(r"([0-9]{1,19})D([0-9]{4})([0-9]{3})([0-9]*)F?")


def looks_like_consumer_code(text: str) -> bool:
    """Whether `text` starts like one, or is base64 of nothing but the templates of one."""
    if text.startswith(_START):
        return True
    data = _bytes_of(text)
    if data is None or data[:1] not in (b"\x61", b"\x62", b"\x85"):
        return False
    try:
        split_ber(data)
    except BerMalformed:
        return False
    return True


def decode_consumer_code(payload: str, profile: Profile | None) -> Code:
    """Read `payload` and check it; the values in `root` and `templates` are upper-case hex."""
    rules = profile or EMVCO
    data = _bytes_of(payload)
    if data is None:
        said = "The payload is not base64: the code was cut off or misread, so scan it again."
        return _unreadable(rules, error("BASE64", "", said))
    try:
        nodes = split_ber(data)
    except BerMalformed as problem:
        said = f"{problem.message} The code was cut off or misread: scan it again."
        return _unreadable(rules, error(problem.code, problem.path, said))
    findings = check_consumer(nodes, rules.consumer_formats)
    consumer = _consumer(nodes)
    return Code(
        kind=Kind.EMV_CPM,
        profile=rules.name,
        valid=not findings,
        scheme=_scheme(nodes, consumer.format),
        findings=tuple(findings),
        root=_first_values(nodes),
        templates=_templates(nodes),
        consumer=consumer,
    )


def _bytes_of(text: str) -> bytes | None:
    if _BASE64.fullmatch(text) is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def _unreadable(profile: Profile, finding: Finding) -> Code:
    return Code(Kind.EMV_CPM, profile.name, False, None, (finding,), {}, {})


def _templates(nodes: tuple[Node, ...], prefix: str = "") -> dict[str, dict[str, str]]:
    """Templates by path; the second application is `61#2`, what is inside one `61.63`."""
    templates: dict[str, dict[str, str]] = {}
    for node in nodes:
        if node.children is None:
            continue
        path = base = prefix + node.tag
        count = 1
        while path in templates:
            count += 1
            path = f"{base}#{count}"
        templates[path] = _first_values(node.children)
        templates.update(_templates(node.children, f"{path}."))
    return templates


def _first_values(nodes: tuple[Node, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    for node in nodes:
        values.setdefault(node.tag, _hex(node.value))
    return values


def _consumer(nodes: tuple[Node, ...]) -> Consumer:
    indicator = next((node for node in nodes if node.tag == "85"), None)
    stated = _text(indicator)
    common = next((node for node in nodes if node.tag == "62"), None)
    applications = [node for node in nodes if node.tag == "61"]
    shared = [*applications, *([common] if common else [])]
    return Consumer(
        format=stated,
        applications=tuple(_application(one, common, stated) for one in applications),
        cardholder=_first_text(shared, "5F20"),
        languages=_first_text(shared, "5F2D"),
    )


def _application(node: Node, common: Node | None, stated: str | None) -> Application:
    adf, payment = node.child("4F"), node.child("57")
    if stated == JPQR_FORMAT:
        return Application(_text(adf), _text(node.child("50")), None, None, _text(payment))
    pan = node.child("5A") or (common.child("5A") if common else None)
    payment = payment or (common.child("57") if common else None)
    return Application(
        adf_name=_hex(adf.value) if adf else None,
        label=_text(node.child("50")),
        track2=_track2(payment.value) if payment else None,
        pan=_hex(pan.value).rstrip("F") if pan else None,
        payment_id=None,
    )


def _track2(value: bytes) -> Track2 | None:
    parts = _TRACK2.fullmatch(_hex(value))
    return Track2(*parts.groups()) if parts else None


def _scheme(nodes: tuple[Node, ...], stated: str | None) -> str | None:
    if stated == JPQR_FORMAT:
        return "jpqr"
    names = (node.child("4F") for node in nodes if node.tag == "61")
    if any(name and _hex(name.value).startswith(_UNIONPAY_RID) for name in names):
        return "unionpay"
    return None


def _first_text(templates: list[Node], tag: str) -> str | None:
    found = (_text(template.child(tag)) for template in templates)
    return next((text for text in found if text is not None), None)


def _text(node: Node | None) -> str | None:
    """The value as text, bytes outside UTF-8 replaced: for reading, never for comparing."""
    return node.value.decode("utf-8", "replace") if node else None


def _hex(value: bytes) -> str:
    return value.hex().upper()
