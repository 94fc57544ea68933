"""Screening on a real Postgres: refused before the reserve, journaled, exact under races."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.gateway.payments.refusals import PayerDayLimitReached
from services.gateway.screening import Screener, Subject
from services.gateway.screening.builtin import FileScreening
from services.gateway.screening.listing import parse_list
from services.gateway.screening.store import Kept, list_screenings
from services.kit.postgres import Connection
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent
from tests.store.gateway.payments_world import PANDA, Gateway, corridor, reference_of, reserved

PAYERS = '[[payer]]\npayer_id = "mallory"\nsource = "court order 12"\n'
TWO_A_MINUTE = '[[velocity]]\nrule_id = "two"\npayments = 2\nwindow_seconds = 60\n'
LIMITED = reference_of(corridor(PANDA, "", "JPY", payer_day_limit=4_771))
DECLINED = payment_pb2.PAYMENT_STATE_DECLINED


def listing(text: str) -> FileScreening:
    return FileScreening(Path("list.toml"), parse_list(text.encode()))


async def journal(pool: asyncpg.Pool, *, refused_only: bool = False) -> list[Kept]:
    async with pool.acquire() as connection:
        return await list_screenings(connection, None, 100, refused_only=refused_only)


async def test_a_listed_payer_is_declined_before_anything_is_reserved(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    gateway = Gateway(pool, clock, LIMITED, screening=listing(PAYERS))
    payment = await gateway.create("p1", payer="mallory")
    asked = await gateway.confirm("p1")
    again = await gateway.confirm("p1")

    assert asked.waiting is None
    assert again.payment.life.state == asked.payment.life.state == "declined"
    (row,) = await gateway.rows()
    told = PaymentEvent.FromString(row["payload"]).payment_declined.payment
    assert (told.state, told.reason) == (DECLINED, "SCREENING_REFUSED")
    assert "court" not in str(told)
    assert await pool.fetchval("SELECT count(*) FROM limit_usages") == 0
    (kept,) = await journal(pool)
    assert (kept.reference, kept.rule) == (payment.terms.reference, "LISTED_PAYER")
    assert kept.detail == "payer mallory: court order 12"
    assert len(kept.list_digest) == 64


async def test_the_payer_sees_no_rule_in_the_moves(pool: asyncpg.Pool, clock: ManualClock) -> None:
    gateway = Gateway(pool, clock, screening=listing(PAYERS))
    await gateway.create("p1", payer="mallory")
    await gateway.confirm("p1")
    _, moves = await gateway.reading.get("panda", "p1")
    assert [(move.state, move.detail) for move in moves][1:] == [(DECLINED, "SCREENING_REFUSED")]


async def test_what_is_passed_is_journaled_where_there_is_a_list_and_only_there(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    without, with_list = Gateway(pool, clock), Gateway(pool, clock, screening=listing(PAYERS))
    await without.create("p1")
    await without.confirm("p1")
    await with_list.create("p2")
    await with_list.confirm("p2")

    (kept,) = await journal(pool)
    assert (kept.payment_id, kept.refused, kept.rule) == ("p2", False, "")
    assert await journal(pool, refused_only=True) == []


async def test_limits_come_before_screening(pool: asyncpg.Pool, clock: ManualClock) -> None:
    gateway = Gateway(pool, clock, LIMITED, screening=listing(PAYERS))
    for name in ("p1", "p2"):
        await gateway.create(name)
    await gateway.confirm("p1")
    with pytest.raises(PayerDayLimitReached):
        await gateway.confirm("p2")
    assert [kept.payment_id for kept in await journal(pool)] == ["p1"]


async def test_a_payer_who_pays_too_fast_is_refused_until_the_window_has_passed(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    gateway = Gateway(pool, clock, screening=listing(TWO_A_MINUTE))
    states = []
    for number in range(4):
        if number == 3:
            clock.advance(timedelta(seconds=60))
        await gateway.create(f"p{number}")
        states.append((await gateway.confirm(f"p{number}")).payment.life.state.value)
    await gateway.create("other", payer="wang")
    await gateway.confirm("other")

    assert states == ["confirmed", "confirmed", "declined", "confirmed"]
    (kept,) = await journal(pool, refused_only=True)
    assert (kept.rule, kept.detail) == ("VELOCITY", "two: 2 within 60 s before")


async def test_gateways_at_once_never_pass_a_payer_too_often(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    gateways = [Gateway(pool, clock, screening=listing(TWO_A_MINUTE)) for _ in range(3)]
    for number in range(18):
        await gateways[0].create(f"p{number}", payer=f"payer-{number % 2}")
    answers = await asyncio.gather(*(gateways[n % 3].confirm(f"p{n}") for n in range(18)))

    passed = [each.payment.terms.payer_id for each in answers if each.waiting is not None]
    assert sorted(passed) == ["payer-0", "payer-0", "payer-1", "payer-1"]
    assert len(await journal(pool, refused_only=True)) == 14


class _Broken:
    """A screening that cannot say."""

    async def begin(
        self, connection: Connection, subjects: Sequence[Subject], now: datetime
    ) -> Screener | None:
        raise RuntimeError("the list is on fire")


async def test_a_screening_that_fails_passes_nothing_and_refuses_nothing(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    gateway = Gateway(pool, clock, screening=_Broken())
    await gateway.create("p1")
    with pytest.raises(RuntimeError):
        await gateway.confirm("p1")
    assert await gateway.state("p1") == ("quoted", "quote")
    assert await gateway.rows() == []
    await gateway.cancel("p1")
    assert await gateway.state("p1") == ("cancelled", "done")


async def test_a_word_of_the_ledger_about_a_screened_payment_gives_the_funds_back(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    gateway = Gateway(pool, clock, screening=listing(PAYERS))
    payment = await gateway.create("p1", payer="mallory")
    await gateway.confirm("p1")
    await gateway.sent()
    await gateway.hear(reserved(payment))
    assert [kind for kind, _ in await gateway.sent()] == ["VoidFunds"]
    assert await gateway.state("p1") == ("declined", "done")
