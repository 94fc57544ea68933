"""Two wallets at once, and crashes: one effect, and books that balance."""

import asyncio

import pytest

from services.wallet.work import Command
from tests.parts import waiting
from tests.store.wallet.conftest import make_second
from tests.store.wallet.world import Crash, Wallet
from tests.unit.wallet.builders import (
    AOI,
    BANK,
    PANDA,
    POSITION,
    capture_part,
    expire,
    leg,
    payment_legs,
    post,
    reserve,
    told,
    transfer,
    void,
)


async def race(wallet: Wallet, first: Command, second: Command) -> list[str]:
    """`second` comes while `first` is decided but not committed; both answers."""
    async with wallet.units.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        decided = await wallet.work.handle(connection, [first])
        await wallet.units.sender.put(connection, decided.messages, decided.firsts)
        later = asyncio.create_task(make_second(wallet).told(second))
        await waiting(wallet.units.pool)
        await transaction.commit()
    return [told(decided.answer[0]), *await later]


async def test_a_void_that_overtakes_its_reserve_refuses_it(wallet: Wallet) -> None:
    assert await race(wallet, void("p1"), reserve("p1")) == ["voided", "ALREADY_VOIDED"]
    assert await wallet.totals(PANDA) == (0, 0, 0, 100_000)
    assert (await wallet.books()).transfer_count == 1


async def test_a_void_beside_its_reserve_gives_back_what_was_reserved(wallet: Wallet) -> None:
    assert await race(wallet, reserve("p1"), void("p1")) == ["reserved", "voided"]
    assert await wallet.totals(PANDA) == (0, 0, 0, 100_000)
    assert (await wallet.books()).pending_count == 0


async def test_one_of_a_capture_and_an_expiry_at_once_comes_through(wallet: Wallet) -> None:
    await wallet.send(reserve("p1"), reserve("p2"))
    part = payment_legs(mid=1)
    captured = await race(wallet, capture_part("p1", *part), expire("p1"))
    assert captured == ["posted", "ALREADY_VOIDED"]
    expired = await race(wallet, expire("p2"), capture_part("p2", *part))
    assert expired == ["expired", "ALREADY_EXPIRED"]
    assert await wallet.totals(PANDA) == (0, 201, 0, 100_000)
    assert (await wallet.books()).balanced


async def test_one_of_a_post_and_a_void_at_once_comes_through(wallet: Wallet) -> None:
    await wallet.send(reserve("p1"), reserve("p2"))
    assert await race(wallet, post("p1"), void("p1")) == ["posted", "ALREADY_POSTED"]
    assert await race(wallet, expire("p2"), post("p2")) == ["expired", "ALREADY_EXPIRED"]
    assert await wallet.totals(PANDA) == (0, 10_000, 0, 100_000)


async def test_the_same_reserve_in_two_wallets_is_made_once(wallet: Wallet) -> None:
    assert await race(wallet, reserve("p1"), reserve("p1")) == ["reserved", "reserved"]
    assert await wallet.totals(PANDA) == (10_000, 0, 0, 100_000)
    assert (await wallet.books()).balanced


async def test_striped_accounts_alone_are_kept_apart_by_the_lock_of_their_stripe(
    wallet: Wallet,
) -> None:
    shared = reserve("p1", leg(BANK, POSITION, 5), funding=BANK)
    assert await race(wallet, shared, shared) == ["reserved", "reserved"]
    assert await race(wallet, post("p1", funding=BANK), void("p1", funding=BANK)) == [
        "posted",
        "ALREADY_POSTED",
    ]
    assert await wallet.totals(POSITION) == (0, 0, 0, 5)
    assert (await wallet.books()).balanced


async def test_reserves_that_share_no_account_but_their_id_do_not_both_stand(
    wallet: Wallet,
) -> None:
    """Their stripes differ too, so that only the primary key of links is left to tell."""
    other = reserve("p1", leg(BANK, AOI, 5), funding=BANK)
    assert await race(wallet, reserve("p1"), other) == [
        "reserved",
        "LINK_EXISTS_WITH_DIFFERENT_CONTENT",
    ]
    assert await wallet.totals(AOI) == (0, 0, 0, 0)


async def test_two_reserves_cannot_spend_the_same_funds(wallet: Wallet) -> None:
    most = payment_legs(mid=60_000)
    assert await race(wallet, reserve("p1", *most), reserve("p2", *most)) == [
        "reserved",
        "EXCEEDS_CREDITS",
    ]


async def test_transfers_by_call_beside_the_consumer_keep_the_books(wallet: Wallet) -> None:
    second = make_second(wallet)

    async def pay(number: int) -> None:
        name = f"p{number}"
        await wallet.send(reserve(name))
        await wallet.send(post(name) if number % 3 else void(name))

    async def top_up(number: int) -> None:
        # The other way round over the same accounts: unordered locks would deadlock.
        await second.send(transfer(f"t{number}", leg(BANK, PANDA, 7_000), funding=BANK))

    await asyncio.gather(*map(pay, range(8)), *map(top_up, range(8)))
    books = await wallet.books()
    assert books.balanced
    assert books.pending_count == 0
    assert (await wallet.totals(PANDA))[3] == 156_000


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
async def test_a_crash_and_the_redelivery_after_it_have_one_effect(
    wallet: Wallet, point: str
) -> None:
    with pytest.raises(Crash):
        await wallet.crashing_at(point).send(reserve("p1"))
    assert await wallet.told(reserve("p1")) == ["reserved"]
    with pytest.raises(Crash):
        await wallet.crashing_at(point).send(post("p1"))
    assert await wallet.told(post("p1")) == ["posted"]

    assert await wallet.totals(PANDA) == (0, 10_000, 0, 100_000)
    books = await wallet.books()
    assert books.balanced
    assert books.transfer_count == 5
