"""Reads the messages that carry orders, reports and returns: pain.001, pacs.002/.004/.008.

`read_messages` takes a whole file, up to `LARGEST_FILE` bytes, which may hold several documents one
after another (ZEDI: head.001 and pain.001). A document with an error gives findings and no message.
No bytes raise.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import TypeAlias
from xml.etree.ElementTree import Element

from services.formats.findings import Finding, error, has_errors, quoted
from services.formats.iso20022.documents.checking import Checker, Plan, texts_of
from services.formats.iso20022.documents.places import Starts
from services.formats.iso20022.documents.schema import NAMESPACE, local, root_spec
from services.formats.iso20022.documents.stream import Broken, Documents, Reader, Source
from services.formats.iso20022.messages.rules import rule_findings
from services.formats.iso20022.messages.tables import TABLES
from services.formats.iso20022.model import (
    BusinessHeader,
    InterbankTransfers,
    PaymentOrder,
    Returns,
    StatusReport,
)

LARGEST_FILE = 64 << 20
PIECE = 64 << 10
# At most so many findings are kept of one file.
MOST_FINDINGS = 1000

Message: TypeAlias = BusinessHeader | PaymentOrder | InterbankTransfers | StatusReport | Returns


@dataclass(frozen=True, slots=True)
class Reading:
    """A file's messages, in order, each with its name (`pain.001.001.09`), and the findings."""

    messages: tuple[tuple[str, Message], ...]
    findings: tuple[Finding, ...]

    @property
    def valid(self) -> bool:
        return not has_errors(self.findings)


def read_messages(data: bytes) -> Reading:
    """Everything `data` holds."""
    if len(data) > LARGEST_FILE:
        message = f"The file is larger than {LARGEST_FILE} bytes."
        return Reading((), (error("file-too-large", message),))
    pieces = (data[at : at + PIECE] for at in range(0, len(data), PIECE))
    messages: list[tuple[str, Message]] = []
    findings: list[Finding] = []
    documents = 0
    for source in Documents(pieces):
        documents += 1
        try:
            name, one, found = _read(source)
        except Broken as broken:
            findings.append(broken.finding)
        else:
            findings.extend(found)
            if one is not None:
                messages.append((name, one))
        source.drain()
    if not documents:
        findings.append(error("file-empty", "The file is empty."))
    return Reading(tuple(messages), tuple(findings[:MOST_FINDINGS]))


def _read(source: Source) -> tuple[str, Message | None, list[Finding]]:
    root, starts = _parsed(source)
    name = root.tag.rpartition("}")[0].removeprefix("{" + NAMESPACE)
    if name not in TABLES or root.tag != root_spec(name)[0]:
        problem = f"{quoted(root.tag)} is none of the messages read here: {', '.join(TABLES)}."
        raise Broken(error("message-unknown", problem, offset=source.offset))
    table, record = TABLES[name]
    nodes = list(root.iter())
    checker = Checker(root_spec(name)[1], local(root.tag))
    plan = checker.plan(nodes)
    records = _Records(record, nodes, plan, starts)
    found = checker.findings(plan, nodes, records.where)
    if found:
        return name, None, found
    message: Message = table.read(plan, texts_of(nodes))
    found = list(rule_findings(message, root))
    return name, None if has_errors(found) else message, found


def _parsed(source: Source) -> tuple[Element, Starts]:
    """The document's root, and where its records begin."""
    reader = Reader(source, tuple(sorted({record for _, record in TABLES.values()})))
    for _ in reader.steps():
        reader.progressed()
    assert reader.root is not None, "a document that parsed has a root"
    return reader.root, reader.starts


class _Records:
    """Which record a node belongs to: its number from 1, and where it begins."""

    def __init__(self, name: str, nodes: list[Element], plan: Plan, starts: Starts) -> None:
        self._within = "/" + name
        self._paths = plan.paths
        self._places = [place for place, node in enumerate(nodes) if local(node.tag) == name]
        self._offsets = [starts.next() for _ in self._places]

    def where(self, place: int) -> tuple[int, int | None]:
        number = bisect_right(self._places, place)
        if not number or self._within not in self._paths[place]:
            return 0, None
        return number, self._offsets[number - 1]
