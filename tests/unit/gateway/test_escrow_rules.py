"""Escrow by its rules alone: whatever is asked in whatever order, each yen is in one place."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import KawaseError
from services.core.money import Money
from services.core.sheet import RateSheet
from services.gateway.escrow import rules
from services.gateway.escrow.events import ESCROW_RELEASES, decide, first_life, resolve
from services.gateway.escrow.messages import command_of
from services.gateway.escrow.model import Cause, Escrow, Part, Release, State, Step
from services.gateway.escrow.parts import Held, escrow_account, reserved_legs
from services.gateway.escrow.refusals import (
    ConfirmedWithoutEscrow,
    EscrowDisputed,
    EscrowEmpty,
    EscrowNotDisputed,
    EscrowNotOffered,
    EscrowPending,
    EscrowPeriodOver,
    ExceedsHeld,
    ReleasedDifferently,
)
from services.gateway.incoming import Incoming, What
from services.gateway.payments.asking import Outcome
from services.gateway.payments.model import NOTHING, Leg, Life, Payment, Terms
from services.gateway.payments.model import State as PaymentState
from services.gateway.payments.model import Step as PaymentStep
from services.gateway.payments.saga import confirmed
from services.gateway.reference import Corridor, RefundPolicy
from services.gateway.refunds.asking import Conditions, Wish, ask_for
from services.gateway.refunds.model import Ask, Refund
from services.gateway.refunds.policy import Already
from services.gateway.refunds.saga import first_life as refund_life
from services.gateway.resources.model import Resolution
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletCommand
from tests.unit.gateway.payments_builders import terms

NOW = datetime(2026, 10, 30, 3, tzinfo=UTC)
REFERENCE = "01K8V0Q2M6C4X8N2B6V0Z4L8K2"
DAYS = 7
PAYABLE = "merchant-payable:shokudo:JPY"
WAY = Corridor("panda_edo", "panda", "", "CNY", "JPY", "jp-shop", 120, escrow_days=DAYS)


def agreed(total: int = 1_000, fee: int = 31, home: int = 4_851, spread: int = 51) -> Terms:
    """A payment of yen, paid in fen, at a shop of our own."""
    return terms(
        acceptance_partner_id="", collect_partner_id="", merchant_id="shokudo", merchant_code="",
        payable_account_id=PAYABLE, target_currency="JPY", home_currency="CNY",
        target_minor=total, fee_minor=fee, home_minor=home, spread_minor=spread,
    )  # fmt: skip


def payment_of(kept: Terms) -> Payment:
    life = Life(PaymentState.COMPLETED, PaymentStep.DONE, 5, NOW, escrowed=True)
    return Payment(kept, life)


def escrow(kept: Terms) -> Escrow:
    return rules.escrow_of(payment_of(kept), WAY, "edo", NOW)


@dataclass
class World:
    """An escrow, the refunds of its payment, and the accounts."""

    terms: Terms
    now: datetime = NOW
    refunds: list[Ask] = field(default_factory=list)
    balances: Counter[str] = field(default_factory=Counter)
    number: int = 0

    def __post_init__(self) -> None:
        self.payment = payment_of(self.terms)
        self.kept = escrow(self.terms)
        self.move(reserved_legs(self.payment))

    def move(self, legs: list[Leg], sign: int = 1) -> None:
        for leg in legs:
            self.balances[leg.debit_account_id] -= sign * leg.amount.minor
            self.balances[leg.credit_account_id] += sign * leg.amount.minor

    def take(self, kept: Escrow, part: Part) -> None:
        self.kept = kept
        release = Release(part, escrow_account(self.terms), PAYABLE, "panda", first_life(self.now))
        transfer = WalletCommand.FromString(
            command_of(Step.TRANSFER, release).payload
        ).transfer_funds
        self.move([
            Leg(leg.debit_account_id, leg.credit_account_id,
                Money(leg.amount.minor_units, leg.amount.currency_code), leg.purpose)
            for leg in transfer.legs
        ])  # fmt: skip

    def release(self, minor: int | None, cause: Cause = Cause.BUYER) -> None:
        self.number += 1
        asked = None if minor is None else Money(minor, "JPY")
        made = rules.released(self.kept, asked, self.now, cause, REFERENCE, f"r{self.number}")
        self.take(*made)

    def refund(self, minor: int | None, policy: RefundPolicy = RefundPolicy()) -> Ask:
        """By the calls that all payments have."""
        self.number += 1
        amount = None if minor is None else Money(minor, "JPY")
        wish = Wish("panda", f"b{self.number}", "p1", amount, "")
        shares = NOTHING
        for one in self.refunds:
            shares = shares.plus(one.shares)
        held = Held(
            self.kept.held_minor,
            self.kept.released_minor,
            self.kept.released_fee_minor,
            self.kept.returned_minor,
        )
        ask = ask_for(
            wish, self.terms, self.payment.life, Already(shares),
            Conditions(policy, _no_rates), REFERENCE, self.now, held,
        )  # fmt: skip
        self.refunds.append(ask)
        self.count(ask, 1)
        return ask

    def give_back(self, minor: int | None) -> None:
        """By the acquirer, out of what is held alone."""
        asked = None if minor is None else Money(minor, "JPY")
        amount = rules.returnable(self.kept, asked)
        ask = self.refund(amount.minor)
        assert ask.escrow_minor == amount.minor

    def refuse_last(self) -> None:
        """The ledger refuses the last refund after all."""
        if self.refunds:
            self.count(self.refunds.pop(), -1)

    def count(self, ask: Ask, sign: int) -> None:
        returned = self.kept.returned_minor + sign * ask.escrow_minor
        self.kept = replace(self.kept, returned_minor=returned)
        self.move(Refund(ask, self.terms, refund_life(self.now)).legs, sign)

    def dispute(self) -> None:
        self.kept = rules.disputed(self.kept, "broken", self.now)

    def withdraw(self) -> None:
        self.kept = rules.withdrawn(self.kept, self.now)

    def resolve(self, minor: int) -> None:
        release, back = rules.divided(self.kept, Money(minor, "JPY"))
        if release is not None:
            self.release(release.minor, Cause.OPERATOR)
        if back is not None:
            self.give_back(back.minor)

    def pass_time(self, days: int) -> None:
        self.now += timedelta(days=days)
        if rules.is_due(self.kept, self.now) and self.kept.held_minor:
            self.release(None, Cause.TIME)

    def check(self) -> None:
        kept = self.kept
        assert min(kept.held_minor, kept.released_minor, kept.returned_minor) >= 0
        assert kept.held_minor + kept.released_minor + kept.returned_minor == kept.total.minor
        found = self.balances
        assert found[escrow_account(self.terms)] == kept.held_minor
        given = sum(one.target_minor - one.escrow_minor for one in self.refunds)
        assert found[PAYABLE] + found["fee-income:JPY"] == kept.released_minor - given
        assert min(found[PAYABLE], found["fee-income:JPY"]) >= 0
        assert sum(found.values()) == 0
        refunded = sum(one.target_minor for one in self.refunds)
        assert refunded <= kept.total.minor


def _no_rates() -> RateSheet:
    raise AssertionError("the original rate needs no sheet")


OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(["release", "refund", "give_back"]), st.integers(1, 1_200)),
    st.tuples(st.sampled_from(["release", "refund", "give_back"]), st.none()),
    st.tuples(st.just("resolve"), st.integers(0, 1_200)),
    st.tuples(st.just("pass_time"), st.integers(0, 5)),
    st.tuples(st.sampled_from(["dispute", "withdraw", "refuse_last"])),
)


@given(
    st.integers(1, 1_200).flatmap(lambda total: st.tuples(st.just(total), st.integers(0, total))),
    st.tuples(st.integers(1, 5_000), st.integers(0, 300)),
    st.lists(OPERATIONS, max_size=14),
)
def test_whatever_is_asked_in_whatever_order_each_yen_is_in_one_place(
    target: tuple[int, int], home: tuple[int, int], asked: list[tuple[object, ...]]
) -> None:
    world = World(agreed(*target, sum(home), home[1]))
    for name, *arguments in asked:
        # What is refused changes nothing.
        with suppress(KawaseError):
            getattr(world, str(name))(*arguments)
        world.check()
    if world.kept.held_minor:
        world.kept = replace(world.kept, dispute_time=None)
        world.pass_time(DAYS + 100)
        world.check()
    assert world.kept.held_minor == 0
    if not world.kept.returned_minor:
        assert world.kept.released_fee_minor == world.terms.fee_minor
    if sum(one.target_minor for one in world.refunds) < world.terms.target_minor:
        world.refund(None)
    assert not +world.balances
    assert not -world.balances


def test_a_fee_that_is_kept_is_borne_by_the_merchant_for_what_was_released_alone() -> None:
    world = World(agreed(1_000, 100))
    world.release(500)
    ask = world.refund(None, RefundPolicy(keeps_fee=True))
    assert ask.escrow_minor == 500
    assert world.balances["fee-income:JPY"] == 50
    assert world.balances[PAYABLE] == -50
    assert world.balances[escrow_account(world.terms)] == 0


def test_a_dispute_stops_the_clock_and_its_withdrawal_has_it_go_on_where_it_stood() -> None:
    world = World(agreed())
    world.pass_time(5)
    world.dispute()
    assert world.kept.state == "disputed"
    world.pass_time(30)
    assert world.kept.held_minor == 1_000
    with pytest.raises(EscrowDisputed):
        world.release(1)
    world.withdraw()
    assert world.kept.release_time - world.now == timedelta(days=2)
    world.pass_time(1)
    assert world.kept.held_minor == 1_000
    world.pass_time(1)
    assert world.kept.state is State.RELEASED


def test_after_its_time_nothing_is_disputed() -> None:
    kept = escrow(agreed())
    with pytest.raises(EscrowPeriodOver):
        rules.disputed(kept, "late", NOW + timedelta(days=DAYS))


def test_what_is_not_disputed_is_not_the_operators_to_decide() -> None:
    with pytest.raises(EscrowNotDisputed):
        rules.divided(escrow(agreed()), Money(1, "JPY"))


def test_a_repeat_has_to_ask_for_the_same() -> None:
    kept = escrow(agreed())
    _, part = rules.released(kept, Money(400, "JPY"), NOW, Cause.BUYER, REFERENCE, "r1")
    rules.check_repeat(part, Money(400, "JPY"))
    for other in (Money(401, "JPY"), Money(400, "CNY"), None):
        with pytest.raises(ReleasedDifferently):
            rules.check_repeat(part, other)


def test_nothing_is_released_beyond_what_is_held_or_before_it_is_paid() -> None:
    kept = escrow(agreed())
    for changed, refusal in (
        ({}, ExceedsHeld),
        ({"payment_state": PaymentState.CONFIRMED}, EscrowPending),
        ({"payment_state": PaymentState.DECLINED}, EscrowEmpty),
        ({"released_minor": 600, "returned_minor": 400}, EscrowEmpty),
    ):
        with pytest.raises(refusal):
            rules.released(
                replace(kept, **changed), Money(1_001, "JPY"), NOW, Cause.BUYER, REFERENCE, "r"
            )


@pytest.mark.parametrize(
    "changes",
    [
        {"acceptance_partner_id": "kakaopay"},
        {"collect_partner_id": "kakaopay-online"},
        {"merchant_code": "12345678901"},
        {"payable_account_id": "customer:sakura/hanako:JPY"},
    ],
)
def test_escrow_is_for_merchants_of_our_own_alone(changes: dict[str, str]) -> None:
    life = Life(PaymentState.QUOTED, PaymentStep.QUOTE, 1, NOW)
    payment = Payment(replace(agreed(), **changes), life)  # type: ignore[arg-type]
    outcome = Outcome(confirmed(payment.life, NOW))
    assert isinstance(rules.confirmed_into(payment, WAY, outcome).refusal, EscrowNotOffered)


def test_what_was_confirmed_plainly_is_not_taken_for_held_and_a_repeat_is_answered() -> None:
    quoted = Payment(agreed(), Life(PaymentState.QUOTED, PaymentStep.QUOTE, 1, NOW))
    plain = Payment(quoted.terms, confirmed(quoted.life, NOW))
    refusal = rules.confirmed_into(plain, WAY, Outcome()).refusal
    assert isinstance(refusal, ConfirmedWithoutEscrow)
    held = Payment(quoted.terms, replace(plain.life, escrowed=True))
    assert rules.confirmed_into(held, WAY, Outcome()) == Outcome()


def test_where_the_corridor_offers_none_nothing_goes_into_escrow() -> None:
    payment = Payment(agreed(), Life(PaymentState.QUOTED, PaymentStep.QUOTE, 1, NOW))
    outcome = Outcome(confirmed(payment.life, NOW))
    offered = rules.confirmed_into(payment, WAY, outcome).life
    assert offered is not None
    assert offered.escrowed
    for corridor in (None, replace(WAY, escrow_days=0)):
        refusal = rules.confirmed_into(payment, corridor, outcome).refusal
        assert isinstance(refusal, EscrowNotOffered)


def test_a_release_that_the_ledger_refuses_is_asked_once_more_by_an_operator() -> None:
    kept = escrow(agreed())
    _, part = rules.released(kept, None, NOW, Cause.BUYER, REFERENCE, "r1")
    release = Release(part, "escrow:shokudo:JPY", PAYABLE, "panda", first_life(NOW))
    said = Incoming(ESCROW_RELEASES.resource, REFERENCE, What.FUNDS_REFUSED, release.link_id)
    stuck = decide(release, said, NOW).life
    assert stuck is not None
    assert stuck.step is Step.OPERATOR
    case = replace(release, life=stuck)
    assert resolve(case, Resolution.WRITE_OFF, NOW).life is None
    again = resolve(case, Resolution.RETRY, NOW)
    assert again.order is Step.TRANSFER
    assert again.life is not None
    retried = replace(release, life=again.life)
    assert retried.link_id == f"{release.link_id}-1"
    posted = replace(said, what=What.FUNDS_POSTED)
    assert decide(retried, posted, NOW).life is None
    booked = decide(retried, replace(posted, link_id=retried.link_id), NOW).life
    assert booked is not None
    assert booked.step is Step.DONE
