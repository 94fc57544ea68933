"""Schedules and windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.kit.postgres import Connection, allow_wide_plans
from services.settlement.domain.postings import Class, Sums
from services.settlement.domain.windows import Movement, Schedule, ScheduleTaken
from services.settlement.store.cuts import SUM_SECONDS


@dataclass(frozen=True, slots=True)
class Window:
    """A window as it is kept."""

    window_id: str
    corridor_id: str
    currency: str
    number: int
    state: str
    open_time: datetime
    from_cut_id: int
    due_time: datetime
    to_cut_id: int | None = None
    close_time: datetime | None = None
    settle_date: date | None = None
    payment_count: int = 0
    refund_count: int = 0
    closed_by: str = ""
    accepted_by: str = ""
    accept_reason: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """An open window whose time has come."""

    corridor_id: str
    currency: str
    due_time: datetime

    @property
    def pair(self) -> tuple[str, str]:
        return self.corridor_id, self.currency


async def put_schedule(connection: Connection, schedule: Schedule) -> None:
    """Store a schedule; its corridor and currency stay what they are. Raises `ScheduleTaken`."""
    other = await connection.fetchrow(
        "SELECT schedule_id, corridor_id, currency_code FROM schedules "
        "WHERE (schedule_id = $1) <> ((corridor_id, currency_code) = ($2, $3))",
        schedule.schedule_id,
        schedule.corridor_id,
        schedule.currency,
    )
    if other is not None:
        corridor = other["corridor_id"] or "no corridor"
        raise ScheduleTaken(
            f"The schedule {other['schedule_id']} is that of {corridor} "
            f"in {other['currency_code']}: put it under its own id, corridor and currency.",
            schedule_id=other["schedule_id"],
        )
    await connection.execute(
        _PUT_SCHEDULE,
        schedule.schedule_id,
        schedule.corridor_id,
        schedule.currency,
        schedule.cut_off,
        schedule.time_zone,
        schedule.country,
        schedule.settle_days,
        schedule.active,
    )


async def list_schedules(connection: Connection) -> list[Schedule]:
    """All schedules."""
    rows = await connection.fetch("SELECT * FROM schedules ORDER BY schedule_id")
    return [_schedule_of(row) for row in rows]


async def find_schedule(connection: Connection, corridor_id: str, currency: str) -> Schedule | None:
    """The schedule of a corridor and currency."""
    row = await connection.fetchrow(
        "SELECT * FROM schedules WHERE corridor_id = $1 AND currency_code = $2",
        corridor_id,
        currency,
    )
    return None if row is None else _schedule_of(row)


async def add_window(connection: Connection, window: Window) -> None:
    """Open a window."""
    await connection.execute(
        _ADD_WINDOW,
        window.window_id,
        window.corridor_id,
        window.currency,
        window.number,
        window.open_time,
        window.from_cut_id,
        window.due_time,
    )


async def lock_open_window(
    connection: Connection, corridor_id: str, currency: str
) -> Window | None:
    """The open window, locked until the transaction ends."""
    row = await connection.fetchrow(
        "SELECT * FROM windows WHERE corridor_id = $1 AND currency_code = $2 AND state = 'open' "
        "FOR UPDATE",
        corridor_id,
        currency,
    )
    return None if row is None else _window_of(row)


async def set_due_time(connection: Connection, window_id: str, due_time: datetime) -> None:
    """An open window is to be cut at another time: its schedule was changed."""
    await connection.execute(
        "UPDATE windows SET due_time = $2 WHERE window_id = $1 AND state = 'open'",
        window_id,
        due_time,
    )


async def due_windows(connection: Connection, now: datetime) -> list[Due]:
    """The open windows whose time has come, the longest over first."""
    rows = await connection.fetch(
        "SELECT w.corridor_id, w.currency_code, w.due_time FROM windows AS w "
        "JOIN schedules AS s USING (corridor_id, currency_code) "
        "WHERE w.state = 'open' AND w.due_time <= $1 AND s.active "
        "ORDER BY w.due_time, w.window_id",
        now,
    )
    return [Due(*row) for row in rows]


async def closing_windows(connection: Connection) -> list[Window]:
    """Windows whose cut is summed and compared, and which are not summed up yet, oldest first."""
    rows = await connection.fetch(
        "SELECT w.* FROM windows AS w JOIN cuts AS c ON c.cut_id = w.to_cut_id "
        "WHERE w.state = 'closing' AND c.state IN ('agrees', 'differs') "
        "ORDER BY w.corridor_id, w.currency_code, w.number"
    )
    return [_window_of(row) for row in rows]


async def begin_closing(
    connection: Connection, window: Window, cut_id: int, settle_date: date, person: str
) -> None:
    """The window ends at the cut."""
    await connection.execute(
        "UPDATE windows SET state = 'closing', to_cut_id = $2, settle_date = $3, closed_by = $4 "
        "WHERE window_id = $1",
        window.window_id,
        cut_id,
        settle_date,
        person,
    )


async def sums_of(connection: Connection, window: Window) -> tuple[list[Sums], int, int]:
    """What the window's cuts hold in its corridor and currency; payments and refunds in it."""
    await allow_wide_plans(connection)
    rows = await connection.fetch(
        _SUMS,
        window.corridor_id,
        window.currency,
        window.from_cut_id,
        window.to_cut_id,
        timeout=SUM_SECONDS,
    )
    counts = {Class.PAYMENT: 0, Class.REFUND: 0}
    sums = []
    for row in rows:
        klass = Class(row["class"])
        sums.append(
            Sums(row["account_id"], klass, int(row["debit_minor"]), int(row["credit_minor"]))
        )
        if klass in counts:
            counts[klass] += int(row["link_count"])
    return sums, counts[Class.PAYMENT], counts[Class.REFUND]


