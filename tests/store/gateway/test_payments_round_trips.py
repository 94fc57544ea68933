"""What a confirm says to Postgres: limits and screening cost nothing where there are none."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.gateway.payments.store import payments
from services.gateway.reference import LimitPeriod, LimitRule
from services.gateway.screening.builtin import FileScreening
from services.gateway.screening.listing import parse_list
from tests.store.gateway.payments_world import Gateway
from tests.store.gateway.test_payments_rules import rule, ruled
from tests.store.gateway.test_screenings import PAYERS, TWO_A_MINUTE

# What a confirm always needs, and no more.
PLAIN = Counter({"begin": 1, "payments": 1, "move": 1, "outbox": 2, "commit": 1})
RULES = (rule("day", LimitPeriod.DAY, 10**6), rule("year", LimitPeriod.YEAR, 10**6))
ONCE = rule("once", LimitPeriod.PAYMENT, 10**6)


class Overheard:
    """A pool of one connection, whose statements are written down."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.said: Counter[str] = Counter()
        connection.add_query_logger(self._hear)

    def _hear(self, query: Any) -> None:
        self.said[_subject_of(query.query)] += 1

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.Connection]:
        yield self._connection


def _subject_of(statement: str) -> str:
    """What a statement is about, in a word."""
    for word, subject in (
        ("BEGIN", "begin"),
        ("COMMIT", "commit"),
        ("outbox", "outbox"),
        ("limit_usages", "usages"),
        ("pg_advisory", "payers"),
        ("INSERT INTO screenings", "journal"),
        ("screenings", "counts"),
        ("INSERT INTO payment_moves", "move"),
    ):
        if word in statement:
            return subject
    return "payments" if statement == payments._FIND_AND_LOCK else statement


LISTED = {"list": PAYERS, "velocity": PAYERS + TWO_A_MINUTE}


@pytest.mark.parametrize(
    ("rules", "listed", "more"),
    [
        ((), "", {}),
        ((ONCE,), "", {}),
        (RULES, "", {"usages": 2}),
        ((), "list", {"journal": 1}),
        ((), "velocity", {"payers": 1, "counts": 1, "journal": 1}),
        (RULES, "velocity", {"usages": 2, "payers": 1, "counts": 1, "journal": 1}),
    ],
)
async def test_a_confirm_says_no_more_than_its_limits_and_its_screening_ask_for(
    pool: asyncpg.Pool,
    clock: ManualClock,
    rules: tuple[LimitRule, ...],
    listed: str,
    more: dict[str, int],
) -> None:
    screening = None
    if listed:
        screening = FileScreening(Path("list.toml"), parse_list(LISTED[listed].encode()))
    async with pool.acquire() as connection:
        overheard = Overheard(connection)
        gateway = Gateway(overheard, clock, ruled(*rules), screening=screening)
        # The first of a connection makes the driver ask for types.
        await gateway.create("p0", payer="wang")
        await gateway.confirm("p0")
        await gateway.create("p1")
        overheard.said.clear()
        await gateway.confirm("p1")
        said = Counter(overheard.said)
        connection.remove_query_logger(overheard._hear)

    assert said == PLAIN + Counter(more)
