"""Escrow on Postgres: who comes first takes from what is held, and nothing is taken twice."""

import asyncio
from datetime import timedelta

import pytest

from services.core.errors import KawaseError
from services.core.money import Money
from services.gateway.escrow.refusals import (
    EscrowDisputed,
    EscrowDisputeResolvedOtherwise,
    EscrowEmpty,
    EscrowNotDisputed,
    EscrowNotOffered,
    EscrowPeriodOver,
    ExceedsHeld,
    NotInEscrow,
    ReleasedDifferently,
)
from services.gateway.escrow.sweeping import EscrowSweeper
from services.gateway.holding.handlers import HoldingHandlers
from services.gateway.holding.refusals import NotAuthorised
from services.gateway.reference import Participant, ParticipantKind
from services.gateway.refunds.model import State as RefundState
from services.gateway.refunds.refusals import HeldInEscrow
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent
from services.pb.kawase.wallet.v1.wallet_message_pb2 import FundsRefused, WalletCommand
from tests.store.gateway.escrow_world import DAYS, HOUSE, Keeping
from tests.store.gateway.payments_world import (
    EDO,
    KAKAO,
    PANDA,
    SAKURA,
    Gateway,
    refused,
    reserved,
    wallet_says,
)
from tests.store.gateway.resources_world import World


@pytest.fixture
def keeping(gateway: Gateway) -> Keeping:
    return Keeping(gateway)


async def test_a_confirm_into_escrow_opens_its_account_and_reserves_with_it_in_the_merchants_place(
    keeping: Keeping,
) -> None:
    payment = await keeping.gateway.create("p1")
    await keeping.confirm("p1")
    opening, reserve = await keeping.gateway.rows()
    assert (opening["type"], reserve["type"]) == ("OpenAccounts", "ReserveFunds")
    assert opening["key"] == reserve["key"] == payment.terms.funding_account_id
    legs = WalletCommand.FromString(reserve["payload"]).reserve_funds.legs
    credited = {leg.credit_account_id: leg.amount.minor_units for leg in legs}
    assert credited["escrow:shokudo:JPY"] == 1_000
    assert not {"merchant-payable:shokudo:JPY", "fee-income:JPY"} & set(credited)
    assert await keeping.amounts("p1") == ("pending", 1_000, 0, 0)

    await keeping.gateway.hear(reserved(payment))
    rows = {row["type"]: row["payload"] for row in await keeping.gateway.rows()}
    completed = PaymentEvent.FromString(rows["PaymentCompleted"]).payment_completed.payment
    assert completed.in_escrow
    assert await keeping.amounts("p1") == ("held", 1_000, 0, 0)


async def test_a_lost_command_is_repeated_with_escrow_in_the_merchants_place(
    keeping: Keeping,
) -> None:
    await keeping.gateway.create("p1")
    await keeping.confirm("p1")
    _, reserve = await keeping.gateway.rows()
    await keeping.gateway.pool.execute("UPDATE payments SET next_sweep_time = now()")
    assert await keeping.gateway.sweeper.repeat() == 1
    (again,) = await keeping.gateway.rows()
    assert again["payload"] == reserve["payload"]


async def test_a_release_is_told_and_ordered_once_however_often_it_is_asked(
    keeping: Keeping,
) -> None:
    await keeping.keep("p1")
    first = await keeping.release("r1", "p1", 400)
    assert await keeping.told() == ["TransferFunds", "EscrowReleased"]
    assert await keeping.release("r1", "p1", 400) == first
    assert await keeping.told() == []
    with pytest.raises(ReleasedDifferently):
        await keeping.release("r1", "p1", 401)
    with pytest.raises(ExceedsHeld):
        await keeping.release("r2", "p1", 601)
    rest = await keeping.release("r3", "p1")
    assert (rest.amount.minor, rest.left_minor) == (600, 0)
    assert await keeping.release("r3", "p1") == rest
    with pytest.raises(EscrowEmpty):
        await keeping.release("r4", "p1")


async def test_when_the_time_is_over_what_is_left_is_released_once(keeping: Keeping) -> None:
    await keeping.keep("p1")
    await keeping.release("r1", "p1", 400)
    keeping.gateway.clock.advance(timedelta(days=DAYS) - timedelta(seconds=1))
    assert await keeping.sweeper.step() == 0
    keeping.gateway.clock.advance(timedelta(seconds=1))
    with pytest.raises(EscrowPeriodOver):
        await keeping.calls.dispute(PANDA, "p1", "late")
    assert sum(await asyncio.gather(keeping.sweeper.step(), keeping.sweeper.step())) == 1
    assert await keeping.amounts("p1") == ("released", 0, 1_000, 0)
    assert await keeping.sweeper.step() == 0
    assert not await keeping.gateway.pool.fetchval("SELECT open FROM escrows")


