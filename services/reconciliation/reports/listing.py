"""Follows a number of a report to its rows."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date

import asyncpg

from services.core.clock import Clock
from services.kit.postgres import Connection
from services.reconciliation.breaks.store.rows import SideRow, read_rows
from services.reconciliation.reports.building import aged_breaks
from services.reconciliation.reports.closing import CLOSED
from services.reconciliation.reports.expecting import Expected
from services.reconciliation.reports.model import Asked
from services.reconciliation.reports.refusals import DayNotRun
from services.reconciliation.reports.rows import Place, Question, parse_figure, parse_place
from services.reconciliation.reports.store import days
from services.reconciliation.reports.store.incomes import Income, read_incomes
from services.reconciliation.reports.store.rows import ClosedBreak, closed_breaks, find_places

PAGE_SIZE = 100
PAGE_LIMIT = 1000
_OF_BREAKS = ("breaks", "age")


@dataclass(frozen=True, slots=True)
class RowPage:
    """Rows in order, and the token of the next page; empty: there is none."""

    rows: Sequence[SideRow]
    next_page_token: str


async def list_rows(
    pool: asyncpg.Pool,
    clock: Clock,
    partner_id: str,
    day: date,
    figure: str,
    page_size: int = 0,
    page_token: str = "",
    expected: Expected | None = None,
) -> RowPage:
    """The rows behind a figure, ours first; of a closed day those that its report counts.

    Raises `FigureUnknown`, `PageTokenMalformed`, `DayNotRun`.
    """
    asked, after = parse_figure(figure), parse_place(page_token)
    size = min(page_size, PAGE_LIMIT) if page_size > 0 else PAGE_SIZE
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        held = await days.find_day(connection, partner_id, day)
        if held is None or not held.run_count:
            raise DayNotRun(partner_id, day)
        if asked.section == "fx":
            about = (expected or Expected()).about(partner_id, day)
            return await _earned(connection, Asked(partner_id, day, about), asked, after, size)
        if asked.section not in _OF_BREAKS:
            page = await find_places(connection, asked, (partner_id, day), after, size)
        else:
            if held.state == CLOSED:
                breaks = await closed_breaks(connection, partner_id, day)
            else:
                breaks = await _open_breaks(connection, clock, partner_id, day)
            page = _places_of(asked, breaks, after)[:size]
        rows = await read_rows(
            connection,
            [place.row for place in page if place.side == 1],
            [place.row for place in page if place.side == 2],
        )
    return RowPage(rows, page[-1].token if len(page) == size else "")


async def _earned(
    connection: Connection, asked: Asked, question: Question, after: Place, size: int
) -> RowPage:
    """What links of the ledger have earned, each with the fact that says so."""
    rows: list[SideRow] = []
    last = Place()
    incomes = read_incomes(connection, asked, (after.side, after.row))
    async with aclosing(incomes):
        async for income in incomes:
            if income.label != question.name or question.currency not in ("", income.currency):
                continue
            rows.append(_income_row(income, asked.day))
            last = Place(2 if income.kind == "deal" else 1, income.number)
            if len(rows) == size:
                return RowPage(rows, last.token)
    return RowPage(rows, "")


def _income_row(income: Income, day: date) -> SideRow:
    return SideRow(
        side="ledger",
        row=income.number,
        reference=income.resource_id,
        kind=f"{income.kind} {income.name}",
        minor=income.minor,
        fee=None,
        currency=income.currency,
        state="posted",
        day=day,
        text=income.corridor_id,
        file_id="",
        record=0,
        stripe=income.stripe,
        sequence=income.sequence,
    )


async def _open_breaks(
    connection: Connection, clock: Clock, partner_id: str, day: date
) -> list[ClosedBreak]:
    aged = await aged_breaks(connection, partner_id, day, clock.now())
    return [
        ClosedBreak(
            each.item.kind,
            each.age_class,
            each.item.our_row,
            each.item.their_row,
            each.item.currency,
        )
        for each in aged
    ]


def _places_of(asked: Question, breaks: Sequence[ClosedBreak], after: Place) -> list[Place]:
    fitting = [
        each
        for each in breaks
        if asked.name == (each.kind if asked.section == "breaks" else each.age_class)
        and asked.currency in ("", each.currency)
    ]
    ours = {Place(1, each.our_row) for each in fitting if each.our_row is not None}
    theirs = {Place(2, each.their_row) for each in fitting if each.their_row is not None}
    return sorted(place for place in ours | theirs if place > after)
