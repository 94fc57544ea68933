"""Escrow against the real ledger: each yen is held, the merchant's or the buyer's."""

from datetime import timedelta

import pytest

from services.gateway.payments.model import Payment
from tests.store.gateway.escrow_world import DAYS, Keeping
from tests.store.gateway.ledger_world import PAYABLE, PREFUND, Ledger
from tests.store.gateway.payments_world import EDO, PANDA

ESCROW = "escrow:shokudo:JPY"
FEES = "fee-income:JPY"


@pytest.fixture
def keeping(ledger: Ledger) -> Keeping:
    return Keeping(ledger.world.gateway)


async def kept(ledger: Ledger, keeping: Keeping, payment_id: str = "p1") -> Payment:
    payment = await keeping.gateway.create(payment_id)
    await keeping.confirm(payment_id)
    await ledger.settle()
    assert await keeping.gateway.state(payment_id) == ("completed", "done")
    return payment


async def target_side(ledger: Ledger) -> tuple[int, int, int]:
    """What is in escrow, the merchant's, and the house's fees."""
    found = await ledger.balances()
    return found.get(ESCROW, 0), found.get(PAYABLE, 0), found.get(FEES, 0)


async def test_what_is_paid_into_escrow_is_nobodys_until_it_is_released(
    ledger: Ledger, keeping: Keeping
) -> None:
    payment = await kept(ledger, keeping)
    fee = payment.terms.fee_minor
    assert fee > 0
    assert await target_side(ledger) == (1_000, 0, 0)

    await keeping.release("first", "p1", 401)
    await ledger.settle()
    held, payable, fees = await target_side(ledger)
    assert (held, payable + fees) == (599, 401)
    assert await keeping.amounts("p1") == ("held", 599, 401, 0)

    keeping.gateway.clock.advance(timedelta(days=DAYS))
    assert await keeping.sweeper.step() == 1
    await ledger.settle()
    assert await target_side(ledger) == (0, 1_000 - fee, fee)
    assert await keeping.amounts("p1") == ("released", 0, 1_000, 0)
    await ledger.assert_balanced()


async def test_what_is_returned_leaves_no_trace_and_costs_no_fee(
    ledger: Ledger, keeping: Keeping
) -> None:
    before = await ledger.balances()
    payment = await kept(ledger, keeping)
    for number, minor in enumerate((333, None)):
        await keeping.give_back(f"b{number}", payment, minor)
        await ledger.settle()
    assert await keeping.amounts("p1") == ("returned", 0, 0, 1_000)
    assert await ledger.balances() == before
    await ledger.assert_balanced()


async def test_a_refund_takes_what_is_held_before_what_is_the_merchants(
    ledger: Ledger, keeping: Keeping
) -> None:
    before = await ledger.balances()
    payment = await kept(ledger, keeping)
    await keeping.release("first", "p1", 700)
    await ledger.settle()
    _, payable, fees = await target_side(ledger)

    refund = await ledger.world.refund("r1", payment.terms.reference, 400, EDO)
    assert refund.from_escrow.minor_units == 300
    await ledger.settle()
    held, left, fees_left = await target_side(ledger)
    assert (held, payable + fees - left - fees_left) == (0, 100)
    assert await keeping.amounts("p1") == ("divided", 0, 700, 300)

    await ledger.world.refund("r2", "p1")
    await ledger.settle()
    assert await ledger.balances() == before
    await ledger.assert_balanced()


async def test_an_operator_divides_what_is_disputed(ledger: Ledger, keeping: Keeping) -> None:
    before = (await ledger.balances())[PREFUND]
    payment = await kept(ledger, keeping)
    await keeping.calls.dispute(PANDA, "p1", "It came broken.")
    await keeping.resolve("word-1", payment, 250)
    await ledger.settle()
    held, payable, fees = await target_side(ledger)
    assert (held, payable + fees) == (0, 250)
    assert await keeping.amounts("p1") == ("divided", 0, 250, 750)
    paid = before - (await ledger.balances())[PREFUND]
    home = payment.terms.home_minor
    assert home // 4 <= paid <= home // 4 + 2
    await ledger.assert_balanced()