async def test_what_was_released_before_its_time_holds_up_nobody_else(keeping: Keeping) -> None:
    for payment_id in ("pay-1", "pay-2"):
        await keeping.keep(payment_id)
    await keeping.release("all", "pay-1")
    keeping.gateway.clock.advance(timedelta(days=DAYS))
    gateway = keeping.gateway
    await EscrowSweeper(gateway.units, gateway.clock, take=1).step()
    assert await keeping.amounts("pay-2") == ("released", 0, 1_000, 0)


async def test_a_dispute_stops_the_clock_until_it_is_withdrawn(keeping: Keeping) -> None:
    await keeping.keep("p1")
    kept = await keeping.calls.dispute(PANDA, "p1", "It came broken.")
    assert await keeping.told() == ["EscrowDisputeChanged"]
    assert await keeping.calls.dispute(PANDA, "p1", "again") == kept
    keeping.gateway.clock.advance(timedelta(days=2 * DAYS))
    assert await keeping.sweeper.step() == 0
    with pytest.raises(EscrowDisputed):
        await keeping.release("r1", "p1")
    (listed,) = await keeping.calls.page(HOUSE, True, "", 10)
    assert listed.dispute_reason == "It came broken."

    went_on = await keeping.calls.withdraw(PANDA, "p1")
    assert went_on.release_time == kept.release_time + timedelta(days=2 * DAYS)
    assert await keeping.calls.page(HOUSE, True, "", 10) == []
    keeping.gateway.clock.advance(timedelta(days=DAYS))
    assert await keeping.sweeper.step() == 1


async def test_an_operators_word_divides_once(keeping: Keeping) -> None:
    payment = await keeping.keep("p1")
    with pytest.raises(EscrowNotDisputed):
        await keeping.resolve("w1", payment, 300)
    await keeping.calls.dispute(PANDA, "p1", "It came broken.")
    await keeping.told()
    with pytest.raises(ExceedsHeld):
        await keeping.resolve("w1", payment, 1_001)
    first = await keeping.resolve("w1", payment, 300)
    assert (first.state.value, first.released_minor, first.returned_minor) == ("divided", 300, 700)
    assert sorted(await keeping.told()) == [
        "EscrowDisputeChanged",
        "EscrowReleased",
        "ReserveFunds",
        "TransferFunds",
    ]
    assert (await keeping.resolve("w1", payment, 300)).returned_minor == 700
    assert await keeping.told() == []
    with pytest.raises(EscrowDisputeResolvedOtherwise):
        await keeping.resolve("w1", payment, 301)
    with pytest.raises(EscrowEmpty):
        await keeping.resolve("w2", payment, 300)


async def test_a_refund_that_the_ledger_refuses_is_held_again_and_still_disputed(
    keeping: Keeping,
) -> None:
    payment = await keeping.keep("p1")
    await keeping.calls.dispute(PANDA, "p1", "It came broken.")
    await keeping.resolve("w1", payment, 0)
    assert await keeping.amounts("p1") == ("returned", 0, 0, 1_000)
    world = World(keeping.gateway)
    reference = await keeping.gateway.pool.fetchval("SELECT reference FROM refunds")
    await keeping.told()
    no = FundsRefused(command="reserve", reason="ACCOUNT_UNKNOWN")
    await world.hear(wallet_says(f"refund-{reference}", funds_refused=no))
    assert await keeping.amounts("p1") == ("disputed", 1_000, 0, 0)
    assert sorted(await keeping.told()) == ["EscrowDisputeChanged", "RefundDeclined"]
    await keeping.resolve("w2", payment, 1_000)
    assert await keeping.amounts("p1") == ("released", 0, 1_000, 0)


