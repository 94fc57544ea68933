"""Disputes on the real ledger: set aside once, freed or posted, never beyond what was captured."""

from datetime import timedelta

import pytest

from services.core.money import Money
from services.gateway.cases.refusals import ResolutionUnfit
from services.gateway.disputes import refusals
from services.gateway.disputes.model import Dispute
from services.gateway.payments.model import Payment
from services.gateway.refunds.refusals import NothingLeftToRefund, RefundExceedsPayment
from services.kit.kafka import Record
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent
from services.sandbox.demo.codes import SHANGHAI_TAXI
from tests.store.gateway.ledger_world import PAYABLE, Ledger
from tests.store.gateway.payments_world import KAKAO, bridge_says
from tests.store.gateway.resources_world import decided, opened, word

RECEIVABLE = "partner-receivable:kakao:KRW"
SHANGHAI = "partner-payable:shanghai:CNY"


async def only(ledger: Ledger) -> Dispute:
    [dispute] = await ledger.world.disputes.list(False, 10)
    return dispute


async def state(ledger: Ledger) -> tuple[str, str]:
    life = (await only(ledger)).life
    return life.state, life.step


async def pending(ledger: Ledger) -> dict[str, int]:
    """What is set aside, by the account it is taken from."""
    rows = await ledger.pool.fetch("SELECT * FROM balances WHERE debits_pending > 0")
    return {row["account_id"]: int(row["debits_pending"]) for row in rows}


async def two_payments(ledger: Ledger) -> Payment:
    """Of a payer who was charged, at a shop of ours that can bear a dispute of one of them."""
    await ledger.pay("p0", KAKAO)
    return await ledger.pay("p1", KAKAO)


async def test_what_is_contested_is_set_aside_and_freed_when_it_is_won(ledger: Ledger) -> None:
    payment = await two_payments(ledger)
    before = await ledger.balances()
    home = payment.terms.home_minor
    await ledger.hear(opened(payment, home), opened(payment, home))
    await ledger.hear(opened(payment, home))

    assert await state(ledger) == ("open", "hold")
    assert (await pending(ledger))[PAYABLE] == 1_000
    await ledger.hear(decided(payment, won=True))
    await ledger.hear(decided(payment, won=True), decided(payment, won=False))

    assert await state(ledger) == ("won", "done")
    assert await ledger.balances() == before
    await ledger.assert_balanced()


async def test_a_lost_dispute_is_borne_by_the_merchant_at_the_original_rate(
    ledger: Ledger,
) -> None:
    payment = await two_payments(ledger)
    before = await ledger.balances()
    await ledger.hear(opened(payment, payment.terms.home_minor))
    await ledger.hear(decided(payment, won=False))

    assert await state(ledger) == ("lost", "done")
    after = await ledger.balances()
    assert after[PAYABLE] == before[PAYABLE] - 1_000
    assert after[RECEIVABLE] == before[RECEIVABLE] + payment.terms.home_minor
    assert after["fee-income:JPY"] == before["fee-income:JPY"]
    # Nothing is left of the payment but its fee: the other one's positions remain.
    assert after["position:JPY"] == before["position:JPY"] + 1_000
    await ledger.assert_balanced()


async def test_the_partner_s_word_may_come_before_the_ledger_s(ledger: Ledger) -> None:
    payment = await two_payments(ledger)
    before = (await ledger.balances())[PAYABLE]
    await ledger.world.hear(opened(payment, payment.terms.home_minor), decided(payment, won=False))
    assert await state(ledger) == ("lost", "reserve")
    await ledger.settle()

    assert await state(ledger) == ("lost", "done")
    assert (await ledger.balances())[PAYABLE] == before - 1_000
    await ledger.assert_balanced()


@pytest.mark.parametrize("resolution", ["retry", "settled", "write_off"])
async def test_a_merchant_who_cannot_bear_it_leaves_a_case_in_suspense(
    ledger: Ledger, resolution: str
) -> None:
    payment = await ledger.pay("p1", KAKAO)
    await ledger.hear(opened(payment, payment.terms.home_minor))
    assert (await only(ledger)).life.reason == "MERCHANT_LIMIT_REACHED"
    assert (await pending(ledger))["suspense:JPY"] == 1_000
    assert await ledger.world.cases.list(10) == []
    await ledger.hear(decided(payment, won=False))

    [case] = await ledger.world.cases.list(10)
    assert (case.step, case.reason) == ("suspend", "MERCHANT_LIMIT_REACHED")
    assert (await ledger.balances())["suspense:JPY"] == -1_000
    if resolution == "retry":
        # Still too little: it is a case again.
        await ledger.world.cases.resolve(case.resource_id, word("retry"))
        await ledger.settle()
        assert len(await ledger.world.cases.list(10)) == 1
        await ledger.pay("p2", KAKAO)
    await ledger.world.cases.resolve(case.resource_id, word(resolution))
    await ledger.settle()

    assert await state(ledger) == ("lost", "done")
    balances = await ledger.balances()
    assert balances.get("suspense:JPY", 0) == (-1_000 if resolution == "settled" else 0)
    assert balances.get("loss:JPY", 0) == (-1_000 if resolution == "write_off" else 0)
    await ledger.assert_balanced()


