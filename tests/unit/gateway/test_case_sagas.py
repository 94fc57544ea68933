"""Whatever ledger, partners and operators say, in any order: what ends leaves nothing pending, and
suspense only where an operator's word says so."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from services.core.ids import Resource
from services.core.money import Money
from services.gateway.disputes.claim import Claim, covered_shares
from services.gateway.disputes.events import DISPUTES
from services.gateway.disputes.model import Answer, Dispute
from services.gateway.disputes.model import State as DisputeState
from services.gateway.disputes.saga import answered
from services.gateway.disputes.saga import first_life as first_of_dispute
from services.gateway.incoming import Incoming, What
from services.gateway.late.booking import LATE_CHARGES
from services.gateway.late.model import LateCharge
from services.gateway.late.saga import first_life as first_of_late
from services.gateway.payments.model import Terms
from services.gateway.payments.saga import Side
from services.gateway.reference import RefundPolicy
from services.gateway.refunds.events import REFUNDS
from services.gateway.refunds.model import Ask, Refund, State
from services.gateway.refunds.policy import Already, reckon
from services.gateway.refunds.reversal import parts_of, reversed_parts
from services.gateway.refunds.saga import first_life as first_of_refund
from services.gateway.resources.model import DONE, OPERATOR, Resolution
from services.gateway.topups.events import TOP_UPS
from services.gateway.topups.model import Ask as TopUpAsk
from services.gateway.topups.model import State as TopUpState
from services.gateway.topups.model import TopUp
from services.gateway.topups.saga import first_life as first_of_top_up
from tests.unit.gateway.case_world import NOW, DiceWorld
from tests.unit.gateway.payments_builders import REFERENCE, terms


@dataclass
class Dice:
    """What is said at first; after that everybody gives in."""

    answers: list[bool]
    words: list[Resolution]

    def roll(self, _question: str) -> bool:
        return self.answers.pop() if self.answers else True

    def choose(self) -> Resolution:
        self.words = self.words or list(Resolution)
        return self.words.pop()


DICE = st.builds(
    Dice,
    st.lists(st.booleans(), max_size=10),
    st.lists(st.sampled_from(Resolution), max_size=10),
)


def world(kind: Any, resource: Any, dice: Dice) -> DiceWorld:
    return DiceWorld(kind, resource, dice.roll, dice.choose)


def to_the_end(made: DiceWorld) -> None:
    """Operators decide until there is no case."""
    while made.resource.life.step == OPERATOR:
        made.resolve()
    assert made.resource.life.step == DONE
    assert made.pending == {}


def agreed(delivered: bool, collected: bool) -> Terms:
    return terms(
        acceptance_partner_id="kakaopay" if delivered else "",
        collect_partner_id="wallet" if collected else "",
        funding_account_id="partner-receivable:wallet:CNY" if collected else "prefund:panda:CNY",
        payable_account_id="partner-payable:kakaopay:KRW"
        if delivered
        else "merchant-payable:m1:KRW",
    )


@given(st.booleans(), st.booleans(), st.integers(1, 18_900), DICE)
def test_a_refund_is_moved_once_or_not_at_all(
    delivered: bool, collected: bool, minor: int, dice: Dice
) -> None:
    of = agreed(delivered, collected)
    shares = reversed_parts(parts_of(of), Already().shares, minor)
    reckoning = reckon(RefundPolicy(), of, shares, Already(), None)
    ask = Ask(REFERENCE, "panda", "r1", b"", REFERENCE, "p1", "", minor, shares, reckoning, NOW)
    made = world(REFUNDS, Refund(ask, of, first_of_refund(NOW)), dice)
    made.order()
    to_the_end(made)

    completed = made.resource.life.state is State.COMPLETED
    assert made.of("position") == (minor + shares.mid if completed else 0)
    payable = made.of("partner-payable") + made.of("merchant-payable")
    assert payable == (shares.payable if completed else 0)
    funding = made.of("partner-receivable") + made.of("prefund")
    home = shares.mid + shares.spread
    written_off = bool(made.words) and made.words[-1][1] is Resolution.WRITE_OFF
    assert (funding, made.of("loss")) == ((0, home) if written_off else (home * completed, 0))


@given(st.sampled_from(Side), DICE)
def test_a_late_charge_leaves_nothing_in_suspense(side: Side, dice: Dice) -> None:
    accounts = ("suspense:KRW", "partner-payable:kakaopay:KRW")
    if side is Side.COLLECT:
        accounts = ("partner-receivable:wallet:KRW", "suspense:KRW")
    late = LateCharge(
        REFERENCE, "c", REFERENCE, "panda", side, "p", "", Money(900, "KRW"), NOW, *accounts,
        first_of_late(NOW),
    )  # fmt: skip
    made = world(LATE_CHARGES, late, dice)
    made.order()
    to_the_end(made)

    assert made.of("suspense") == 0
    assert made.of("loss") == (900 if made.resource.life.state == "written_off" else 0)
    if made.resource.life.state == "refunded":
        assert not any(made.balances.values())


@given(st.booleans(), DICE)
def test_a_top_up_is_credited_once_or_ends_declined(late: bool, dice: Dice) -> None:
    ask = TopUpAsk(
        REFERENCE, "sakura", "t1", b"", "l1", "hanako", "bank", "acct", 30_000, "JPY", NOW
    )
    made = world(TOP_UPS, TopUp(ask, first_of_top_up(NOW)), dice)
    if late:
        made.hear(Incoming(Resource.TOP_UP, REFERENCE, What.CHARGE_REJECTED))
    made.hear(Incoming(Resource.TOP_UP, REFERENCE, What.CHARGE_ACCEPTED_LATE))
    to_the_end(made)

    completed = made.resource.life.state is TopUpState.COMPLETED
    assert made.of("customer") == (30_000 if completed else 0)
    written_off = bool(made.words) and made.words[-1][1] is Resolution.WRITE_OFF
    assert made.of("loss") == (30_000 if written_off and not completed else 0)
    assert made.of("bank-clearing-in") == made.of("customer") + made.of("loss")


@given(
    st.sampled_from([(Side.COLLECT, False), (Side.COLLECT, True), (Side.DELIVER, True)]),
    st.booleans(),
    st.integers(0, 18_900),
    st.integers(1, 9_545),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    DICE,
)
def test_a_dispute_is_moved_once_when_it_is_lost_and_never_when_it_is_won(
    way: tuple[Side, bool],
    collected: bool,
    refunded: int,
    contested: int,
    answers: bool,
    won: bool,
    early: bool,
    dice: Dice,
) -> None:
    side, delivered = way
    of = agreed(delivered, collected or side is Side.COLLECT)
    given_back = reversed_parts(parts_of(of), Already().shares, refunded) if refunded else None
    already = Already(given_back, given_back.mid + given_back.spread) if given_back else Already()
    currency = of.home_currency if side is Side.COLLECT else of.target_currency
    shares = covered_shares(of, side, contested, already)
    claim = Claim(
        REFERENCE, "d1", REFERENCE, side, "p", "C1", Money(contested, currency), "", None, shares,
        NOW,
    )  # fmt: skip
    dispute = Dispute(claim, of, first_of_dispute(True, NOW), Answer(True, "", "mei", NOW))
    has_legs = bool(dispute.legs)
    dispute = Dispute(claim, of, first_of_dispute(has_legs, NOW), dispute.answer)
    made = world(DISPUTES, dispute, dice)
    ends = Incoming(Resource.DISPUTE, REFERENCE, What.DISPUTE_ENDED, dispute_id="d1", won=won)
    if early:
        made.hear(ends)
    if has_legs:
        made.order()
    if answers and not early:
        made._apply(answered(made.resource, True, NOW + timedelta(days=1)))
    made.hear(ends)
    to_the_end(made)

    assert made.resource.life.state is (DisputeState.WON if won else DisputeState.LOST)
    if won:
        assert not any(made.balances.values())
        return
    left_by_word = any(word is Resolution.SETTLED for _, word in made.words)
    if not left_by_word:
        assert made.of("suspense") == 0
        taken = made.of("partner-receivable") if side is Side.COLLECT else None
        assert taken in (None, contested)
    assert made.of("merchant-payable") <= of.target_minor - refunded
