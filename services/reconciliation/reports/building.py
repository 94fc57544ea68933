"""Puts a day's report together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.kit.postgres import Connection
from services.reconciliation.breaks.ages import AGE_CLASSES, age_class, age_days
from services.reconciliation.breaks.model import State
from services.reconciliation.reports.model import (
    BREAKS_LISTED,
    BreakLine,
    DayReport,
    FileLine,
    Line,
    Section,
)
from services.reconciliation.reports.store import figures
from services.reconciliation.reports.store.figures import HeldBreak, KeptFile, Total
from services.reconciliation.reports.store.incomes import spread_income


@dataclass(frozen=True, slots=True)
class AgedBreak:
    """A break, and how old it is or was when it was resolved."""

    item: HeldBreak
    age_class: str


@dataclass(frozen=True, slots=True)
class Built:
    """A report with all of its breaks."""

    report: DayReport
    breaks: tuple[AgedBreak, ...]


async def build_report(
    connection: Connection, partner_id: str, day: date, state: str, engine: str, now: datetime
) -> Built:
    """The report of a day as the tables have it; ages as of `now`."""
    breaks = await aged_breaks(connection, partner_id, day, now)
    ours = await figures.our_totals(connection, partner_id, day)
    theirs = await figures.their_totals(connection, partner_id, day)
    matched = await figures.matched_totals(connection, partner_id, day)
    incomes = await spread_income(connection, partner_id, day)
    files = await figures.kept_files(connection, partner_id, day)
    sections = (
        Section("ours", "What we have booked", _lines("ours", ours)),
        Section("theirs", "What the partner reports", _lines("theirs", theirs)),
        Section("matched", "Matched, by rule", _lines("matched", matched)),
        Section("breaks", "Breaks, by kind", _break_lines("breaks", breaks)),
        Section("age", "Breaks, by age in days", _break_lines("age", breaks)),
        Section("fx", "Income from spreads, in the payers' currency", _fx_lines(incomes)),
    )
    report = DayReport(
        partner_id=partner_id,
        day=day,
        state=state,
        engine=engine,
        sections=sections,
        files=tuple(_file_line(file) for file in files),
        breaks=tuple(_break_line(each) for each in breaks[:BREAKS_LISTED]),
        break_count=len(breaks),
    )
    return Built(report, breaks)


async def aged_breaks(
    connection: Connection, partner_id: str, day: date, now: datetime
) -> tuple[AgedBreak, ...]:
    """The breaks of a day; what is resolved grows no older."""
    held = await figures.held_breaks(connection, partner_id, day)
    return tuple(AgedBreak(item, _age(item, now)) for item in held)


def _age(item: HeldBreak, now: datetime) -> str:
    until = item.update_time if item.state == State.RESOLVED else now
    return age_class(age_days(item.open_time, until))


def _lines(section: str, totals: Iterable[Total]) -> tuple[Line, ...]:
    return tuple(
        Line(
            f"{section}.{total.name}.{total.currency}",
            total.name,
            total.currency,
            total.count,
            total.minor,
            total.fee,
        )
        for total in totals
    )


def _break_lines(section: str, breaks: Sequence[AgedBreak]) -> tuple[Line, ...]:
    """Sums of sizes without their signs: what is missing on one side does not pay for the other."""
    groups: dict[tuple[int, str, str], list[HeldBreak]] = defaultdict(list)
    order = [name for _, name in AGE_CLASSES]
    for each in breaks:
        name = each.item.kind if section == "breaks" else each.age_class
        place = 0 if section == "breaks" else order.index(name)
        groups[place, name, each.item.currency].append(each.item)
    return tuple(
        Line(
            f"{section}.{name}.{currency}",
            name,
            currency,
            len(items),
            sum(abs(item.size) for item in items),
            open_count=sum(item.state != State.RESOLVED for item in items),
        )
        for (_, name, currency), items in sorted(groups.items())
    )


def _fx_lines(incomes: Sequence[tuple[str, int, int]]) -> tuple[Line, ...]:
    return tuple(
        Line(f"fx.spread.{currency}", "spread", currency, count, minor)
        for currency, count, minor in incomes
    )


def _file_line(file: KeptFile) -> FileLine:
    return FileLine(
        f"files.{file.file_id}",
        file.file_name,
        file.format,
        file.digest,
        file.row_count,
        file.totals,
    )


def _break_line(each: AgedBreak) -> BreakLine:
    item = each.item
    return BreakLine(
        item.break_id,
        item.kind,
        item.state,
        each.age_class,
        item.our_reference,
        item.their_reference,
        item.size,
        item.currency,
        item.assignee,
        item.resolution,
        item.reason,
    )
