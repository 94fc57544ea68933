"""Puts a day's report together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.kit.postgres import Connection
from services.reconciliation.breaks.ages import AGE_CLASSES, age_class, age_days
from services.reconciliation.breaks.model import State
from services.reconciliation.reports.model import (
    BREAKS_LISTED,
    Amendment,
    Asked,
    BreakLine,
    DayReport,
    FileLine,
    Line,
    Section,
)
from services.reconciliation.reports.store import figures
from services.reconciliation.reports.store.days import DayRow
from services.reconciliation.reports.store.figures import HeldBreak, KeptFile, Total
from services.reconciliation.reports.store.incomes import read_incomes


@dataclass(frozen=True, slots=True)
class AgedBreak:
    """A break, and how old it is or was when it was resolved."""

    item: HeldBreak
    age_class: str
    age_days: int = 0


@dataclass(frozen=True, slots=True)
class Built:
    """A report with all of its breaks."""

    report: DayReport
    breaks: tuple[AgedBreak, ...]


async def build_report(
    connection: Connection,
    asked: Asked,
    held: DayRow,
    amends: Amendment | None,
    now: datetime,
) -> Built:
    """The report of a day as the tables have it; ages as of `now`. Call it in a transaction."""
    place = (asked.partner_id, asked.day)
    breaks = await aged_breaks(connection, *place, now)
    ours = await figures.our_totals(connection, *place)
    theirs = await figures.their_totals(connection, *place)
    matched = await figures.matched_totals(connection, *place)
    broken = await figures.broken_differences(connection, *place)
    whose = "The bank's statement" if asked.about.is_bank else "The partner"
    sections = (
        Section("ours", "We have booked", _lines("ours", ours)),
        Section("theirs", f"{whose} reports", _lines("theirs", theirs)),
        Section("net", "Ours less theirs, and why", net_lines(ours, theirs, broken)),
        Section(
            "matched", "Matched, by rule: pairs, and our side of them", _lines("matched", matched)
        ),
        Section("breaks", "Breaks, by kind: sizes without signs", _break_lines("breaks", breaks)),
        Section("age", "Breaks, by age in days: sizes without signs", _break_lines("age", breaks)),
        Section(
            "fx",
            "FX: income from spreads and realised results, by corridor, as the ledger has them",
            await _fx_lines(connection, asked),
        ),
    )
    files = await figures.kept_files(connection, *place)
    report = DayReport(
        partner_id=asked.partner_id,
        day=asked.day,
        state=held.state,
        engine=held.engine,
        sections=sections,
        files=tuple(_file_line(file) for file in files),
        breaks=tuple(_break_line(each) for each in breaks[:BREAKS_LISTED]),
        break_count=len(breaks),
        zone=asked.about.zone,
        closed_by=asked.about.closed_by,
        name=asked.about.name,
        version=max(1, held.version if held.state == "closed" else held.version + 1),
        amends=amends,
    )
    return Built(report, breaks)


def net_lines(
    ours: Sequence[Total], theirs: Sequence[Total], broken: Mapping[str, int]
) -> tuple[Line, ...]:
    """Per currency: both sides, what they differ by, and how much of that is breaks. The rest are
    rows matched with another day's, and what rules put up with. `broken`: by currency."""
    lines = []
    for currency in sorted({total.currency for total in (*ours, *theirs)}):
        sums = []
        for name, side in (("ours", ours), ("theirs", theirs)):
            mine = [total for total in side if total.currency == currency]
            count, minor = sum(t.count for t in mine), sum(t.minor for t in mine)
            fees = [total.fee for total in mine if total.fee is not None]
            figure = f"net.{name}.{currency}"
            lines.append(Line(figure, name, currency, count, minor, sum(fees) if fees else None))
            sums.append(minor)
        gap, part = sums[0] - sums[1], broken.get(currency, 0)
        for name, minor in (
            ("difference", gap),
            ("in breaks", part),
            ("other days or tolerated", gap - part),
        ):
            figure = f"net.{name.replace(' ', '_')}.{currency}"
            lines.append(Line(figure, name, currency, 0, minor, followable=False))
    return tuple(lines)


async def aged_breaks(
    connection: Connection, partner_id: str, day: date, now: datetime
) -> tuple[AgedBreak, ...]:
    """The breaks of a day; what is resolved grows no older."""
    held = await figures.held_breaks(connection, partner_id, day)
    ages = [_age(item, now) for item in held]
    return tuple(AgedBreak(i, age_class(days), days) for i, days in zip(held, ages, strict=True))


def _age(item: HeldBreak, now: datetime) -> int:
    until = item.update_time if item.state == State.RESOLVED else now
    return age_days(item.open_time, until)


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


async def _fx_lines(connection: Connection, asked: Asked) -> tuple[Line, ...]:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    async for income in read_incomes(connection, asked):
        key = (income.label, income.currency)
        count, minor = sums.get(key, (0, 0))
        sums[key] = (count + 1, minor + income.minor)
    return tuple(
        Line(f"fx.{label}.{currency}", label.replace(".", " "), currency, count, minor)
        for (label, currency), (count, minor) in sorted(sums.items())
    )


def _file_line(file: KeptFile) -> FileLine:
    return FileLine(
        f"files.{file.file_id}",
        file.file_name,
        file.format,
        file.digest,
        file.row_count,
        file.totals,
        file.replaced_by,
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
        item.day.isoformat(),
        each.age_days,
        item.proposed_by,
        item.approved_by,
    )
