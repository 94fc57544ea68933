"""Cases on the real ledger: whatever an operator says, the books end balanced and nothing pends."""

import pytest

from services.core.errors import Malformed
from services.core.ids import Resource, resource_id
from services.gateway.cases.refusals import CaseNotOpen, CaseResolvedOtherwise, CaseUnknown
from services.gateway.cases.store import Word
from services.gateway.resources.model import Resolution
from services.kit.kafka import Record
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1 import money_pb2
from services.sandbox.demo.codes import SHANGHAI_TAXI
from tests.store.gateway.ledger_world import Ledger
from tests.store.gateway.payments_world import (
    KAKAO,
    SAKURA,
    accepted_late,
    bridge_says,
    rejected,
    voided,
)
from tests.store.gateway.resources_world import (
    COMPLETED,
    PENDING,
    gave_back,
    kept,
    link_of,
    word,
)

RECEIVABLE = "partner-receivable:kakao:KRW"
SHANGHAI = "partner-payable:shanghai:CNY"


def gives(resource: str, refund_id: str) -> Record:
    return bridge_says(resource, refund_id, refund_accepted=bridge.RefundAccepted())


def keeps(resource: str, refund_id: str) -> Record:
    said = bridge.RefundRejected(reason="CLOSED", message="The account is closed.")
    return bridge_says(resource, refund_id, refund_rejected=said)


async def strand_refund(ledger: Ledger) -> payment_pb2.Refund:
    """A refund that the merchant's network gave back and the payer's wallet refuses."""
    await ledger.pay("p1", KAKAO, SHANGHAI_TAXI)
    refund = await ledger.world.refund("r1", "p1", None, KAKAO, "CNY")
    await ledger.settle()
    await ledger.hear(gave_back(refund))
    await ledger.hear(kept(refund, "collect"))
    return refund


async def test_a_stranded_refund_is_listed_and_counts_as_given_back(ledger: Ledger) -> None:
    refund = await strand_refund(ledger)

    [case] = await ledger.world.cases.list(10)
    assert (case.resource_id, case.step) == (link_of(refund), "collect")
    assert case.reason == "REFUND_WINDOW_OVER"
    assert (case.file.partner_id, case.file.amount.minor) == (
        "kakao-online",
        refund.home.minor_units,
    )
    assert (await ledger.world.look("r1", KAKAO)).state == PENDING


async def test_a_stranded_refund_asked_once_more_ends_as_if_nothing_had_been(
    ledger: Ledger,
) -> None:
    before = await ledger.balances()
    refund = await strand_refund(ledger)
    link = link_of(refund)
    await ledger.world.cases.resolve(link, word("retry"))
    rows = await ledger.world.gateway.rows()
    asked = bridge.BridgeCommand.FromString(rows[-1]["payload"]).refund_charge
    assert asked.refund_id == f"{link}-collect-1"
    # The first answer comes again: it is not the one to this question.
    await ledger.hear(kept(refund, "collect"))
    assert await ledger.world.cases.list(10) == []

    await ledger.hear(gives(link, asked.refund_id))

    assert (await ledger.world.look("r1", KAKAO)).state == COMPLETED
    assert await ledger.balances() == before
    await ledger.assert_balanced()


async def test_a_stranded_refund_settled_outside_is_posted(ledger: Ledger) -> None:
    before = await ledger.balances()
    refund = await strand_refund(ledger)
    await ledger.world.cases.resolve(link_of(refund), word("settled"))
    await ledger.settle()

    assert (await ledger.world.look("r1", KAKAO)).state == COMPLETED
    assert await ledger.balances() == before
    await ledger.assert_balanced()


async def test_a_stranded_refund_written_off_leaves_the_payer_s_share_on_loss(
    ledger: Ledger,
) -> None:
    refund = await strand_refund(ledger)
    await ledger.world.cases.resolve(link_of(refund), word("write_off"))
    await ledger.settle()

    found = await ledger.world.look("r1", KAKAO)
    assert (found.state, found.reason) == (COMPLETED, "WRITTEN_OFF")
    balances = await ledger.balances()
    # The wallet still owes what it collected; the house holds it, and has it to give.
    assert balances["loss:KRW"] == refund.home.minor_units == -balances[RECEIVABLE]
    assert SHANGHAI not in balances
    await ledger.assert_balanced()


async def strand_late(ledger: Ledger, side: str = "deliver") -> str:
    """A charge accepted after the decline, which the partner does not give back."""
    gateway = ledger.world.gateway
    payment = await gateway.create("p1", KAKAO, SHANGHAI_TAXI)
    await gateway.confirm("p1", KAKAO)
    await ledger.settle()
    await gateway.hear(rejected(payment, "collect"))
    await ledger.settle()
    if side == "deliver":
        late = accepted_late(payment)
    else:
        said = bridge.ChargeAcceptedLate(partner_reference="T1", partner_id="kakao-online")
        late = bridge_says(
            payment.terms.resource_id, payment.terms.collect_charge_id, charge_accepted_late=said
        )
    await gateway.hear(late)
    await ledger.settle()
    reference = await gateway.pool.fetchval("SELECT reference FROM late_charges")
    resource = resource_id(Resource.LATE, reference)
    await ledger.hear(keeps(resource, resource))
    return resource


