"""Malformed commands on a real Postgres: refused, never an exception that breaks their batch."""

import pytest

from services.core.accounts import AccountKind, customer, house
from services.wallet.domain.model import AMOUNT_LIMIT, TOTAL_LIMIT, TRANSFER_LEG_LIMIT
from services.wallet.domain.opening import Opening
from services.wallet.work import Command
from tests.store.wallet.world import Crash, Wallet
from tests.unit.wallet.builders import (
    AOI,
    BANK,
    PANDA,
    POSITION,
    WORLD,
    account_of,
    leg,
    payment_legs,
    post,
    reserve,
    transfer,
    void,
)

NUL = "a\x00b"
NOBODY = customer("hosted", "nobody", "CNY")

FINE = [leg(PANDA, POSITION, 1)]
MALFORMED: list[tuple[Command, str]] = [
    (reserve(NUL), "LINK_ID_MALFORMED"),
    (void(NUL), "LINK_ID_MALFORMED"),
    (post(""), "LINK_ID_MALFORMED"),
    (Opening(NUL, tuple(account_of(spec) for spec in WORLD)), "LINK_ID_MALFORMED"),
    (Opening("o1", ()), "ACCOUNTS_MISSING"),
    (reserve("p1", leg(PANDA, POSITION, 5)._replace(purpose=NUL)), "PURPOSE_MALFORMED"),
    (reserve("p1", leg(PANDA, POSITION, 5)._replace(debit_account_id=NUL)), "ACCOUNT_ID_MALFORMED"),
    (reserve("p1", leg(PANDA, POSITION, 5)._replace(currency=NUL)), "CURRENCY_DIFFERS"),
    (reserve("p1", leg(PANDA, POSITION, -(2**63))), "AMOUNT_NOT_POSITIVE"),
    (reserve("p1", leg(PANDA, POSITION, 2**63 - 1)), "AMOUNT_TOO_LARGE"),
    (reserve("p1", *[leg(PANDA, POSITION, 1)] * 65), "TOO_MANY_LEGS"),
    (transfer("p1", *[leg(PANDA, POSITION, 1)] * 1_025), "TOO_MANY_LEGS"),
    (reserve("p1", leg(NOBODY, POSITION, 1)), "DEBIT_ACCOUNT_NOT_FOUND"),
    (post("p9", funding=NOBODY), "LINK_NOT_FOUND"),
]


async def test_what_is_malformed_is_refused_and_its_batch_goes_on(wallet: Wallet) -> None:
    for number, (command, clause) in enumerate(MALFORMED):
        before, after = transfer(f"b{number}", *FINE), transfer(f"a{number}", *FINE)
        for _ in range(2):
            assert await wallet.told(before, command, after) == ["posted", clause, "posted"]


async def test_64_legs_are_let_through(wallet: Wallet) -> None:
    assert await wallet.told(reserve("p1", *[leg(PANDA, POSITION, 1)] * 64)) == ["reserved"]
    assert await wallet.told(post("p1")) == ["posted"]
    assert await wallet.totals(PANDA) == (0, 64, 0, 100_000)


async def test_1024_legs_are_let_through_at_once_and_stay_below_the_end_of_a_total(
    wallet: Wallet,
) -> None:
    legs = [leg(BANK, PANDA, AMOUNT_LIMIT)] * TRANSFER_LEG_LIMIT
    for number in range(8):
        assert await wallet.told(transfer(f"wide-{number}", *legs)) == ["posted"]
    _, _, _, received = await wallet.totals(PANDA)
    assert received == 100_000 + 8 * TRANSFER_LEG_LIMIT * AMOUNT_LIMIT
    assert TOTAL_LIMIT < received < 2**63
    one = leg(BANK, PANDA, 1)
    assert await wallet.told(transfer("one", one), transfer("wide", *legs)) == [
        "TOTAL_TOO_LARGE",
        "TOTAL_TOO_LARGE",
    ]


async def test_a_refusal_is_repeated_after_a_top_up(wallet: Wallet) -> None:
    dear = reserve("p1", *payment_legs(mid=150_000))
    assert await wallet.told(dear) == ["EXCEEDS_CREDITS"]
    await wallet.send(transfer("more", leg(BANK, PANDA, 900_000), funding=BANK))
    assert await wallet.told(dear) == ["EXCEEDS_CREDITS"]
    assert await wallet.told(post("p1"), void("p1")) == ["LINK_REFUSED", "voided"]
    again = reserve("p2", *payment_legs(mid=150_000))
    assert await wallet.told(again) == ["reserved"]


async def test_a_void_before_its_reserve_leaves_a_tombstone(wallet: Wallet) -> None:
    assert await wallet.told(void("p1")) == ["voided"]
    assert await wallet.told(reserve("p1"), void("p1")) == ["ALREADY_VOIDED", "voided"]
    assert await wallet.totals(PANDA) == (0, 0, 0, 100_000)


async def test_one_leg_short_of_funds_leaves_none_pending(wallet: Wallet) -> None:
    legs = [leg(PANDA, POSITION, 100), leg(AOI, POSITION, 1)]
    assert await wallet.told(reserve("p1", *legs)) == ["EXCEEDS_CREDITS"]
    assert (await wallet.books()).transfer_count == 1


async def test_accounts_opened_in_a_batch_serve_the_commands_after_them(wallet: Wallet) -> None:
    spec = customer("hosted", "ken", "CNY")
    opening = Opening("o1", (account_of(spec),))
    top_up = transfer("t1", leg(BANK, spec, 500), funding=BANK)
    assert await wallet.told(opening, top_up, opening) == ["opened", "posted", "opened"]


async def test_an_opening_that_was_rolled_back_is_not_remembered(wallet: Wallet) -> None:
    shared = house(AccountKind.SUSPENSE, "CNY")
    opening = Opening("o1", (account_of(shared),))
    pay = transfer("t1", leg(BANK, shared, 5), funding=BANK)
    with pytest.raises(Crash):
        await wallet.crashing_at("before_commit").send(opening, pay)
    assert await wallet.told(pay) == ["CREDIT_ACCOUNT_NOT_FOUND"]