async def closings_before(connection: Connection, window: Window) -> dict[str, int]:
    """What each account closed with in the window before, credits less debits."""
    rows = await connection.fetch(
        "SELECT m.account_id, m.closing_minor FROM window_movements AS m "
        "JOIN windows AS w USING (window_id) "
        "WHERE w.corridor_id = $1 AND w.currency_code = $2 AND w.number = $3",
        window.corridor_id,
        window.currency,
        window.number - 1,
    )
    return {row["account_id"]: row["closing_minor"] for row in rows}


async def end_window(
    connection: Connection,
    window: Window,
    movements: Sequence[Movement],
    counts: tuple[int, int],
    state: str,
    now: datetime,
) -> bool:
    """Store what it holds; False where another process has done so."""
    done = await connection.fetchval(
        "UPDATE windows SET state = $2, close_time = $3, payment_count = $4, refund_count = $5 "
        "WHERE window_id = $1 AND state = 'closing' RETURNING true",
        window.window_id,
        state,
        now,
        *counts,
    )
    if not done:
        return False
    await connection.execute(
        _ADD_MOVEMENTS,
        window.window_id,
        [m.account_id for m in movements],
        [m.opening_minor for m in movements],
        [m.payments_minor for m in movements],
        [m.refunds_minor for m in movements],
        [m.fees_minor for m in movements],
        [m.other_minor for m in movements],
        [m.closing_minor for m in movements],
        timeout=SUM_SECONDS,
    )
    return True


async def accept_window(connection: Connection, window_id: str, person: str, reason: str) -> bool:
    """Close a window that differs; False where another process has done so.

    `person` and `reason` are empty where it agrees by now.
    """
    done = await connection.fetchval(
        "UPDATE windows SET state = 'closed', accepted_by = $2, accept_reason = $3 "
        "WHERE window_id = $1 AND state = 'differs' RETURNING true",
        window_id,
        person,
        reason,
    )
    return bool(done)


async def get_window(connection: Connection, window_id: str) -> Window | None:
    """The window of this id."""
    row = await connection.fetchrow("SELECT * FROM windows WHERE window_id = $1", window_id)
    return None if row is None else _window_of(row)


async def list_windows(
    connection: Connection, corridor_id: str, currency: str, state: str, before: str, limit: int
) -> list[Window]:
    """Newest first, by id, which is ordered by opening; empty filters fit all."""
    rows = await connection.fetch(_LIST, corridor_id, currency, state, before, limit)
    return [_window_of(row) for row in rows]


async def movements_of(
    connection: Connection, window_id: str, after: str = "", limit: int | None = None
) -> list[Movement]:
    """The accounts of a window after one (empty: from the first), in order."""
    rows = await connection.fetch(
        "SELECT * FROM window_movements WHERE window_id = $1 AND account_id > $2 "
        "ORDER BY account_id LIMIT $3",
        window_id,
        after,
        limit,
    )
    return [
        Movement(
            row["account_id"],
            row["opening_minor"],
            row["payments_minor"],
            row["refunds_minor"],
            row["fees_minor"],
            row["other_minor"],
        )
        for row in rows
    ]


def _schedule_of(row: Mapping[str, Any]) -> Schedule:
    return Schedule(
        row["schedule_id"],
        row["corridor_id"],
        row["currency_code"],
        row["cut_off_time"],
        row["time_zone"],
        row["country_code"],
        row["settle_days"],
        row["active"],
    )


def _window_of(row: Mapping[str, Any]) -> Window:
    return Window(
        row["window_id"],
        row["corridor_id"],
        row["currency_code"],
        row["number"],
        row["state"],
        row["open_time"],
        row["from_cut_id"],
        row["due_time"],
        row["to_cut_id"],
        row["close_time"],
        row["settle_date"],
        row["payment_count"],
        row["refund_count"],
        row["closed_by"],
        row["accepted_by"],
        row["accept_reason"],
    )


_PUT_SCHEDULE = """
INSERT INTO schedules (
    schedule_id, corridor_id, currency_code, cut_off_time, time_zone, country_code, settle_days,
    active
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (schedule_id) DO UPDATE SET cut_off_time = excluded.cut_off_time,
    time_zone = excluded.time_zone, country_code = excluded.country_code,
    settle_days = excluded.settle_days, active = excluded.active
"""
_ADD_WINDOW = """
INSERT INTO windows (
    window_id, corridor_id, currency_code, number, state, open_time, from_cut_id, due_time
) VALUES ($1, $2, $3, $4, 'open', $5, $6, $7)
"""
_SUMS = """
SELECT account_id, class, sum(debit_minor) AS debit_minor, sum(credit_minor) AS credit_minor,
    sum(link_count) AS link_count
FROM cut_movements
WHERE corridor_id = $1 AND currency_code = $2 AND cut_id > $3 AND cut_id <= $4
GROUP BY account_id, class ORDER BY account_id, class
"""
_ADD_MOVEMENTS = """
INSERT INTO window_movements (
    window_id, account_id, opening_minor, payments_minor, refunds_minor, fees_minor, other_minor,
    closing_minor
)
SELECT $1, * FROM unnest(
    $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[]
)
"""
_LIST = """
SELECT * FROM windows
WHERE ($1 = '' OR corridor_id = $1) AND ($2 = '' OR currency_code = $2)
    AND ($3 = '' OR state = $3) AND ($4 = '' OR window_id < $4)
ORDER BY window_id DESC LIMIT $5
"""
