"""Create, confirm and cancel on a real Postgres: repeats, refusals, races between processes."""

import asyncio
from collections import Counter
from datetime import timedelta

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.core.errors import KawaseError
from services.core.ids import IdMalformed
from services.core.money import Money
from services.gateway.payments.messages import STATES
from services.gateway.payments.model import Payment, State
from services.gateway.payments.refusals import (
    AmountDisagrees,
    AmountNotPositive,
    AmountOverLimit,
    AmountRequired,
    CodeRefused,
    CorridorClosed,
    CorridorUnknown,
    MerchantUnknown,
    PaymentCancelled,
    PaymentConfirmed,
    PaymentExistsWithDifferentContent,
    PaymentUnknown,
    QuoteExpired,
)
from services.gateway.reference import Participant
from services.sandbox.demo.codes import TOKYO_DYNAMIC, TOKYO_STATIC, WRONG_CHECKSUM
from tests.store.gateway.payments_world import (
    PANDA,
    SAKURA,
    Gateway,
    corridor,
    reference_of,
    refused,
    reserved,
)

EXPIRY = timedelta(seconds=121)


async def test_a_quote_holds_all_amounts(gateway: Gateway) -> None:
    terms = (await gateway.create("p1")).terms
    assert (terms.target_minor, terms.target_currency, terms.fee_minor) == (1_000, "JPY", 16)
    assert (terms.home_minor, terms.home_currency, terms.spread_minor) == (4_771, "CNY", 71)
    assert terms.payable_account_id == "merchant-payable:shokudo:JPY"


async def test_the_same_create_gets_the_same_payment(gateway: Gateway) -> None:
    first = await gateway.create("p1")
    assert await gateway.create("p1") == first


async def test_a_repeat_is_answered_even_where_nothing_could_be_priced_any_more(
    gateway: Gateway, clock: ManualClock
) -> None:
    first = await gateway.create("p1")
    clock.advance(timedelta(hours=9))
    assert (await gateway.create("p1")).terms == first.terms
    with pytest.raises(KawaseError) as refusal:
        await gateway.create("p2")
    assert refusal.value.reason == "RATES_STALE"


async def test_other_content_under_the_same_id_is_refused(gateway: Gateway) -> None:
    await gateway.create("p1")
    for other in (
        gateway.create("p1", typed=Money(1_001, "JPY")),
        gateway.create("p1", payer="wang"),
        gateway.create("p1", code=TOKYO_DYNAMIC),
        gateway.create("p1", code=WRONG_CHECKSUM),
    ):
        with pytest.raises(PaymentExistsWithDifferentContent):
            await other


async def test_the_same_id_of_two_participants_is_two_payments(gateway: Gateway) -> None:
    first = await gateway.create("p1")
    second = await gateway.create("p1", SAKURA)
    assert first.terms.reference != second.terms.reference


async def test_concurrent_creates_make_one_payment(
    gateway: Gateway, pool: asyncpg.Pool, clock: ManualClock
) -> None:
    other = Gateway(pool, clock)
    for number in range(5):
        made = await asyncio.gather(
            *(each.create(f"p{number}") for each in (gateway, other) for _ in range(10))
        )
        assert len({payment.terms.reference for payment in made}) == 1
    assert await pool.fetchval("SELECT count(*) FROM payment_terms") == 5
    assert await pool.fetchval("SELECT count(*) FROM payment_moves") == 5