async def test_releases_returns_refunds_and_time_at_once_take_no_more_than_is_held(
    keeping: Keeping,
) -> None:
    world = World(keeping.gateway)
    payments = [await keeping.keep(f"p{number}") for number in range(4)]
    keeping.gateway.clock.advance(timedelta(days=DAYS))
    asked = [
        call
        for number, payment in enumerate(payments)
        for call in (
            keeping.release(f"r{number}", f"p{number}", 600),
            keeping.give_back(f"b{number}", payment, 500),
            keeping.give_back(f"b{number}", payment, 500),
            world.refund(f"c{number}", payment.terms.reference, 450, EDO),
            world.refund(f"w{number}", f"p{number}", 450),
            keeping.calls.dispute(PANDA, f"p{number}", "late"),
        )
    ]
    told = await asyncio.gather(*asked, keeping.sweeper.step(), return_exceptions=True)
    assert all(isinstance(each, KawaseError) for each in told if isinstance(each, BaseException))
    await keeping.sweeper.step()
    for number, payment in enumerate(payments):
        _, held, released, returned = await keeping.amounts(f"p{number}")
        assert (held, released + returned) == (0, 1_000)
        refunds = await keeping.gateway.pool.fetchrow(
            "SELECT COALESCE(sum(target_minor), 0), COALESCE(sum(escrow_minor), 0) "
            "FROM refund_asks WHERE payment_reference = $1",
            payment.terms.reference,
        )
        assert refunds[0] <= 1_000
        assert refunds[1] == returned


async def test_what_is_held_is_not_taken_back_by_the_payers_wallet_alone(keeping: Keeping) -> None:
    world = World(keeping.gateway)
    await keeping.keep("p1")
    await keeping.calls.dispute(PANDA, "p1", "It came broken.")

    with pytest.raises(HeldInEscrow, match="dispute it"):
        await world.refund("r1", "p1")

    assert await keeping.amounts("p1") == ("disputed", 1_000, 0, 0)


async def test_the_same_return_twice_is_one_refund_and_leaves_the_corridors_policy_aside(
    keeping: Keeping,
) -> None:
    payment = await keeping.keep("p1")
    first = await keeping.give_back("b1", payment)
    again = await keeping.give_back("b1", payment)
    assert first.reference == again.reference
    assert first.life.state is RefundState.PENDING
    assert first.home == payment.terms.home
    with pytest.raises(EscrowEmpty):
        await keeping.give_back("b2", payment)


async def test_escrow_is_neither_held_nor_captured(keeping: Keeping) -> None:
    payment = await keeping.keep("p1")
    gateway = keeping.gateway
    holding = HoldingHandlers(gateway.units, gateway.board, gateway.clock, gateway.waiters)
    with pytest.raises(NotAuthorised):
        await holding.capture(EDO, payment.terms.reference, Money(1, "JPY"))


async def test_where_a_partner_charges_nothing_goes_into_escrow(keeping: Keeping) -> None:
    await keeping.gateway.create("p1", KAKAO)
    with pytest.raises(EscrowNotOffered):
        await keeping.confirm("p1", KAKAO)
    assert await keeping.gateway.pool.fetchval("SELECT count(*) FROM escrows") == 0


async def test_what_is_declined_was_never_in_escrow(keeping: Keeping) -> None:
    payment = await keeping.gateway.create("p1")
    await keeping.confirm("p1")
    await keeping.gateway.hear(refused(payment))
    assert (await keeping.amounts("p1"))[0] == "declined"
    with pytest.raises(EscrowEmpty):
        await keeping.release("r1", "p1")
    keeping.gateway.clock.advance(timedelta(days=DAYS))
    assert await keeping.sweeper.step() == 0
    assert not await keeping.gateway.pool.fetchval("SELECT open FROM escrows")


async def test_others_know_nothing_of_an_escrow(keeping: Keeping) -> None:
    payment = await keeping.keep("p1")
    reference = payment.terms.reference
    other = Participant("kyo", ParticipantKind.ACQUIRER, "Kyo")
    for caller, named in ((SAKURA, "p1"), (SAKURA, reference), (other, reference), (EDO, "p1")):
        with pytest.raises(NotInEscrow):
            await keeping.calls.get(caller, named)
        assert await keeping.calls.page(caller, False, "", 10) == [] or caller is EDO
    with pytest.raises(NotInEscrow):
        await keeping.give_back("b1", payment, 100, other)
    for caller in (PANDA, EDO, HOUSE):
        assert [each.reference for each in await keeping.calls.page(caller, False, "", 10)] == [
            reference
        ]
        assert await keeping.calls.page(caller, False, reference, 10) == []


async def test_an_ordinary_payment_is_in_no_escrow(keeping: Keeping) -> None:
    await keeping.gateway.create("p1")
    await keeping.gateway.confirm("p1")
    with pytest.raises(NotInEscrow):
        await keeping.calls.get(PANDA, "p1")
    with pytest.raises(NotInEscrow):
        await keeping.release("r1", "p1")