async def test_a_merchant_who_cannot_bear_it_has_nothing_taken_when_it_is_won(
    ledger: Ledger,
) -> None:
    payment = await ledger.pay("p1", KAKAO)
    before = await ledger.balances()
    await ledger.hear(opened(payment, payment.terms.home_minor))
    await ledger.hear(decided(payment, won=True))

    assert await state(ledger) == ("won", "done")
    assert await ledger.balances() == before


async def test_the_house_bears_what_a_payer_contests_of_a_network_s_merchant(
    ledger: Ledger,
) -> None:
    payment = await ledger.pay("p1", KAKAO, SHANGHAI_TAXI)
    before = await ledger.balances()
    await ledger.hear(opened(payment, 4_000))
    await ledger.hear(decided(payment, won=False))

    after = await ledger.balances()
    assert after["loss:KRW"] == -4_000
    assert after[RECEIVABLE] == before[RECEIVABLE] + 4_000
    assert after[SHANGHAI] == before[SHANGHAI]
    await ledger.assert_balanced()


async def network_gives_back(ledger: Ledger) -> tuple[Payment, str]:
    """A dispute of a merchant's network, lost by it: the payer's wallet is asked last."""
    payment = await ledger.pay("p1", KAKAO, SHANGHAI_TAXI)
    await ledger.hear(opened(payment, payment.terms.target_minor, "deliver"))
    await ledger.hear(decided(payment, won=False, side="deliver"))
    assert await state(ledger) == ("lost", "collect")
    return payment, (await only(ledger)).resource_id


def wallet_says_of(resource: str, refund_id: str, gives: bool) -> Record:
    if gives:
        return bridge_says(resource, refund_id, refund_accepted=bridge.RefundAccepted())
    return bridge_says(resource, refund_id, refund_rejected=bridge.RefundRejected(reason="NO"))


async def test_what_a_network_gives_back_goes_to_the_payer(ledger: Ledger) -> None:
    before = await ledger.balances()
    _, resource = await network_gives_back(ledger)
    await ledger.hear(wallet_says_of(resource, f"{resource}-collect", gives=True))

    assert await state(ledger) == ("lost", "done")
    assert await ledger.balances() == before
    await ledger.assert_balanced()


@pytest.mark.parametrize("resolution", ["retry", "settled", "write_off"])
async def test_what_a_network_gives_back_and_the_payer_s_wallet_refuses_is_a_case(
    ledger: Ledger, resolution: str
) -> None:
    before = await ledger.balances()
    payment, resource = await network_gives_back(ledger)
    await ledger.hear(wallet_says_of(resource, f"{resource}-collect", gives=False))
    [case] = await ledger.world.cases.list(10)
    assert case.step == "collect"
    await ledger.world.cases.resolve(resource, word(resolution))
    await ledger.settle()
    if resolution == "retry":
        await ledger.hear(wallet_says_of(resource, f"{resource}-collect-1", gives=True))

    assert await state(ledger) == ("lost", "done")
    home = payment.terms.home_minor
    kept = {RECEIVABLE: -home, "loss:KRW": home} if resolution == "write_off" else {}
    assert await ledger.balances() == before | kept
    await ledger.assert_balanced()


