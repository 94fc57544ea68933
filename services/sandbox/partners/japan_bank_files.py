"""The day statement of the simulated Japanese bank, as it writes it: Zengin 03 and camt.053.001.08.

Written from the facts (§5.1, §6) with no code of `services.formats`: what reads these files has to
agree with the facts, not with us.
"""

import unicodedata
from collections.abc import Sequence
from datetime import date
from xml.etree.ElementTree import Element, SubElement, tostring

from services.sandbox.partners.days import Line
from services.sandbox.partners.japan_bank_account import INCOMING, WORDS

BANK, BRANCH, TYPE, NUMBER = "0310", "101", "1", "0999999"
HOLDER = "ｶﾜｾ"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
_REIWA = 2018
# Kinds of a statement line, Zengin code lists: transfer, other.
_TRANSFER, _OTHER = "11", "18"


def is_incoming(line: Line) -> bool:
    return line.kind in INCOMING


def moved(lines: Sequence[Line]) -> int:
    """By how much the lines change the balance, in yen."""
    return sum(line.minor if is_incoming(line) else -line.minor for line in lines)


def zengin_statement(
    day: date,
    lines: Sequence[Line],
    opening: int,
    bank: tuple[str, str] = (BANK, "GMOｱｵｿﾞﾗﾈﾂﾄ"),
    number: str = NUMBER,
) -> bytes:
    """200-byte records with CR LF in CP932: header, data, trailer, end. `bank`: code and name."""
    era = _era(day)
    header = (
        "1030"
        + era * 3
        + bank[0]
        + _left(bank[1], 15)
        + BRANCH
        + _left("ﾎｳｼﾞﾝ", 15)
        + "000"
        + TYPE
        + number.rjust(10, "0")
        + _left(HOLDER, 40)
        + _sign(opening)
        + "1"
        + f"{abs(opening):014d}"
    )
    data = [_zengin_line(number, era, line) for number, line in enumerate(lines, 1)]
    ins = [line.minor for line in lines if is_incoming(line)]
    outs = [line.minor for line in lines if not is_incoming(line)]
    closing = opening + moved(lines)
    trailer = (
        f"8{len(ins):06d}{sum(ins):013d}{len(outs):06d}{sum(outs):013d}"
        f"{_sign(closing)}{abs(closing):014d}{len(data):07d}"
    )
    end = f"9{len(data) + 3:010d}{1:05d}"
    records = [header, *data, trailer, end]
    return b"".join(_left(record, 200).encode("cp932") + b"\r\n" for record in records)


def _zengin_line(number: int, era: str, line: Line) -> str:
    fields = line.fields
    is_transfer = "party" in fields and fields["party"] != ""
    return (
        f"2{number:08d}{era}{era}{1 if is_incoming(line) else 2}"
        f"{_TRANSFER if is_transfer else _OTHER}{line.minor:012d}{0:012d}"
        f"{0:06d}{0:06d}0{0:07d}{0:03d}{0:010d}"
        + _left(fields.get("party", ""), 48)
        + _left("", 30)
        + _left(WORDS[line.kind], 20)
        + _left(fields.get("reference", ""), 20)
    )


def _left(text: str, width: int) -> str:
    return text[:width].ljust(width)


def _sign(yen: int) -> str:
    return "1" if yen >= 0 else "2"


def _era(day: date) -> str:
    return f"{day.year - _REIWA:02d}{day:%m%d}"


def camt_statement(day: date, lines: Sequence[Line], opening: int) -> bytes:
    """One statement with its opening and closing balance and an entry per line."""
    document = Element("Document", {"xmlns": NAMESPACE})
    root = SubElement(document, "BkToCstmrStmt")
    head = SubElement(root, "GrpHdr")
    _text(head, "MsgId", f"STMT-{day:%Y%m%d}")
    _text(head, "CreDtTm", f"{day}T23:59:59+09:00")
    statement = SubElement(root, "Stmt")
    _text(statement, "Id", f"{BRANCH}{NUMBER}-{day:%Y%m%d}")
    _text(statement, "CreDtTm", f"{day}T23:59:59+09:00")
    period = SubElement(statement, "FrToDt")
    _text(period, "FrDtTm", f"{day}T00:00:00+09:00")
    _text(period, "ToDtTm", f"{day}T23:59:59+09:00")
    account = SubElement(statement, "Acct")
    _text(_path(account, "Id", "Othr"), "Id", f"{BRANCH}{TYPE}{NUMBER}")
    _text(account, "Ccy", "JPY")
    _balance(statement, "OPBD", opening, day)
    _balance(statement, "CLBD", opening + moved(lines), day)
    for line in lines:
        _entry(statement, line, day)
    return bytes(tostring(document, encoding="UTF-8", xml_declaration=True))


def _balance(statement: Element, code: str, yen: int, day: date) -> None:
    balance = SubElement(statement, "Bal")
    _text(_path(balance, "Tp", "CdOrPrtry"), "Cd", code)
    _amount(balance, abs(yen))
    _text(balance, "CdtDbtInd", "CRDT" if yen >= 0 else "DBIT")
    _text(SubElement(balance, "Dt"), "Dt", day.isoformat())


def _entry(statement: Element, line: Line, day: date) -> None:
    entry = SubElement(statement, "Ntry")
    _text(entry, "NtryRef", line.line_id)
    _amount(entry, line.minor)
    _text(entry, "CdtDbtInd", "CRDT" if is_incoming(line) else "DBIT")
    _text(SubElement(entry, "Sts"), "Cd", "BOOK")
    _text(SubElement(entry, "BookgDt"), "Dt", day.isoformat())
    _text(SubElement(entry, "ValDt"), "Dt", day.isoformat())
    _text(entry, "AcctSvcrRef", line.line_id)
    _text(_path(entry, "BkTxCd", "Prtry"), "Cd", line.kind)
    details = _path(entry, "NtryDtls", "TxDtls")
    party, reference = line.fields.get("party", ""), line.fields.get("reference", "")
    if reference:
        _text(SubElement(details, "Refs"), "EndToEndId", reference)
    _amount(details, line.minor)
    _text(details, "CdtDbtInd", "CRDT" if is_incoming(line) else "DBIT")
    if party:
        role = "Dbtr" if is_incoming(line) else "Cdtr"
        name = unicodedata.normalize("NFKC", party)
        _text(_path(details, "RltdPties", role, "Pty"), "Nm", name)
    _text(SubElement(details, "RmtInf"), "Ustrd", f"{WORDS[line.kind]} {reference}".strip())


def _amount(parent: Element, yen: int) -> None:
    SubElement(parent, "Amt", {"Ccy": "JPY"}).text = str(yen)


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _path(parent: Element, *names: str) -> Element:
    for name in names:
        parent = SubElement(parent, name)
    return parent
