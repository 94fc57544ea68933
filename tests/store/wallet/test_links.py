"""Links on a real Postgres: what a batch stores, and that a repeat stores nothing more."""

from services.wallet.work import Command
from tests.store.wallet.world import Wallet
from tests.unit.wallet.builders import (
    INCOME,
    PANDA,
    PAYABLE_KRW,
    POSITION_KRW,
    capture_part,
    payment_legs,
    post,
    reserve,
    void,
)


async def test_a_reserve_makes_all_legs_pending_and_a_post_posts_them(wallet: Wallet) -> None:
    assert await wallet.told(reserve("p1")) == ["reserved"]
    assert await wallet.totals(PANDA) == (10_000, 0, 0, 100_000)
    assert await wallet.totals(PAYABLE_KRW) == (0, 0, 18_700, 0)

    assert await wallet.told(post("p1")) == ["posted"]
    assert await wallet.totals(PANDA) == (0, 10_000, 0, 100_000)
    assert await wallet.totals(POSITION_KRW) == (0, 18_900, 0, 0)
    books = await wallet.books()
    assert books.balanced
    assert (books.transfer_count, books.pending_count) == (5, 0)


async def test_a_void_gives_everything_back(wallet: Wallet) -> None:
    assert await wallet.told(reserve("p1"), void("p1")) == ["reserved", "voided"]
    assert await wallet.totals(PANDA) == (0, 0, 0, 100_000)
    assert await wallet.totals(INCOME) == (0, 0, 0, 0)


async def test_a_capture_posts_a_part_and_gives_the_rest_back(wallet: Wallet) -> None:
    await wallet.send(reserve("p1"))
    part = capture_part("p1", *payment_legs(mid=4_900, spread=100))

    assert await wallet.told(part, part, post("p1")) == ["posted", "posted", "ALREADY_VOIDED"]
    assert await wallet.told(part, void("p1")) == ["posted", "voided"]
    assert await wallet.totals(PANDA) == (0, 5_000, 0, 100_000)
    assert await wallet.totals(INCOME) == (0, 0, 0, 100)
    books = await wallet.books()
    assert books.balanced
    assert books.pending_count == 0


async def test_a_capture_needs_no_more_funds_than_its_reserve(wallet: Wallet) -> None:
    whole = payment_legs(mid=99_000, spread=1_000)
    assert await wallet.told(reserve("p1", *whole), capture_part("p1", *whole[1:])) == [
        "reserved",
        "posted",
    ]
    assert await wallet.totals(PANDA) == (0, 1_000, 0, 100_000)


async def test_a_repeat_gets_the_first_answer_and_moves_nothing(wallet: Wallet) -> None:
    commands: list[Command] = [reserve("p1"), post("p1")]
    assert await wallet.told(*commands) == ["reserved", "posted"]
    before = await wallet.totals(PANDA)
    assert await wallet.told(*commands, *commands) == ["reserved", "posted"] * 2
    assert await wallet.totals(PANDA) == before
    assert (await wallet.books()).balanced


async def test_other_legs_under_a_used_id_are_refused(wallet: Wallet) -> None:
    await wallet.send(reserve("p1"))
    other = reserve("p1", *payment_legs(mid=9_801))
    assert await wallet.told(other, reserve("p1")) == [
        "LINK_EXISTS_WITH_DIFFERENT_CONTENT",
        "reserved",
    ]


async def test_a_link_that_was_posted_and_captured_too_early_is_freed_once(wallet: Wallet) -> None:
    early = await wallet.told(post("p1"), capture_part("p1", *payment_legs(mid=1)))
    assert early == ["LINK_NOT_FOUND", "LINK_NOT_FOUND"]
    before = await wallet.totals(PANDA)
    assert await wallet.told(reserve("p1")) == ["reserved"]
    assert await wallet.told(void("p1")) == ["voided"]
    assert await wallet.totals(PANDA) == before
    assert (await wallet.books()).balanced
