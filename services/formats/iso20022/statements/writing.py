"""Writes statements and notifications in pieces, as their entries come."""

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement

from services.formats.findings import FileInvalid, error
from services.formats.iso20022.documents.checking import Checker
from services.formats.iso20022.documents.schema import NAMESPACE, namespace_of, spec_at
from services.formats.iso20022.documents.serial import DECLARATION, check_writable, element_text
from services.formats.iso20022.documents.values import instant_text
from services.formats.iso20022.statements.model import Statement, StatementEntry
from services.formats.iso20022.statements.tables import STATEMENTS


def write_statement(
    statement: Statement,
    entries: Iterable[StatementEntry],
    version: str = "camt.053.001.08",
) -> Iterator[bytes]:
    """One statement or notification as a message of its own.

    Balances and sums are the caller's. Raises `FileInvalid` for what is not valid or what the
    version cannot hold; for an entry, when its turn comes: what was written until then is to be
    thrown away.
    """
    tables = STATEMENTS[version]
    namespace = namespace_of(version)
    spec = spec_at(version, tables.root, tables.statement)
    head = Element(namespace + tables.statement)
    tables.head.fill(head, statement, namespace)
    check_writable(Checker(spec, tables.statement), head)
    yield (
        DECLARATION
        + (
            f'<Document xmlns="{NAMESPACE}{version}"><{tables.root}>{_header(statement, version)}'
            f"<{tables.statement}>{''.join(map(element_text, head))}"
        ).encode()
    )
    checker = Checker(spec.children[namespace + "Ntry"].spec, "Ntry")
    for entry in entries:
        element = Element(namespace + "Ntry")
        tables.entry.fill(element, entry, namespace)
        check_writable(checker, element)
        yield element_text(element).encode()
    yield f"</{tables.statement}></{tables.root}></Document>\n".encode()


def _header(statement: Statement, version: str) -> str:
    """The group header: the message's id is the statement's where it has none of its own."""
    if statement.created is None:
        message = "A statement needs the instant of its creation."
        raise FileInvalid((error("element-missing", message, path="CreDtTm"),))
    namespace = namespace_of(version)
    header = Element(namespace + "GrpHdr")
    SubElement(header, namespace + "MsgId").text = statement.message_id or statement.id
    SubElement(header, namespace + "CreDtTm").text = instant_text(statement.created)
    spec = spec_at(version, STATEMENTS[version].root, "GrpHdr")
    check_writable(Checker(spec, "GrpHdr"), header)
    return element_text(header)