async def test_a_dispute_counts_against_what_can_be_refunded(ledger: Ledger) -> None:
    payment = await two_payments(ledger)
    await ledger.hear(opened(payment, payment.terms.home_minor // 2))
    with pytest.raises(RefundExceedsPayment):
        await ledger.world.refund("r1", "p1", 501, KAKAO)
    await ledger.world.refund("r2", "p1", None, KAKAO)
    with pytest.raises(NothingLeftToRefund):
        await ledger.world.refund("r3", "p1", 1, KAKAO)
    await ledger.hear(decided(payment, won=True))

    refund = await ledger.world.refund("r4", "p1", None, KAKAO)

    rest = (await ledger.world.look("r2", KAKAO)).target.minor_units
    assert refund.target.minor_units == 1_000 - rest


@pytest.mark.parametrize("resolution", ["settled", "write_off"])
async def test_what_was_refunded_is_not_charged_back_to_the_merchant_too(
    ledger: Ledger, resolution: str
) -> None:
    payment = await two_payments(ledger)
    refund = await ledger.world.refund("r1", "p1", None, KAKAO)
    await ledger.settle()
    link = f"refund-{refund.reference}"
    await ledger.hear(wallet_says_of(link, f"{link}-collect", gives=True))
    before = await ledger.balances()
    home = payment.terms.home_minor
    await ledger.hear(opened(payment, home))
    assert await state(ledger) == ("open", "hold")
    assert await pending(ledger) == {}
    await ledger.hear(decided(payment, won=False))

    [case] = await ledger.world.cases.list(10)
    assert (case.reason, case.file.amount) == ("EXCEEDS_CAPTURED", Money(home, "KRW"))
    with pytest.raises(ResolutionUnfit):
        await ledger.world.cases.resolve(case.resource_id, word("retry"))
    await ledger.world.cases.resolve(case.resource_id, word(resolution))
    await ledger.settle()

    after = await ledger.balances()
    assert after[PAYABLE] == before[PAYABLE]
    assert after.get("loss:KRW", 0) == (-home if resolution == "write_off" else 0)
    await ledger.assert_balanced()


async def test_an_answer_is_sent_once_and_repeated_until_the_partner_decides(
    ledger: Ledger,
) -> None:
    payment = await two_payments(ledger)
    await ledger.hear(opened(payment, 4_000))
    world, disputes = ledger.world, ledger.world.disputes
    answered = await disputes.answer("d1", False, "The receipt.", "mei", "key")
    again = await disputes.answer("d1", False, "The receipt.", "mei", "key")

    assert answered.life.state == again.life.state == "answered"
    rows = {row["type"]: row for row in await world.gateway.rows()}
    command = bridge.BridgeCommand.FromString(rows["AnswerDispute"]["payload"]).answer_dispute
    assert (command.dispute_id, command.resource_id) == ("d1", payment.terms.resource_id)
    assert (command.accept, command.evidence) == (False, "The receipt.")
    fact = PaymentEvent.FromString(rows["DisputeChanged"]["payload"])
    assert fact.dispute_changed.dispute.payment_id == "p1"
    assert fact.participant_id == "kakao"
    with pytest.raises(refusals.DisputeAnswered):
        await disputes.answer("d1", True, "", "mei", "key")
    await world.make_due()
    assert await world.repeater.step() == 1
    assert await world.sent() == ["AnswerDispute"]
    await ledger.hear(decided(payment, won=True))
    assert await state(ledger) == ("won", "done")
    assert await disputes.list(True, 10) == []


async def test_an_answer_that_is_late_or_about_nothing_is_refused(ledger: Ledger) -> None:
    payment = await two_payments(ledger)
    await ledger.hear(opened(payment, 4_000), opened(payment, 1_000, dispute_id="d2"))
    disputes = ledger.world.disputes
    with pytest.raises(refusals.EvidenceMissing):
        await disputes.answer("d1", False, " ", "mei", "key")
    with pytest.raises(refusals.DisputeUnknown):
        await disputes.answer("d9", True, "", "mei", "key")
    await ledger.hear(decided(payment, won=False, dispute_id="d2"))
    with pytest.raises(refusals.DisputeOver):
        await disputes.answer("d2", True, "", "mei", "key")
    ledger.world.gateway.clock.advance(timedelta(days=8))
    with pytest.raises(refusals.DisputeAnswerTooLate):
        await disputes.answer("d1", True, "", "mei", "key")


async def test_what_contests_no_charge_of_ours_changes_nothing(ledger: Ledger) -> None:
    payment = await two_payments(ledger)
    before = await ledger.balances()
    await ledger.hear(
        # No network was asked to deliver, so there is nothing of that side to contest.
        opened(payment, 100, "deliver", "d2"),
        opened(payment, 0, dispute_id="d3"),
        decided(payment, won=False, dispute_id="d9"),
    )

    assert await ledger.world.disputes.list(False, 10) == []
    assert await ledger.balances() == before


async def test_a_dispute_of_a_payment_that_is_not_completed_sets_nothing_aside(
    ledger: Ledger,
) -> None:
    quoted = await ledger.world.gateway.create("p2", KAKAO)
    await ledger.hear(opened(quoted, 100))
    assert await state(ledger) == ("open", "hold")
    assert await pending(ledger) == {}
    await ledger.hear(decided(quoted, won=False))

    [case] = await ledger.world.cases.list(10)
    assert case.reason == "EXCEEDS_CAPTURED"
