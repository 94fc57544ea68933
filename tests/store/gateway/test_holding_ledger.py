"""Holds against the real ledger: each yen is held, taken or given back, and never two of these."""

from datetime import timedelta

import pytest

from services.gateway.payments.model import Payment
from tests.store.gateway.holding_world import DAYS, Holding
from tests.store.gateway.ledger_world import PAYABLE, PREFUND, Ledger


@pytest.fixture
def holding(ledger: Ledger) -> Holding:
    return Holding(ledger.world.gateway)


async def held(ledger: Ledger, holding: Holding) -> Payment:
    payment = await holding.gateway.create("p1")
    await holding.authorise("p1")
    await ledger.settle()
    assert await holding.gateway.state("p1") == ("authorised", "capture")
    return payment


async def pending(ledger: Ledger) -> int:
    """What is held of the wallet's deposit."""
    row = await ledger.pool.fetchval(
        "SELECT debits_pending FROM balances WHERE account_id = $1", PREFUND
    )
    return int(row)


async def test_a_capture_of_a_part_moves_that_part_and_frees_the_rest(
    ledger: Ledger, holding: Holding
) -> None:
    before = await ledger.balances()
    payment = await held(ledger, holding)
    assert await pending(ledger) == payment.terms.home_minor

    await holding.capture(payment, 400)
    await ledger.settle()
    assert await holding.gateway.state("p1") == ("completed", "done")
    snapshot, _ = await holding.gateway.reading.get("panda", "p1")
    after = await ledger.balances()
    assert before[PREFUND] - after[PREFUND] == snapshot.home.minor_units
    assert after[PAYABLE] + after["fee-income:JPY"] == 400
    await ledger.assert_balanced()

    for number, minor in enumerate((133, None)):
        await ledger.world.refund(f"r{number}", "p1", minor)
        await ledger.settle()
    assert await ledger.balances() == before
    await ledger.assert_balanced()


@pytest.mark.parametrize("end", ["void", "cancel", "expire"])
async def test_a_hold_that_is_not_captured_leaves_no_trace(
    ledger: Ledger, holding: Holding, end: str
) -> None:
    before = await ledger.balances()
    payment = await held(ledger, holding)
    if end == "void":
        await holding.void(payment)
    elif end == "cancel":
        await holding.gateway.cancel("p1")
    else:
        holding.gateway.clock.advance(timedelta(days=DAYS))
        assert await holding.gateway.sweeper.expire() == 1
    await ledger.settle()

    assert (await holding.gateway.state("p1"))[1] == "done"
    assert await ledger.balances() == before
    await ledger.assert_balanced()


async def test_a_capture_of_all_is_an_ordinary_payment_s_posting(
    ledger: Ledger, holding: Holding
) -> None:
    payment = await held(ledger, holding)
    await holding.capture(payment)
    await ledger.settle()
    after = await ledger.balances()
    assert after[PAYABLE] + after["fee-income:JPY"] == 1_000
    await ledger.assert_balanced()