@pytest.mark.parametrize("side", ["deliver", "collect"])
@pytest.mark.parametrize("resolution", ["retry", "settled", "write_off"])
async def test_a_late_charge_leaves_nothing_in_suspense(
    ledger: Ledger, side: str, resolution: str
) -> None:
    before = await ledger.balances()
    resource = await strand_late(ledger, side)
    assert any(name.startswith("suspense") for name in await ledger.balances())

    await ledger.world.cases.resolve(resource, word(resolution))
    await ledger.settle()
    if resolution == "retry":
        await ledger.hear(gives(resource, f"{resource}-1"))

    after = await ledger.balances()
    assert not any(name.startswith("suspense") for name in after)
    lost = {name: amount for name, amount in after.items() if name not in before}
    if resolution == "write_off":
        account = SHANGHAI if side == "deliver" else RECEIVABLE
        loss = "loss:CNY" if side == "deliver" else "loss:KRW"
        assert set(lost) == {account, loss}
        assert lost[account] == -lost[loss]
        assert (lost[loss] < 0) == (side == "deliver")
    else:
        assert after == before
    assert await ledger.world.cases.list(10) == []
    await ledger.assert_balanced()


async def strand_top_up(ledger: Ledger) -> str:
    """What a bank drew after the decline and does not take back."""
    link = pb.LinkBankAccountRequest(
        bank_link_id="l1", payer_id="hanako", partner_id="bank", bank_code="0310",
        branch_code="101", account_type="1", account_number="1234567", holder_name="ヤマダ",
    )  # fmt: skip
    await ledger.world.links.link(SAKURA, link)
    amount = money_pb2.Money(minor_units=30_000, currency_code="JPY")
    request = pb.CreateTopUpRequest(top_up_id="t1", bank_link_id="l1", amount=amount)
    made = await ledger.world.top_ups.create(SAKURA, request)
    await ledger.settle()
    resource = resource_id(Resource.TOP_UP, made.reference)
    draw = f"{resource}-draw"
    await ledger.hear(
        bridge_says(resource, draw, charge_rejected=bridge.ChargeRejected(reason="PAYER_FUNDS"))
    )
    await ledger.hear(bridge_says(resource, draw, charge_accepted_late=bridge.ChargeAcceptedLate()))
    await ledger.hear(keeps(resource, f"{resource}-back"))
    return resource


@pytest.mark.parametrize("resolution", ["retry", "settled", "write_off"])
async def test_a_top_up_that_came_too_late_ends_by_an_operator_s_word(
    ledger: Ledger, resolution: str
) -> None:
    before = await ledger.balances()
    resource = await strand_top_up(ledger)
    [case] = await ledger.world.cases.list(10)
    assert (case.resource_id, case.step) == (resource, "give_back")

    await ledger.world.cases.resolve(resource, word(resolution))
    await ledger.settle()
    if resolution == "retry":
        await ledger.hear(gives(resource, f"{resource}-back-1"))
    late = bridge_says(
        resource, f"{resource}-draw", charge_accepted_late=bridge.ChargeAcceptedLate()
    )
    if resolution != "retry":
        await ledger.hear(late)

    drawn = {"bank-clearing-in:JPY": -30_000, "loss:JPY": 30_000}
    assert await ledger.balances() == before | (drawn if resolution == "write_off" else {})
    assert await ledger.world.cases.list(10) == []
    await ledger.world.make_due()
    assert await ledger.world.repeater.step() == 0
    await ledger.assert_balanced()


async def test_an_operator_s_word_is_journaled_and_counts_once(ledger: Ledger) -> None:
    refund = await strand_refund(ledger)
    link = link_of(refund)
    await ledger.world.cases.resolve(link, word("settled"))
    await ledger.settle()
    again = await ledger.world.cases.resolve(link, word("settled"))
    assert again.step == "done"
    with pytest.raises(CaseResolvedOtherwise):
        await ledger.world.cases.resolve(link, word("write_off"))

    rows = await ledger.world.gateway.pool.fetch("SELECT * FROM case_resolutions")
    assert [tuple(row)[:6] for row in rows] == [
        (link, 1, "settled", "collect", "mei", "asked the partner")
    ]
    assert await ledger.world.gateway.rows() == []


async def test_only_what_waits_for_an_operator_can_be_resolved(ledger: Ledger) -> None:
    await ledger.pay("p1")
    refund = await ledger.world.refund("r1", "p1", 300)
    cases = ledger.world.cases

    with pytest.raises(CaseNotOpen):
        await cases.resolve(link_of(refund), word("retry"))
    for name in ("nonsense", f"refund-{'0' * 26}", f"payment-{'0' * 26}", "late-"):
        with pytest.raises(CaseUnknown):
            await cases.resolve(name, word("retry"))
    for operator, reason in (("", "why"), ("mei", " "), ("m" * 101, "why")):
        with pytest.raises(Malformed):
            await cases.resolve(link_of(refund), Word(Resolution.RETRY, operator, reason, "key"))


async def test_voided_and_late_words_do_not_move_what_is_over(ledger: Ledger) -> None:
    resource = await strand_late(ledger)
    await ledger.world.cases.resolve(resource, word("write_off"))
    await ledger.settle()
    before = await ledger.balances()
    payment = await ledger.world.gateway.create("p1", KAKAO, SHANGHAI_TAXI)

    await ledger.hear(gives(resource, resource), voided(payment))

    assert await ledger.balances() == before
