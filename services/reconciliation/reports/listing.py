"""Follows a number of a report to its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import asyncpg

from services.core.clock import Clock
from services.kit.postgres import Connection
from services.reconciliation.breaks.store.rows import SideRow, read_rows
from services.reconciliation.reports.building import aged_breaks
from services.reconciliation.reports.closing import CLOSED
from services.reconciliation.reports.refusals import DayNotRun
from services.reconciliation.reports.rows import Place, Question, parse_figure, parse_place
from services.reconciliation.reports.store import closings
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
) -> RowPage:
    """The rows behind a figure, ours first; of a closed day those that its report counts.

    Raises `FigureUnknown`, `PageTokenMalformed`, `DayNotRun`.
    """
    asked, after = parse_figure(figure), parse_place(page_token)
    size = min(page_size, PAGE_LIMIT) if page_size > 0 else PAGE_SIZE
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        held = await closings.find_day(connection, partner_id, day)
        if held is None or not held.run_count:
            raise DayNotRun(partner_id, day)
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
