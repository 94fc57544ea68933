"""What EMVCo QR MPM v1.1 demands of a payload that can be split into objects.

Each check appends its findings. One cause gives one finding: a field of the wrong length is not
also judged by its characters.
"""

from collections.abc import Mapping

from services.codes.findings import Finding, error, quoted, warning
from services.codes.merchant.amounts import check_amount
from services.codes.merchant.fields import (
    ACCOUNT_IDS,
    ADDITIONAL,
    GUID,
    GUID_TEMPLATES,
    LANGUAGE,
    MANDATORY,
    ROOT,
    TEMPLATES,
    Field,
    name_of,
)
from services.codes.merchant.tlv import Split, checksum, split

PAYLOAD_FORMAT = "01"
Objects = Mapping[str, str]
Templates = dict[str, dict[str, str]]


def read_templates(root: Objects, findings: list[Finding]) -> Templates:
    """Split every template of `root`; one that cannot be split is left out, with a finding."""
    templates: Templates = {}
    for object_id, value in root.items():
        if object_id in TEMPLATES:
            objects = split_template(value, object_id, findings)
            if objects is not None:
                templates[object_id] = objects
    return templates


def split_template(value: str, path: str, findings: list[Finding]) -> dict[str, str] | None:
    level = split(value)
    if level.problem is not None:
        said = f"The template {path} cannot be read: {level.problem}."
        findings.append(error("SUBTEMPLATE_MALFORMED", path, said))
        return None
    for repeated in level.repeated:
        findings.append(_duplicate(f"{path}.{repeated}"))
    return level.objects


def check_root(payload: str, level: Split, findings: list[Finding]) -> None:
    """The frame: first object, checksum, repeated and missing objects, fields of the root."""
    root = level.objects
    if next(iter(root)) != "00":
        said = "The payload format indicator (00) is not the first object: put it first."
        findings.append(error("PFI_NOT_FIRST", "00", said))
    if root.get("00") != PAYLOAD_FORMAT:
        said = "The payload format indicator (00) is not 01, the only version there is."
        findings.append(error("PFI_VALUE", "00", said))
    _check_checksum(payload, level, findings)
    for repeated in level.repeated:
        findings.append(_duplicate(repeated))
    for object_id in MANDATORY:
        if object_id not in root:
            findings.append(missing(object_id))
    if ACCOUNT_IDS.isdisjoint(root):
        said = "No merchant account (02 to 51) is given: add the template of at least one scheme."
        findings.append(error("MANDATORY_MISSING", "02-51", said))
    if root.get("01", "11") not in ("11", "12"):
        said = "The point of initiation (01) is neither 11 (static) nor 12 (dynamic)."
        findings.append(error("POI_VALUE", "01", said))
    check_fields(root, ROOT, "", findings)


def check_amounts(root: Objects, currency: str | None, findings: list[Finding]) -> None:
    """The amount and the tip, where given."""
    if "54" in root:
        findings += check_amount(root["54"], "54", currency)
    tip = root.get("55")
    if tip is not None and tip not in ("01", "02", "03"):
        said = (
            f"The tip indicator (55) {quoted(tip)} is unknown: write 01 to ask, 02 for a fixed "
            "fee, 03 for a percentage."
        )
        findings.append(error("TIP_VALUE", "55", said))
    for object_id, wanted in (("56", "02"), ("57", "03")):
        if tip == wanted and object_id not in root:
            said = f"Tip indicator {wanted} (55) needs the fee in {object_id}: add it."
            findings.append(error(f"TIP_{object_id}_REQUIRED", object_id, said))
        elif tip != wanted and object_id in root:
            said = f"A fee in {object_id} goes only with tip indicator {wanted} (55): leave it out."
            findings.append(error(f"TIP_{object_id}_FORBIDDEN", object_id, said))
    if tip == "02" and "56" in root:
        findings += check_amount(root["56"], "56", currency)
    if tip == "03" and "57" in root and not _is_percentage(root["57"]):
        said = "The percentage (57) is not between 00.01 and 99.99: write it without a % sign."
        findings.append(error("TIP_VALUE", "57", said))


def check_templates(templates: Templates, findings: list[Finding]) -> None:
    """GUIDs, the additional data and the language template."""
    for object_id, objects in templates.items():
        if object_id in GUID_TEMPLATES:
            _check_guid(objects, object_id, findings)
        elif object_id == "62":
            _check_additional(objects, findings)
        else:
            for needed in ("00", "01"):
                if needed not in objects:
                    findings.append(missing(f"64.{needed}"))
            check_fields(objects, LANGUAGE, "64.", findings)


