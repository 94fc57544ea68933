"""Files as the simulated bank by file reads and writes them, from the facts (§5.1, §5.2).

No code of `services.formats`: what we write has to be read by somebody who knows the facts, not us.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree import ElementTree

RECORD_BYTES = 120
NOTICE_BYTES = 200
BANK, BRANCH, TYPE, NUMBER = "9990", "101", "1", "0888888"
"""Its client's account. The bank has a code for tests, as no bank has one."""
BANK_NAME = "ﾌｱｲﾙｷﾞﾝｺｳ"
HOLDER = "ｶﾜｾ"
_REIWA = 2018
_RESULT_AT = 111
_HALF_A_YEAR = 183
_PROBLEMS = (ValueError, KeyError, IndexError, InvalidOperation, ElementTree.ParseError)

Fields = dict[str, Any]


class FileRefused(Exception):
    """The bank's code for a file that it refuses whole."""


@dataclass
class Ordered:
    """What a file orders: for which day, from or to the client's account, and its records."""

    day: date
    account: str
    records: list[Fields] = field(default_factory=list)


def read_orders(folder: str, content: bytes, today: date) -> Ordered:
    """A file of 21 or 91, or of pain.001. Raises `FileRefused`."""
    try:
        if folder == "pain001":
            return _read_pain(content)
        return _read_zengin(folder, content, today)
    except _PROBLEMS as error:
        raise FileRefused("FORMAT") from error


def _lines(content: bytes) -> list[bytes]:
    lines = content.split(b"\r\n")
    if lines[-1] != b"" or any(len(line) != RECORD_BYTES for line in lines[:-1]):
        raise FileRefused("FORMAT")
    return lines[:-1]


def _read_zengin(folder: str, content: bytes, today: date) -> Ordered:
    header, *data, trailer, end = _lines(content)
    if header[:3] != b"1" + folder.encode() or trailer[:1] != b"8" or end[:1] != b"9":
        raise FileRefused("FORMAT")
    if any(line[:1] != b"2" for line in data):
        raise FileRefused("FORMAT")
    parts = (_text(header, 58, 4), _text(header, 77, 3), _text(header, 95, 1))
    account = "-".join((*parts, _text(header, 96, 7)))
    ordered = Ordered(_near(_text(header, 54, 4), today), account)
    ordered.records = [_read_record(folder, line) for line in data]
    told = int(trailer[1:7]), int(trailer[7:19])
    if told != (len(data), sum(record["yen"] for record in ordered.records)):
        raise FileRefused("TOTALS_DIFFER")
    return ordered


def _read_record(folder: str, line: bytes) -> Fields:
    at = 91
    reference = _text(line, at, 20)
    return {
        "bank": _text(line, 1, 4),
        "branch": _text(line, 20, 3),
        "type": _text(line, 42, 1),
        "number": _text(line, 43, 7),
        "name": _text(line, 50, 30),
        "yen": int(_text(line, 80, 10)),
        "reference": reference if folder == "91" or line[112:113] == b"Y" else "",
    }


def _text(line: bytes, start: int, size: int) -> str:
    return line[start : start + size].decode("cp932").strip()


def _near(month_day: str, today: date) -> date:
    """The day of this month and day that is nearest to today."""
    month, day = int(month_day[:2]), int(month_day[2:])
    found = date(today.year, month, day)
    if (found - today).days > _HALF_A_YEAR:
        return date(today.year - 1, month, day)
    if (today - found).days > _HALF_A_YEAR:
        return date(today.year + 1, month, day)
    return found


def _read_pain(content: bytes) -> Ordered:
    """The second document of the file: the first is its business header."""
    documents = [b"<?xml" + part for part in content.split(b"<?xml")[1:]]
    root = ElementTree.fromstring(documents[-1])  # noqa: S314
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    batch = _of(root, "CstmrCdtTrfInitn/PmtInf")
    agent = _of(batch, "DbtrAgt")
    account = "-".join(
        (
            _told(agent, "FinInstnId/ClrSysMmbId/MmbId"),
            _told(agent, "BrnchId/Id"),
            _told(batch, "DbtrAcct/Tp/Prtry"),
            _told(batch, "DbtrAcct/Id/Othr/Id"),
        )
    )
    ordered = Ordered(date.fromisoformat(_told(batch, "ReqdExctnDt")), account)
    ordered.records = [_read_credit(each) for each in batch.findall("CdtTrfTxInf")]
    head = _of(root, "CstmrCdtTrfInitn/GrpHdr")
    told = int(_told(head, "NbOfTxs")), int(Decimal(_told(head, "CtrlSum")))
    if told != (len(ordered.records), sum(record["yen"] for record in ordered.records)):
        raise FileRefused("TOTALS_DIFFER")
    return ordered


