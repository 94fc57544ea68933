"""Writing codes: lengths and checksums are computed, and what would not be valid is refused.

A written code is decoded again under the same profile, so that reading and writing cannot disagree
about the rules. Refusals are `CodeInvalid` with the findings.
"""

import base64
from collections.abc import Mapping, Sequence

from services.codes.consumer.bertlv import join_ber
from services.codes.decoding import decode
from services.codes.findings import CodeInvalid, Finding, error, quoted
from services.codes.merchant.tlv import IDS, LONGEST_VALUE, checksum, join
from services.codes.model import Code

Value = str | Mapping[str, "Value"]
"""The value of an object: text, or the objects of a template by id."""

ConsumerValue = bytes | Mapping[str, "ConsumerValue"]
"""The same for consumer codes, by hex tag."""

_DEEPEST = 3


def encode(objects: Mapping[str, Value], profile: str = "emvco") -> str:
    """Write a merchant-presented payload.

    `objects` are those of the root by id, templates as mappings of their own. 00 and 63 are added
    and put where they belong, everything else keeps the order of `objects`. Raises `CodeInvalid`,
    or `ProfileUnknown`.
    """
    findings: list[Finding] = []
    middle = {key: value for key, value in objects.items() if key not in ("00", "63")}
    text = _level({"00": objects.get("00", "01"), **middle}, "", findings)
    if not findings:
        findings += _size(text)
    if findings:
        raise CodeInvalid(tuple(findings))
    payload = f"{text}6304"
    payload += checksum(payload)
    return _accepted(payload, profile)


def encode_consumer(
    applications: Sequence[Mapping[str, ConsumerValue]],
    common: Mapping[str, ConsumerValue] | None = None,
    format_indicator: str = "CPV01",
    profile: str = "emvco",
) -> str:
    """Write a consumer-presented payload from its application templates and what they share.

    For JPQR the format indicator is `JPQR1`. Raises `CodeInvalid`, or `ProfileUnknown`.
    """
    objects = [("85", format_indicator.encode())]
    objects += [("61", _ber(application, "61")) for application in applications[:9]]
    if common is not None:
        objects.append(("62", _ber(common, "62")))
    return _accepted(base64.b64encode(join_ber(objects)).decode(), profile)


def _accepted(payload: str, profile: str) -> str:
    code: Code = decode(payload, profile)
    if not code.valid:
        raise CodeInvalid(code.findings)
    return payload


def _level(objects: Mapping[str, Value], prefix: str, findings: list[Finding]) -> str:
    written: list[tuple[str, str]] = []
    for object_id, value in objects.items():
        path = f"{prefix}{object_id}"
        if object_id not in IDS:
            said = f"The object id {quoted(object_id)} is not two digits: write 00 to 99."
            findings.append(error("TLV_MALFORMED", path, said))
            continue
        text = value if isinstance(value, str) else _template(value, path, findings)
        if 1 <= len(text) <= LONGEST_VALUE:
            written.append((object_id, text))
        elif not _has_finding_below(findings, path):
            said = f"The object {path} has {len(text)} characters: write 1 to 99."
            findings.append(error("LENGTH", path, said))
    return join(written)


def _template(objects: Mapping[str, Value], path: str, findings: list[Finding]) -> str:
    if path.count(".") >= _DEEPEST:
        said = f"The template {path} is nested too deeply: codes have three levels at most."
        findings.append(error("TLV_MALFORMED", path, said))
        return ""
    return _level(objects, f"{path}.", findings)


def _has_finding_below(findings: list[Finding], path: str) -> bool:
    return any(one.path == path or one.path.startswith(f"{path}.") for one in findings)


def _size(text: str) -> list[Finding]:
    try:
        size = len(text.encode()) + len("6304FFFF")
    except UnicodeEncodeError:
        said = "A value is not Unicode text: remove the characters that cannot be written."
        return [error("ENCODING", "", said)]
    if size > 512:
        said = f"The code would take {size} bytes: shorten its values to stay within 512."
        return [error("LENGTH", "", said)]
    return []


def _ber(objects: Mapping[str, ConsumerValue], path: str) -> bytes:
    written: list[tuple[str, bytes]] = []
    for tag, value in objects.items():
        where = f"{path}.{tag}"
        if not _is_tag(tag) or where.count(".") > _DEEPEST:
            said = f"The tag {quoted(where)} cannot be written: use one or two bytes in hex."
            raise CodeInvalid((error("TLV_MALFORMED", where, said),))
        content = value if isinstance(value, bytes) else _ber(value, where)
        if len(content) > 512:
            said = f"The object {where} has {len(content)} bytes: codes hold 512 at most."
            raise CodeInvalid((error("LENGTH", where, said),))
        written.append((tag, content))
    return join_ber(written)


def _is_tag(tag: str) -> bool:
    try:
        tag_bytes = bytes.fromhex(tag)
    except ValueError:
        return False
    long_form = bool(tag_bytes) and tag_bytes[0] & 0x1F == 0x1F
    return len(tag_bytes) == (2 if long_form else 1)