@pytest.mark.parametrize(
    ("wallet", "code", "typed", "refusal"),
    [
        pytest.param(PANDA, TOKYO_STATIC, None, AmountRequired, id="no amount"),
        pytest.param(PANDA, TOKYO_STATIC, Money(0, "JPY"), AmountNotPositive, id="zero"),
        pytest.param(PANDA, TOKYO_STATIC, Money(-5, "JPY"), AmountNotPositive, id="negative"),
        pytest.param(PANDA, TOKYO_STATIC, Money(30_000_000, "JPY"), AmountOverLimit, id="too much"),
        pytest.param(PANDA, TOKYO_DYNAMIC, Money(1_201, "JPY"), AmountDisagrees, id="other amount"),
        pytest.param(PANDA, WRONG_CHECKSUM, Money(100, "JPY"), CodeRefused, id="checksum"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused_and_leaves_the_id_free(
    gateway: Gateway,
    wallet: Participant,
    code: str,
    typed: Money | None,
    refusal: type[KawaseError],
) -> None:
    with pytest.raises(refusal):
        await gateway.creating.submit(wallet, "p1", "li-na", code, typed)
    assert (await gateway.create("p1")).life.state is State.QUOTED


async def test_ids_of_a_wrong_shape_are_refused(gateway: Gateway) -> None:
    for payment_id, payer in (("", "a"), ("a b", "a"), ("x" * 65, "a"), ("p1", "李"), ("p1", "")):
        with pytest.raises(IdMalformed):
            gateway.creating.submit(PANDA, payment_id, payer, TOKYO_DYNAMIC, None)


async def test_unknown_merchants_and_corridors_are_refused(
    gateway: Gateway, pool: asyncpg.Pool, clock: ManualClock
) -> None:
    with pytest.raises(CorridorUnknown):
        await Gateway(pool, clock, reference_of()).create("p1")
    gateway.board.current.merchants_by_account.clear()  # type: ignore[attr-defined]
    with pytest.raises(MerchantUnknown):
        await gateway.create("p1")
    gateway.board.current.merchants_by_account.update(  # type: ignore[attr-defined]
        reference_of().merchants_by_account
    )


async def test_another_participant_s_payment_is_unknown(gateway: Gateway) -> None:
    await gateway.create("p1")
    with pytest.raises(PaymentUnknown):
        await gateway.confirm("p1", SAKURA)
    with pytest.raises(PaymentUnknown):
        await gateway.cancel("p1", SAKURA)
    with pytest.raises(PaymentUnknown):
        await gateway.reading.get("sakura", "p1")


async def test_confirms_that_race_reserve_once_and_all_are_told(
    gateway: Gateway, pool: asyncpg.Pool, clock: ManualClock
) -> None:
    other = Gateway(pool, clock)
    payment = await gateway.create("p1")
    asked = await asyncio.gather(
        *(each.confirm("p1") for each in (gateway, other) for _ in range(5))
    )
    assert [kind for kind, _ in await gateway.sent()] == ["ReserveFunds"]

    await gateway.hear(reserved(payment))
    await other.sweeper.look_again()
    told = [await each.waiting for each in asked if each.waiting is not None]
    assert len(told) == 10
    assert {STATES[answer.state] for answer in told} == {State.COMPLETED}


async def test_a_confirm_after_the_end_is_answered_with_the_end(gateway: Gateway) -> None:
    payment = await gateway.create("p1")
    await gateway.confirm("p1")
    await gateway.hear(refused(payment))
    again = await gateway.confirm("p1")
    assert again.waiting is None
    assert again.payment.life.state is State.DECLINED


async def test_a_confirm_races_with_a_cancel_and_one_of_them_wins(
    gateway: Gateway, pool: asyncpg.Pool, clock: ManualClock
) -> None:
    other = Gateway(pool, clock)
    for number in range(10):
        payment_id = f"p{number}"
        await gateway.create(payment_id)
        calls = (gateway.confirm(payment_id), other.cancel(payment_id))
        confirmed, cancelled = await asyncio.gather(*calls, return_exceptions=True)
        state, _ = await gateway.state(payment_id)
        if state == "confirmed":
            assert isinstance(cancelled, PaymentConfirmed)
        else:
            assert state == "cancelled"
            assert isinstance(confirmed, PaymentCancelled)
    kinds = Counter(kind for kind, _ in await gateway.sent())
    assert kinds["ReserveFunds"] + kinds["PaymentCancelled"] == 10


async def test_a_cancelled_payment_stays_cancelled(gateway: Gateway) -> None:
    await gateway.create("p1")
    await gateway.cancel("p1")
    assert (await gateway.cancel("p1")).payment.life.state is State.CANCELLED
    for _ in range(2):
        with pytest.raises(PaymentCancelled):
            await gateway.confirm("p1")
    assert [kind for kind, _ in await gateway.sent()] == ["PaymentCancelled"]


async def test_a_quote_that_ran_out_is_refused_and_expired(
    gateway: Gateway, clock: ManualClock
) -> None:
    await gateway.create("p1")
    clock.advance(EXPIRY)
    for _ in range(2):
        with pytest.raises(QuoteExpired):
            await gateway.confirm("p1")
    with pytest.raises(QuoteExpired):
        await gateway.cancel("p1")
    assert await gateway.state("p1") == ("expired", "done")
    assert [kind for kind, _ in await gateway.sent()] == ["PaymentExpired"]


async def test_a_confirm_races_with_expiry_and_one_of_them_wins(
    gateway: Gateway, pool: asyncpg.Pool, clock: ManualClock
) -> None:
    late_clock = ManualClock(clock.now() + EXPIRY)
    other = Gateway(pool, late_clock)
    for number in range(10):
        payment_id = f"p{number}"
        await gateway.create(payment_id)
        confirmed, _ = await asyncio.gather(
            gateway.confirm(payment_id), other.sweeper.expire(), return_exceptions=True
        )
        state, _ = await gateway.state(payment_id)
        assert state == ("expired" if isinstance(confirmed, QuoteExpired) else "confirmed")
    kinds = Counter(kind for kind, _ in await gateway.sent())
    assert kinds["ReserveFunds"] + kinds["PaymentExpired"] == 10


async def test_a_corridor_that_was_closed_takes_no_confirm_until_it_is_open(
    gateway: Gateway,
) -> None:
    await gateway.create("p1")
    opened = gateway.board.current
    gateway.board.current = reference_of(corridor(PANDA, "", "JPY", open=False))
    with pytest.raises(CorridorClosed):
        await gateway.confirm("p1")
    gateway.board.current = opened
    assert isinstance((await gateway.confirm("p1")).payment, Payment)