def _read_credit(element: ElementTree.Element) -> Fields:
    return {
        "bank": _told(element, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId"),
        "branch": _told(element, "CdtrAgt/BrnchId/Id"),
        "type": _told(element, "CdtrAcct/Tp/Prtry"),
        "number": _told(element, "CdtrAcct/Id/Othr/Id"),
        "name": _told(element, "Cdtr/Nm"),
        "yen": int(_told(element, "Amt/InstdAmt")),
        "reference": _told(element, "PmtId/EndToEndId"),
    }


def _of(element: ElementTree.Element, path: str) -> ElementTree.Element:
    found = element.find(path)
    if found is None:
        raise KeyError(path)
    return found


def _told(element: ElementTree.Element, path: str) -> str:
    return _of(element, path).text or ""


def debit_result(content: bytes, codes: Sequence[str], wrong: bool = False) -> bytes:
    """The file of a 91 with a result per record; `wrong`: its trailer is one yen off."""
    header, *data, _, end = _lines(content)
    answered = [
        line[:_RESULT_AT] + code.encode() + line[_RESULT_AT + 1 :]
        for line, code in zip(data, codes, strict=True)
    ]
    yen = [int(line[80:90]) for line in data]
    good = [amount for amount, code in zip(yen, codes, strict=True) if code == "0"]
    bad = [amount for amount, code in zip(yen, codes, strict=True) if code != "0"]
    trailer = (
        f"8{len(yen):06d}{sum(yen) + wrong:012d}{len(good):06d}{sum(good):012d}"
        f"{len(bad):06d}{sum(bad):012d}"
    )
    lines = [header, *answered, trailer.ljust(RECORD_BYTES).encode(), end]
    return b"".join(line + b"\r\n" for line in lines)


def transfer_result(name: str, records: Sequence[Mapping[str, Any]], wrong: bool = False) -> bytes:
    """What became of transfers, in GMO Aozora's words; `wrong`: its total is one yen off."""
    transfers = [
        {
            "transferAmount": str(each["yen"]),
            "ediInfo": each["reference"],
            "beneficiaryBankCode": each["bank"],
            "beneficiaryBranchCode": each["branch"],
            "accountTypeCode": each["type"],
            "accountNumber": each["number"],
            "transferStatus": each["status"],
            **({"errorCode": each["code"]} if each["code"] else {}),
        }
        for each in records
    ]
    fields = {
        "name": name,
        "totalCount": str(len(records)),
        "totalAmount": str(sum(each["yen"] for each in records) + wrong),
        "transfers": transfers,
    }
    return json.dumps(fields, ensure_ascii=False).encode()


def notices(day: date, deposits: Sequence[Mapping[str, Any]], wrong: bool = False) -> bytes:
    """A file of incoming transfers (01): 200-byte records in CP932."""
    era = f"{day.year - _REIWA:02d}{day:%m%d}"
    header = f"1010{era * 3}{BANK}{'':15}{BRANCH}{'':15}{TYPE}{NUMBER}{HOLDER:40}"
    data = [
        f"2{each['number']:06d}{era}{era}{each['yen']:010d}{0:010d}{0:010d}"
        f"{each['payer'][:48]:48}{'':15}{'':15}{'1' if each['cancelled'] else '0'}"
        f"{each['text'][:20]:20}"
        for each in deposits
    ]
    came = [each["yen"] for each in deposits if not each["cancelled"]]
    went = [each["yen"] for each in deposits if each["cancelled"]]
    trailer = f"8{len(came):06d}{sum(came) + wrong:012d}{len(went):06d}{sum(went):012d}"
    lines = [header, *data, trailer, "9"]
    return b"".join(line.ljust(NOTICE_BYTES).encode("cp932") + b"\r\n" for line in lines)
