"""Reads statements (camt.053) and notifications (camt.054) entry by entry, in bounded memory.

`read_statements` gives, for each statement of a file, its `Statement`, its entries in order and a
`StatementEnd`; findings come between them, where they belong. An entry with an error is left out,
and its statement is then not `whole`. No bytes raise. After `MOST_FINDINGS` one finding says that
others are not shown; the reader goes on.
"""

from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element

from services.formats.findings import Finding, error, has_errors, quoted
from services.formats.iso20022.documents.checking import Checker, Plan, Where, texts_of
from services.formats.iso20022.documents.moulds import Moulds
from services.formats.iso20022.documents.schema import NAMESPACE, Spec, local, spec_at
from services.formats.iso20022.documents.stream import Broken, Documents, Reader, Source
from services.formats.iso20022.statements.model import Statement, StatementEnd, StatementEntry
from services.formats.iso20022.statements.rules import Totals, end_findings, entry_findings
from services.formats.iso20022.statements.tables import STATEMENTS, StatementTables

MOST_FINDINGS = 1000
Item = Statement | StatementEntry | StatementEnd | Finding


def read_statements(chunks: Iterable[bytes]) -> Iterator[Item]:
    """Statements, entries, ends and findings of a file that comes in pieces of any size."""
    shown = 0
    for item in _documents(chunks):
        if isinstance(item, Finding):
            shown += 1
            if shown == MOST_FINDINGS:
                yield error(
                    "findings-cut", f"More than {MOST_FINDINGS} findings: see to these first."
                )
            if shown >= MOST_FINDINGS:
                continue
        yield item


def _documents(chunks: Iterable[bytes]) -> Iterator[Item]:
    records = 0
    empty = True
    for source in Documents(chunks):
        empty = False
        reader = _Document(source, records)
        try:
            yield from reader.items()
        except Broken as broken:
            yield broken.finding
            return
        source.drain()
        records = reader.records
    if empty:
        yield error("file-empty", "The file is empty.")


class _Document:
    """One XML document on its way through the parser."""

    def __init__(self, source: Source, records: int) -> None:
        self.records = records
        self._source = source
        self._reader = Reader(source, ("Ntry",), by_record=True)
        self._version: _Version | None = None
        self._message_id = ""
        self._open: _Open | None = None

    def items(self) -> Iterator[Item]:
        for last in self._reader.steps():
            root = self._reader.root
            if root is None:
                continue
            if self._version is None:
                self._version = _version(root.tag, self._source.offset)
                if self._version is None:
                    return
            if len(root) and root[0].tag == self._version.root:
                yield from self._message(root[0], last)
            if last:
                yield from self._outer(root)

    def _message(self, message: Element, last: bool) -> Iterator[Item]:
        assert self._version is not None
        while len(message) and (last or len(message) > 1):
            child = message[0]
            if child.tag == self._version.statement:
                yield from self._advance(child, closed=True)
                yield from self._end()
            else:
                yield from self._other(child)
            del message[0]
            self._reader.progressed()
        if len(message) and message[0].tag == self._version.statement:
            between, before = self._reader.is_between(message[0]), self.records
            yield from self._advance(message[0], closed=False, between=between)
            if between and self._open is not None and self.records > before:
                yield from self._alike(self._open)

    def _other(self, child: Element) -> Iterator[Item]:
        """A child of the message that is no statement: its header, or nothing we know."""
        assert self._version is not None
        if child.tag != self._version.header:
            yield error("element-unknown", f"{quoted(local(child.tag))} does not belong here.")
            return
        nodes = list(child.iter())
        checker = self._version.header_checker
        yield from checker.findings(checker.plan(nodes), nodes, _at(0, self._source.offset))
        self._message_id = child.findtext(self._version.namespace + "MsgId") or ""

    def _advance(self, element: Element, closed: bool, between: bool = False) -> Iterator[Item]:
        """Take off what is complete: all but the last child, where the parser may be within it."""
        assert self._version is not None
        complete = len(element) if closed or between else len(element) - 1
        if self._open is None:
            entry = self._version.entry
            if not closed and not any(child.tag == entry for child in element):
                return
            moulds = Moulds(self._source.encoding)
            self._open = _Open(self._version, self._message_id, moulds)
            taken = self._open.head_size(element)
            yield from self._open.begin(element, taken, self._source.offset)
            del element[:taken]
            complete -= taken
        if complete > 0:
            self._reader.progressed()
            yield from self._entries(self._open, element[:complete])
            del element[:complete]

    def _entries(self, statement: "_Open", children: list[Element]) -> Iterator[Item]:
        assert self._version is not None
        entry = self._version.entry
        for child in children:
            if child.tag == entry and not statement.entries_over:
                self.records += 1
                offset = self._reader.starts.next()
                written = self._reader.record_from(offset)
                yield from statement.entry(child, self.records, offset, written)
            else:
                yield from statement.after(child)

    def _alike(self, statement: "_Open") -> Iterator[Item]:
        """Entries that come next and are written like earlier ones, without the parser."""
        while not statement.entries_over and (written := self._reader.ahead()):
            found = statement.moulds.fit(written)
            if found is None:
                self._reader.by_record = statement.moulds.pays
                return
            self.records += 1
            offset = self._reader.skip(written) + written.index(b"<")
            yield from statement.checked(*found, self.records, offset)

    def _end(self) -> Iterator[Item]:
        if self._open is not None:
            yield from self._open.end()
        self._open = None

    def _outer(self, root: Element) -> Iterator[Item]:
        assert self._version is not None
        if len(root) != 1 or root[0].tag != self._version.root:
            name = local(self._version.root)
            yield error("element-missing", f"The document has to hold one {name}.")


