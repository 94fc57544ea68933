"""What a participant's accounts have moved on a day or in a window."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from services.core.errors import NotFound, Refused
from services.core.ids import STRIPE_COUNT
from services.settlement.domain.statements import (
    FIRST,
    Line,
    LineKey,
    Span,
    spans_of_day,
)
from services.settlement.domain.windows import Movement, movements
from services.settlement.store import cuts, windows
from services.settlement.store import statements as store


class ParticipantWithoutAccounts(NotFound):
    """No account of this participant is known here."""


class StatementTooWide(Refused):
    """The participant has more accounts than one statement holds; part of them is no statement."""


class WindowNotClosed(NotFound):
    """There is no closed window of this id."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A page: `movements` on the first one only; `next_token` empty on the last."""

    movements: tuple[Movement, ...]
    lines: tuple[Line, ...]
    next_token: str


class Statements:
    """Reads statements from postings and cuts."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def of_day(self, participant_id: str, day: str, token: str, size: int) -> Statement:
        """Of one day in the time zone of the schedules of each account's currency.

        Raises `StatementMalformed`, `ParticipantWithoutAccounts`, `StatementTooWide`.
        """
        after = LineKey.read(token) if token else None
        # Each statement of the transaction may choose its plans; together they see one state.
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            accounts = await store.accounts_of(connection, participant_id)
            zones = await store.zones(connection)
            spans = spans_of_day(_known(accounts, participant_id), day, zones)
            held: list[Movement] = []
            if after is None:
                opened = dict.fromkeys(accounts, 0)
                opened |= await store.openings(connection, spans)
                held = movements(opened, await store.sums_in(connection, spans))
            lines = await store.lines_in(connection, spans, after, size)
        return _page(held, lines, size)

    async def of_window(
        self, participant_id: str, window_id: str, token: str, size: int
    ) -> Statement:
        """Of one closed window.

        Raises `StatementMalformed`, `WindowNotClosed`, `ParticipantWithoutAccounts`,
        `StatementTooWide`.
        """
        after = LineKey.read(token) if token else None
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            window = await windows.get_window(connection, window_id)
            if window is None or window.close_time is None or window.to_cut_id is None:
                raise WindowNotClosed(
                    f"There is no closed window {window_id[:80]!r}: see ListWindows.",
                    window_id=window_id[:80],
                )
            cut = await cuts.get_cut(connection, window.to_cut_id)
            assert cut is not None
            accounts = await store.accounts_of(connection, participant_id)
            known = frozenset(_known(accounts, participant_id))
            moved = await windows.movements_of(connection, window_id)
            held = [each for each in moved if each.account_id in known]
            begun = await cuts.get_cut(connection, window.from_cut_id)
            begin = window.open_time if begun else FIRST
            spans = [Span(each.account_id, begin, cut.cut_time) for each in held]
            none = (0,) * STRIPE_COUNT
            between = store.Between(
                window.corridor_id, begun.sequences if begun else none, cut.sequences
            )
            lines = (
                await store.lines_between(connection, spans, between, after, size) if spans else []
            )
        return _page(held if after is None else [], lines, size)


def _known(accounts: Sequence[str], participant_id: str) -> list[str]:
    if not accounts:
        raise ParticipantWithoutAccounts(
            f"No account of {participant_id[:80]!r} has moved or is covered by an agreement: "
            "check the participant's id.",
            participant_id=participant_id[:80],
        )
    if len(accounts) > store.ACCOUNT_LIMIT:
        raise StatementTooWide(
            f"{participant_id[:80]!r} has more than {store.ACCOUNT_LIMIT:,} accounts, which one "
            "statement does not hold: ask for the statement of a participant with fewer, such as "
            "one of its shops.",
            participant_id=participant_id[:80],
            limit=str(store.ACCOUNT_LIMIT),
        )
    return list(accounts)


def _page(held: Sequence[Movement], lines: Sequence[Line], size: int) -> Statement:
    token = lines[-1].key.token if len(lines) == size else ""
    return Statement(tuple(held), tuple(lines), token)
