"""Writes messages: what is written was checked as what is read is, or is refused with findings.

Raises `FileInvalid` where a message would not be valid, or a version cannot hold a field.
"""

from xml.etree.ElementTree import Element

from services.formats.findings import FileInvalid
from services.formats.iso20022.documents.checking import Checker
from services.formats.iso20022.documents.schema import local, namespace_of, root_spec
from services.formats.iso20022.documents.serial import DECLARATION, check_writable, document
from services.formats.iso20022.messages.reading import Message
from services.formats.iso20022.messages.rules import rule_findings
from services.formats.iso20022.messages.tables import TABLES
from services.formats.iso20022.model import (
    BusinessHeader,
    InterbankTransfers,
    PaymentOrder,
    Returns,
    StatusReport,
)


def write_order(
    order: PaymentOrder, version: str = "pain.001.001.09", header: BusinessHeader | None = None
) -> bytes:
    """pain.001, behind a head.001 of its own where `header` is given (ZEDI)."""
    head = write_message(header, "head.001.001.01") if header else b""
    return head + write_message(order, version)


def write_transfers(transfers: InterbankTransfers) -> bytes:
    """pacs.008.001.08."""
    return write_message(transfers, "pacs.008.001.08")


def write_report(report: StatusReport) -> bytes:
    """pacs.002.001.10."""
    return write_message(report, "pacs.002.001.10")


def write_returns(returns: Returns) -> bytes:
    """pacs.004.001.09."""
    return write_message(returns, "pacs.004.001.09")


def write_message(message: Message, name: str) -> bytes:
    """`message` as a document of the version `name`."""
    tag, spec = root_spec(name)
    table, _ = TABLES[name]
    root = Element(tag)
    table.fill(root, message, namespace_of(name))
    check_writable(Checker(spec, local(tag)), root)
    findings = tuple(rule_findings(message, root))
    if findings:
        raise FileInvalid(findings)
    return DECLARATION + document(root, name).encode()