def check_fields(
    objects: Objects, fields: Mapping[str, Field], prefix: str, findings: list[Finding]
) -> None:
    """Lengths and characters of the primitive objects listed in `fields`."""
    for object_id, value in objects.items():
        field = fields.get(object_id)
        if field is None:
            continue
        _, form, shortest, longest = field
        if not shortest <= len(value) <= longest:
            findings.append(_length(prefix + object_id, field, value))
        elif form == "ans":
            # Printable ASCII is exactly the common character set (space to tilde).
            if not (value.isascii() and value.isprintable()):
                findings.append(_format_ans(prefix + object_id, field.name, value))
        elif form == "N" and not (value.isascii() and value.isdigit()):
            findings.append(_format_n(prefix + object_id, field.name, value))


def check_payload_size(payload: str, findings: list[Finding]) -> None:
    """EMVCo asks for fewer than 512 characters where they take several bytes each."""
    size = len(payload.encode())
    if size > 512:
        said = f"The payload takes {size} bytes: shorten it to 512, or some readers will fail."
        findings.append(warning("LENGTH", "", said))


def missing(path: str) -> Finding:
    said = f"The {name_of(path)} ({path}) is missing: add it."
    return error("MANDATORY_MISSING", path, said)


def _check_checksum(payload: str, level: Split, findings: list[Finding]) -> None:
    stated = level.objects.get("63")
    if stated is None:
        findings.append(missing("63"))
    if level.last != "63" or stated is None or "63" in level.repeated:
        said = "The checksum (63) is not the last object: put it last."
        findings.append(error("CRC_NOT_LAST", "63", said))
        return
    if len(stated) != 4 or not set(stated) <= set("0123456789ABCDEF"):
        said = f"The checksum (63) {quoted(stated)} is not four upper-case hex digits."
        findings.append(error("CRC_FORMAT", "63", said))
        if len(stated) != 4:
            return
    computed = checksum(payload[:-4])
    if stated == computed:
        return
    if stated.upper() == computed:
        said = "The checksum (63) is right but in lower case: write it in upper case."
        findings.append(error("CRC_LOWERCASE", "63", said))
        return
    said = (
        f"The checksum (63) says {quoted(stated)} but the code adds up to {computed}: it was "
        "misread or changed, so scan it again or ask the merchant for a new one."
    )
    findings.append(error("CRC_MISMATCH", "63", said))


def _check_guid(objects: Objects, path: str, findings: list[Finding]) -> None:
    guid = objects.get("00")
    if guid is None:
        said = f"The template {path} has no identifier (00) of the scheme it belongs to: add it."
        findings.append(error("GUID_MISSING", path, said))
    elif len(guid) > GUID.longest:
        said = f"The identifier {path}.00 has {len(guid)} characters: write at most 32."
        findings.append(error("GUID_LENGTH", f"{path}.00", said))
    elif not (guid.isascii() and guid.isprintable()):
        findings.append(_format_ans(f"{path}.00", GUID.name, guid))


def _check_additional(objects: Objects, findings: list[Finding]) -> None:
    check_fields(objects, ADDITIONAL, "62.", findings)
    wanted = objects.get("09", "")
    if not set(wanted) <= set("AME") or len(set(wanted)) != len(wanted):
        said = (
            f"The consumer data request (62.09) {quoted(wanted)} may hold the letters A, M and E, "
            "each once."
        )
        findings.append(error("CONSUMER_DATA_REQUEST", "62.09", said))
    for object_id, value in objects.items():
        if object_id >= "50":
            path = f"62.{object_id}"
            nested = split_template(value, path, findings)
            if nested is not None:
                _check_guid(nested, path, findings)


def _is_percentage(value: str) -> bool:
    whole, point, fraction = value.partition(".")
    digits = whole + fraction
    return (
        digits.isascii()
        and digits.isdigit()
        and 1 <= len(whole) <= 2
        and (len(fraction) <= 2 and (fraction != "" or not point))
        and digits.strip("0") != ""
    )


def _duplicate(path: str) -> Finding:
    said = f"The {name_of(path)} ({path}) is there more than once: keep one."
    return error("DUPLICATE_ID", path, said)


def _length(path: str, field: Field, value: str) -> Finding:
    wanted = (
        f"exactly {field.longest}"
        if field.shortest == field.longest
        else f"{field.shortest} to {field.longest}"
    )
    said = f"The {field.name} ({path}) has {len(value)} character(s): write {wanted}."
    return error("LENGTH", path, said)


def _format_ans(path: str, name: str, value: str) -> Finding:
    said = (
        f"The {name} ({path}) {quoted(value)} may hold plain ASCII only: local script belongs "
        "in template 64."
    )
    return error("FORMAT_ANS", path, said)


def _format_n(path: str, name: str, value: str) -> Finding:
    said = f"The {name} ({path}) {quoted(value)} may hold digits only."
    return error("FORMAT_N", path, said)
