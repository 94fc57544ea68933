"""Balances as they were, lists, and the check of the books."""

import asyncio
from datetime import timedelta

import asyncpg

from services.core.clock import ManualClock
from services.core.ids import stripe_of
from services.kit.outbox import list_facts
from services.kit.postgres import WIDE_FROM
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.wallet.store.queries import (
    list_transfers_of_account,
    list_transfers_of_link,
    posted_after_instant,
    posted_after_sequences,
    read_sequences,
)
from tests.conftest import Database
from tests.store.wallet.conftest import make_second
from tests.store.wallet.world import Wallet
from tests.unit.wallet.builders import (
    FEES_KRW,
    PANDA,
    POSITION_KRW,
    START,
    post,
    reserve,
    void,
)


async def test_the_fact_of_a_posting_carries_the_sequence_it_is_asked_by(wallet: Wallet) -> None:
    await wallet.send(reserve("p1"), post("p1"), reserve("p2"), post("p2"), post("p1"))
    stripe = stripe_of(PANDA.account_id)
    async with wallet.units.pool.acquire() as connection:
        facts = await list_facts(connection, "wallet.event", stripe, 1, 100)
    events = [WalletEvent.FromString(fact.payload) for fact in facts]
    assert [(fact.type, fact.sequence) for fact in facts] == [
        ("FundsReserved", 2),
        ("FundsPosted", 3),
        ("FundsReserved", 4),
        ("FundsPosted", 5),
        ("FundsPosted", 6),
    ]
    assert [event.funds_posted.posting_sequence for event in events] == [0, 3, 0, 5, 3]
    assert events[1].funds_posted.stripe == stripe
    assert events[1].funds_posted.funding_account_id == PANDA.account_id
    assert [leg.amount.minor_units for leg in events[4].funds_posted.legs] == [
        9_800,
        200,
        18_700,
        200,
    ]


async def test_balances_are_known_as_of_a_time_and_as_of_sequences(
    wallet: Wallet, clock: ManualClock
) -> None:
    await wallet.send(reserve("p1"), post("p1"))
    async with wallet.units.pool.acquire() as connection:
        seen = await read_sequences(connection)
    clock.advance(timedelta(minutes=1))
    await wallet.send(reserve("p2"), post("p2"), reserve("p3"))
    names = [PANDA.account_id, POSITION_KRW.account_id]
    async with wallet.units.pool.acquire() as connection, connection.transaction():
        by_time = await posted_after_instant(connection, names, START)
        now = await read_sequences(connection)
        by_sequence = await posted_after_sequences(connection, names, seen, now)
        nothing = await posted_after_instant(connection, names, clock.now())
        wide = {stripe: last + WIDE_FROM for stripe, last in now.items()}
        by_wide_plan = await posted_after_sequences(connection, names, seen, wide)
    later = {PANDA.account_id: (10_000, 0), POSITION_KRW.account_id: (18_900, 0)}
    assert by_time == by_sequence == by_wide_plan == later
    assert nothing == {}


async def test_what_was_posted_lately_is_added_up_without_reading_what_was_before(
    wallet: Wallet, database: Database
) -> None:
    # From about so many on, in no order, Postgres takes the whole for the cheaper way.
    stripe, before = stripe_of(PANDA.account_id), 100_000
    owner = await asyncpg.connect(database.owner)
    await owner.execute(
        "INSERT INTO wallet.transfers (link_id, leg_number, debit_account_id, debit_stripe,"
        " credit_account_id, credit_stripe, amount, currency_code, purpose)"
        " SELECT md5(each::text), leg, $1, $2, 'nobody', 7, 5, 'CNY', ''"
        " FROM generate_series(1, $3::int) AS each, generate_series(1, 4) AS leg",
        PANDA.account_id,
        stripe,
        before,
    )
    await owner.execute(
        "INSERT INTO wallet.resolutions (link_id, outcome, stripe, sequence, resolve_time)"
        " SELECT md5(each::text), 'posted', $1, each, now()"
        " FROM generate_series(1, $2::int) AS each",
        stripe,
        before,
    )
    await owner.execute("ANALYZE wallet.transfers; ANALYZE wallet.resolutions")
    await owner.close()
    async with wallet.units.pool.acquire() as connection, connection.transaction():
        found = await posted_after_sequences(
            connection, [PANDA.account_id], {stripe: before - 10}, {stripe: before}
        )
        read = await connection.fetchval(
            "SELECT sum(pg_stat_get_xact_tuples_returned(name::regclass)"
            " + pg_stat_get_xact_tuples_fetched(name::regclass))"
            " FROM unnest('{transfers,resolutions}'::text[]) AS name"
        )
        scanned = await connection.fetchval(
            "SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index"
            " WHERE indrelid IN ('transfers'::regclass, 'resolutions'::regclass)"
        )
    assert found == {PANDA.account_id: (200, 0)}
    assert read + scanned < 200


async def test_transfers_are_listed_in_pages(wallet: Wallet) -> None:
    await wallet.send(*(reserve(f"p{number}") for number in range(3)), void("p1"), post("p2"))
    async with wallet.units.pool.acquire() as connection:
        of_link = await list_transfers_of_link(connection, "p2", "", 0, 10)
        of_both = await list_transfers_of_link(connection, "p2", FEES_KRW.account_id, 0, 10)
        first = await list_transfers_of_account(connection, POSITION_KRW.account_id, 0, 4)
        rest = await list_transfers_of_account(
            connection, POSITION_KRW.account_id, first[-1].number, 4
        )
    assert [entry.leg_number for entry in of_link] == [1, 2, 3, 4]
    assert [entry.leg.purpose for entry in of_both] == ["fee"]
    assert [(entry.link_id, entry.outcome) for entry in (*first, *rest)] == [
        ("p0", None),
        ("p0", None),
        ("p1", "voided"),
        ("p1", "voided"),
        ("p2", "posted"),
        ("p2", "posted"),
    ]


async def test_the_check_is_exact_while_payments_go_on(wallet: Wallet) -> None:
    second = make_second(wallet)

    async def pay() -> None:
        for number in range(9):
            await wallet.send(reserve(f"p{number}"))
            await wallet.send(post(f"p{number}"))

    paying = asyncio.create_task(pay())
    checks = 0
    while not paying.done():
        books = await second.books()
        assert books.balanced
        checks += 1
    await paying
    assert checks > 1
    assert (await second.books()).transfer_count == 37


async def test_the_check_finds_totals_that_somebody_changed(
    wallet: Wallet, database: Database
) -> None:
    await wallet.send(reserve("p1"))
    owner = await asyncpg.connect(database.owner)
    await owner.execute(
        "UPDATE wallet.accounts SET credits_posted = credits_posted + 1 WHERE account_id = $1",
        PANDA.account_id,
    )
    await owner.close()
    books = await wallet.books()
    assert not books.balanced
    assert books.differing_account_ids == [PANDA.account_id]


async def test_the_check_finds_a_transfer_without_its_totals(
    wallet: Wallet, database: Database
) -> None:
    owner = await asyncpg.connect(database.owner)
    await owner.execute(
        "INSERT INTO wallet.transfers (link_id, leg_number, debit_account_id, debit_stripe,"
        " credit_account_id, credit_stripe, amount, currency_code, purpose)"
        " VALUES ('ghost', 1, $1, 7, 'nobody', 7, 5, 'KRW', '')",
        FEES_KRW.account_id,
    )
    await owner.close()
    books = await wallet.books()
    assert books.differing_account_ids == [FEES_KRW.account_id, "nobody"]
