"""The golden payment codes, and payloads that tests of codes share."""

import csv
import json
from pathlib import Path
from typing import Any

from services.codes.merchant.tlv import checksum, join

_GOLDEN = Path(__file__).parents[2] / "golden"


def golden(name: str) -> Any:
    """The content of a golden JSON file."""
    return json.loads((_GOLDEN / name).read_text())


def golden_table(name: str) -> list[dict[str, str]]:
    """The rows of a golden CSV file."""
    with (_GOLDEN / name).open() as lines:
        return list(csv.DictReader(lines))


PUBLIC = golden("emv_mpm_public.json")["vectors"]
SYNTHETIC = golden("emv_mpm_synthetic.json")["vectors"]
CONSUMER = golden("emv_cpm.json")["vectors"]


def public(vector_id: str) -> str:
    """The payload of a public vector."""
    return str(next(one["payload"] for one in PUBLIC if one["id"] == vector_id))


def synthetic(name: str) -> str:
    """The payload of a made vector."""
    return str(next(one["payload"] for one in SYNTHETIC if one["name"] == name))


JPQR_STATIC = synthetic("jpqr static, no amount")
JPQR_DYNAMIC = synthetic("jpqr dynamic with amount and reference")


def with_checksum(objects: str) -> str:
    """`objects` as written, closed by the checksum that fits them."""
    return f"{objects}6304{checksum(objects + '6304')}"


def written(object_id: str, value: str) -> str:
    """One object, its length computed."""
    return join([(object_id, value)])


def jpqr_with(extra: str, without: str = "") -> str:
    """The static JPQR code with objects appended and a piece of its text removed."""
    return with_checksum(JPQR_STATIC[:-8].replace(without, "", 1) + extra)
