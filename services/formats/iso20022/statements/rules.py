"""What has to hold in a statement and no schema says: sums, counts, balances, currencies."""

from collections.abc import Iterator
from decimal import Decimal

from services.core.money import Money, major
from services.formats.findings import Finding, error, warning
from services.formats.iso20022.model import Direction
from services.formats.iso20022.statements.model import (
    EntryDetail,
    Statement,
    StatementEnd,
    StatementEntry,
)

BOOKED = "BOOK"


class Totals:
    """Running counts and sums of a statement's entries, in minor units."""

    def __init__(self) -> None:
        self.whole = True
        self.entries = 0
        self.counts = {Direction.CREDIT: 0, Direction.DEBIT: 0}
        self.sums = {Direction.CREDIT: 0, Direction.DEBIT: 0}
        self.booked = {Direction.CREDIT: 0, Direction.DEBIT: 0}
        self.currency = ""

    def add(self, entry: StatementEntry) -> None:
        direction, money = entry.direction, entry.amount
        self.entries += 1
        self.counts[direction] += 1
        self.sums[direction] += money.minor
        self.currency = money.currency
        if entry.status == BOOKED:
            self.booked[direction] += money.minor

    def end(self, statement: Statement) -> StatementEnd:
        return StatementEnd(
            statement,
            self.entries,
            self.booked[Direction.CREDIT],
            self.booked[Direction.DEBIT],
            self.whole,
        )


def entry_findings(entry: StatementEntry, statement: Statement | None) -> list[Finding]:
    """What an entry that keeps the schema gets wrong by itself or against its statement."""
    found: list[Finding] = []
    currency = statement.account.currency if statement else ""
    if currency and entry.amount.currency != currency:
        message = f"The entry is in {entry.amount.currency}, the account in {currency}."
        found.append(_entry_error("currency-mixed", message, entry, "Amt"))
    for detail in entry.details:
        if detail.batch is not None or len(detail.transactions) > 1:
            found.extend(_batch_findings(detail, entry))
    return found


def _batch_findings(detail: EntryDetail, entry: StatementEntry) -> Iterator[Finding]:
    """A batch whose transfers are listed has to be what they add up to.

    Transfers without an amount in the entry's currency cannot be added up and are let be.
    """
    batch, listed = detail.batch, detail.transactions
    if not listed:
        return
    if batch and batch.count is not None and batch.count != len(listed):
        message = f"The batch declares {batch.count} transfers and lists {len(listed)}."
        yield _entry_error("count", message, entry, "NtryDtls/Btch/NbOfTxs")
    amounts = [each.booked_amount for each in listed]
    if any(money is None or money.currency != entry.amount.currency for money in amounts):
        return
    signed = sum(
        (each.direction or entry.direction).signed(money.minor)
        for each, money in zip(listed, amounts, strict=True)
        if money is not None
    )
    expected = batch.total if batch and batch.total else entry.amount
    if expected.currency != entry.amount.currency:
        return
    if (batch and batch.total) or len(entry.details) == 1:
        direction = (batch.direction if batch else None) or entry.direction
        if signed != direction.signed(expected.minor):
            held = Money(abs(signed), entry.amount.currency)
            message = f"The transfers of the batch add up to {held}, not {expected}."
            yield _entry_error("sum", message, entry, "NtryDtls")


def _entry_error(code: str, message: str, entry: StatementEntry, path: str) -> Finding:
    return error(code, message, record=entry.record, offset=entry.offset, path=f"Ntry/{path}")


def end_findings(statement: Statement, totals: Totals) -> Iterator[Finding]:
    """What the statement as a whole gets wrong; nothing where entries were left out."""
    if not totals.whole:
        return
    yield from _summary_findings(statement, totals)
    opening, closing = statement.opening, statement.closing
    if not statement.balances:
        return
    if opening is None or closing is None:
        missing = "opening" if opening is None else "closing"
        yield warning(
            "balance-missing", f"The statement has no {missing} balance.", path="Stmt/Bal"
        )
        return
    currencies = {opening.amount.currency, closing.amount.currency, totals.currency} - {""}
    if len(currencies) > 1:
        message = (
            f"Balances and entries are in several currencies: {', '.join(sorted(currencies))}."
        )
        yield error("currency-mixed", message, path="Stmt/Bal")
        return
    moved = totals.booked[Direction.CREDIT] - totals.booked[Direction.DEBIT]
    expected = Money(opening.signed.minor + moved, opening.amount.currency)
    if expected != closing.signed:
        message = (
            f"Opening {opening.signed} and the entries make {expected};"
            f" the closing balance says {closing.signed}."
        )
        yield error("balance", message, path="Stmt/Bal")


def _summary_findings(statement: Statement, totals: Totals) -> Iterator[Finding]:
    summary = statement.summary
    if summary is None:
        return
    credit, debit = Direction.CREDIT, Direction.DEBIT
    declared = (
        ("TtlNtries", summary.count, summary.total, (credit, debit)),
        ("TtlCdtNtries", summary.credit_count, summary.credit_total, (credit,)),
        ("TtlDbtNtries", summary.debit_count, summary.debit_total, (debit,)),
    )
    for name, count, total, sides in declared:
        path = f"Stmt/TxsSummry/{name}"
        entries = sum(totals.counts[side] for side in sides)
        if count is not None and count != entries:
            yield error(
                "count", f"{name} declares {count} entries; there are {entries}.", path=path
            )
        minor = sum(totals.sums[side] for side in sides)
        held = major(Money(minor, totals.currency)) if totals.currency else Decimal(0)
        if total is not None and total != held:
            yield error("sum", f"{name} declares {total}; the entries add up to {held}.", path=path)
