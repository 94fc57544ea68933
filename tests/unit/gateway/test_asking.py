"""What may be asked of refunds, bank links and top-ups: a line per clause."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.core.errors import KawaseError
from services.core.ids import IdMalformed
from services.core.money import Money
from services.core.sheet import RateSheet, RatesStale
from services.gateway.payments.model import NOTHING, Life, Parts, State, Step, Terms
from services.gateway.payments.refusals import (
    AmountCurrencyDiffers,
    AmountNotPositive,
    AmountTooLarge,
)
from services.gateway.reference import (
    Funding,
    Participant,
    ParticipantKind,
    RefundPolicy,
    RefundRate,
)
from services.gateway.refunds import refusals as refunds
from services.gateway.refunds.asking import Conditions, Wish, ask_for, check_wish
from services.gateway.refunds.policy import Already
from services.gateway.topups import refusals as top_ups
from services.gateway.topups.asking import (
    LinkWish,
    TopUpWish,
    check_hosted,
    check_link,
    check_top_up,
)

NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
TERMS = Terms(
    "01K8T5Q0000000000000000000", "panda", "p1", b"", "li-na", "panda_edo", "", "", "shokudo",
    "SHOKUDO", "TOKYO", "JP", "code", "prefund:panda:CNY", "merchant-payable:shokudo:JPY", "JPY",
    1_000, 16, "CNY", 4_771, 71, Decimal("0.047"), NOW, NOW,
)  # fmt: skip
PAID = Life(State.COMPLETED, Step.DONE, 4, NOW)
WISH = Wish("panda", "r1", "p1", Money(300, "JPY"), "cold soup")
HOSTED = Participant("sakura", ParticipantKind.WALLET, "S", Funding.HOSTED, "JPY", "Asia/Tokyo")
LINK = LinkWish("sakura", "l1", "hanako", "bank", "0310", "101", "1", "1234567", "ヤマダ ハナコ")
TOP_UP = TopUpWish("sakura", "t1", "l1", Money(30_000, "JPY"))


def no_rates() -> RateSheet:
    raise RatesStale(None)


def ask(
    wish: Wish,
    life: Life = PAID,
    already: Parts = NOTHING,
    policy: RefundPolicy = RefundPolicy(),
    now: datetime = NOW,
) -> None:
    check_wish(wish)
    conditions = Conditions(policy, no_rates)
    ask_for(wish, TERMS, life, Already(already), conditions, "r" * 26, now)


@pytest.mark.parametrize(
    ("call", "refusal"),
    [
        (lambda: ask(replace(WISH, refund_id="")), IdMalformed),
        (lambda: ask(replace(WISH, payment_id="p 1")), IdMalformed),
        (lambda: ask(replace(WISH, amount=Money(0, "JPY"))), AmountNotPositive),
        (lambda: ask(replace(WISH, amount=Money(-1, "JPY"))), AmountNotPositive),
        (lambda: ask(replace(WISH, note="x" * 201)), refunds.NoteTooLong),
        (lambda: ask(WISH, replace(PAID, state=State.CONFIRMED)), refunds.PaymentNotCompleted),
        (lambda: ask(WISH, replace(PAID, state=State.DECLINED)), refunds.PaymentNotCompleted),
        (lambda: ask(replace(WISH, amount=Money(1, "CNY"))), AmountCurrencyDiffers),
        (lambda: ask(replace(WISH, amount=Money(1_001, "JPY"))), refunds.RefundExceedsPayment),
        (lambda: ask(WISH, already=Parts(0, 0, 701, 0)), refunds.RefundExceedsPayment),
        (
            lambda: ask(
                WISH, policy=RefundPolicy(within_days=30), now=NOW + timedelta(days=30, seconds=1)
            ),
            refunds.RefundTooLate,
        ),
        (lambda: ask(WISH, policy=RefundPolicy(RefundRate.DAY)), RatesStale),
        (lambda: ask(WISH, already=Parts(4_700, 71, 984, 16)), refunds.NothingLeftToRefund),
        (
            lambda: check_hosted(replace(HOSTED, funding=Funding.PREFUND)),
            top_ups.HostedWalletRequired,
        ),
        (lambda: check_link(replace(LINK, bank_link_id="a b")), IdMalformed),
        (lambda: check_link(replace(LINK, payer_id="")), IdMalformed),
        (lambda: check_link(replace(LINK, partner_id="")), IdMalformed),
        (lambda: check_link(replace(LINK, bank_code="310")), top_ups.BankFieldMalformed),
        (lambda: check_link(replace(LINK, branch_code="1o1")), top_ups.BankFieldMalformed),
        (lambda: check_link(replace(LINK, account_type="")), top_ups.BankFieldMalformed),
        (
            lambda: check_link(replace(LINK, account_number="１２３４５６７")),
            top_ups.BankFieldMalformed,
        ),
        (lambda: check_link(replace(LINK, holder_name=" ")), top_ups.HolderNameMalformed),
        (lambda: check_link(replace(LINK, holder_name="ア" * 49)), top_ups.HolderNameMalformed),
        (lambda: check_top_up(replace(TOP_UP, top_up_id=""), HOSTED), IdMalformed),
        (lambda: check_top_up(replace(TOP_UP, bank_link_id=""), HOSTED), IdMalformed),
        (
            lambda: check_top_up(replace(TOP_UP, amount=Money(1, "CNY")), HOSTED),
            AmountCurrencyDiffers,
        ),
        (
            lambda: check_top_up(replace(TOP_UP, amount=Money(0, "JPY")), HOSTED),
            AmountNotPositive,
        ),
        (
            lambda: check_top_up(replace(TOP_UP, amount=Money(10**16, "JPY")), HOSTED),
            AmountTooLarge,
        ),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(
    call: Callable[[], None], refusal: type[KawaseError]
) -> None:
    with pytest.raises(refusal) as refused:
        call()
    assert refused.value.message


def test_what_can_be_is_taken() -> None:
    ask(WISH)
    check_hosted(HOSTED)
    check_link(LINK)
    check_top_up(TOP_UP, HOSTED)


def test_without_an_amount_all_that_is_left_is_refunded() -> None:
    wish = replace(WISH, amount=None)

    asked = ask_for(
        wish,
        TERMS,
        PAID,
        Already(Parts(1_410, 21, 295, 5), 1_431),
        Conditions(RefundPolicy(), no_rates),
        "r" * 26,
        NOW,
    )

    assert asked.target_minor == 700
    assert asked.parts == Parts(3_290, 50, 689, 11)


def test_an_acquirer_s_and_a_wallet_s_wish_differ_by_content_alone() -> None:
    assert replace(WISH, participant_id="edo").digest == WISH.digest
    assert replace(WISH, amount=None).digest != WISH.digest
    assert replace(WISH, note="warm soup").digest != WISH.digest


def test_a_bank_is_asked_for_a_link_under_the_same_id_every_time() -> None:
    changed = replace(LINK, account_number="7654321")

    assert changed.partner_link_id == LINK.partner_link_id
    assert replace(LINK, participant_id="other").partner_link_id != LINK.partner_link_id