class _Open:
    """A statement between its first and last entry."""

    def __init__(self, version: "_Version", message_id: str, moulds: Moulds) -> None:
        self.entries_over = False
        self.moulds = moulds
        self._version = version
        self._message_id = message_id
        self._statement: Statement | None = None
        self._totals = Totals()

    def head_size(self, element: Element) -> int:
        """How many children stand before the first entry."""
        for place, child in enumerate(element):
            if child.tag == self._version.entry:
                return place
        return len(element)

    def begin(self, element: Element, taken: int, offset: int) -> Iterator[Item]:
        head = Element(element.tag, element.attrib)
        head.extend(element[:taken])
        nodes = list(head.iter())
        checker = self._version.head_checker
        plan = checker.plan(nodes)
        found = checker.findings(plan, nodes, _at(0, offset))
        yield from found
        if found:
            self._totals.whole = False
            return
        read = self._version.tables.head.read
        self._statement = read(plan, texts_of(nodes), self._message_id)
        assert self._statement is not None
        yield self._statement

    def entry(
        self, element: Element, record: int, offset: int | None, written: bytes
    ) -> Iterator[Item]:
        nodes = list(element.iter())
        checker = self._version.entry_checker
        plan = checker.plan(nodes)
        found = checker.findings(plan, nodes, _at(record, offset))
        if found:
            self._totals.whole = False
            yield from found
            return
        texts = texts_of(nodes)
        if written:
            self.moulds.learn(written, plan, texts)
        yield from self.checked(plan, texts, record, offset)

    def checked(
        self, plan: Plan, texts: Sequence[str], record: int, offset: int | None
    ) -> Sequence[Item]:
        """An entry that keeps the schema, behind what else is to be said about it."""
        entry: StatementEntry = self._version.tables.entry.read(plan, texts, record, offset)
        found = entry_findings(entry, self._statement)
        if found and has_errors(found):
            self._totals.whole = False
            return found
        self._totals.add(entry)
        return (*found, entry)

    def after(self, element: Element) -> Iterator[Item]:
        """Something that is no entry, after the first entry."""
        self.entries_over = True
        known = self._version.spec.children.get(element.tag)
        if known is None or known.position <= self._version.entry_position:
            self._totals.whole = False
            yield error("element-order", f"{quoted(local(element.tag))} stands after entries.")

    def end(self) -> Iterator[Item]:
        if self._statement is not None:
            yield from end_findings(self._statement, self._totals)
            yield self._totals.end(self._statement)


def _at(record: int, offset: int | None) -> Where:
    return lambda _: (record, offset)


class _Version:
    """A message version's names and checkers."""

    def __init__(self, message: str, tables: StatementTables) -> None:
        self.tables = tables
        self.namespace = f"{{{NAMESPACE}{message}}}"
        self.root = self.namespace + tables.root
        self.header = self.namespace + "GrpHdr"
        self.statement = self.namespace + tables.statement
        self.entry = self.namespace + "Ntry"
        self.spec: Spec = spec_at(message, tables.root, tables.statement)
        self.entry_position = self.spec.children[self.entry].position
        below = f"{tables.root}/{tables.statement}"
        self.head_checker = Checker(self.spec, below)
        self.entry_checker = Checker(self.spec.children[self.entry].spec, f"{below}/Ntry")
        self.header_checker = Checker(
            spec_at(message, tables.root, "GrpHdr"), f"{tables.root}/GrpHdr"
        )


def _version(tag: str, offset: int) -> _Version | None:
    namespace, _, name = tag.rpartition("}")
    message = namespace.removeprefix("{" + NAMESPACE)
    tables = STATEMENTS.get(message)
    if tables is not None and name == "Document":
        return _Version(message, tables)
    if name == "AppHdr":
        return None
    known = ", ".join(STATEMENTS)
    raise Broken(
        error("message-unknown", f"{quoted(tag)} is not a statement: {known} are.", offset=offset)
    )
