"""Payments on a real Postgres: what each event stores and sends, until nothing is outstanding."""

from services.gateway.payments.messages import STATES
from services.gateway.payments.model import State
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent
from services.sandbox.demo.codes import SHANGHAI_TAXI
from tests.store.gateway.payments_world import (
    KAKAO,
    SAKURA,
    Gateway,
    accepted,
    accepted_late,
    action_required,
    bridge_says,
    cancelled,
    posted,
    refused,
    rejected,
    reserved,
    voided,
    wallet_says,
)


async def test_a_payment_at_a_shop_of_ours_is_reserved_completed_and_posted(
    gateway: Gateway,
) -> None:
    payment = await gateway.create("p1")
    assert await gateway.state("p1") == ("quoted", "quote")
    assert await gateway.sent() == []

    asked = await gateway.confirm("p1")
    assert await gateway.state("p1") == ("confirmed", "reserve")
    assert await gateway.sent() == [("ReserveFunds", "prefund:panda:CNY")]

    await gateway.hear(reserved(payment))
    assert asked.waiting is not None
    assert STATES[(await asked.waiting).state] is State.COMPLETED
    assert await gateway.state("p1") == ("completed", "post")
    assert await gateway.sent() == [
        ("PostFunds", "prefund:panda:CNY"),
        ("PaymentCompleted", payment.terms.reference),
    ]

    await gateway.hear(posted(payment))
    assert await gateway.state("p1") == ("completed", "done")
    assert await gateway.sent() == []


async def test_a_partner_s_shop_is_paid_before_the_ledger_posts(gateway: Gateway) -> None:
    payment = await gateway.create("p1", SAKURA, SHANGHAI_TAXI)
    await gateway.confirm("p1", SAKURA)
    await gateway.hear(reserved(payment))

    assert await gateway.state("p1", SAKURA) == ("confirmed", "deliver")
    assert [kind for kind, _ in await gateway.sent()] == ["ReserveFunds", "StartCharge"]

    await gateway.hear(accepted(payment))
    await gateway.hear(posted(payment))
    assert await gateway.state("p1", SAKURA) == ("completed", "done")


async def test_a_completed_payment_tells_whose_shop_of_ours_was_paid(gateway: Gateway) -> None:
    ours, partners = await gateway.create("p1"), await gateway.create("p2", SAKURA, SHANGHAI_TAXI)
    await gateway.confirm("p1")
    await gateway.confirm("p2", SAKURA)
    await gateway.hear(reserved(ours), reserved(partners))
    await gateway.hear(accepted(partners))
    told = [
        PaymentEvent.FromString(row["payload"]).payment_completed
        for row in await gateway.rows()
        if row["type"] == "PaymentCompleted"
    ]
    assert {each.payment.payment_id: each.acquirer_id for each in told} == {"p1": "edo", "p2": ""}


async def test_every_event_may_come_twice(gateway: Gateway) -> None:
    payment = await gateway.create("p1", SAKURA, SHANGHAI_TAXI)
    await gateway.confirm("p1", SAKURA)
    for event in (reserved(payment), accepted(payment), posted(payment)):
        await gateway.hear(event, event)
        await gateway.hear(event)

    assert await gateway.state("p1", SAKURA) == ("completed", "done")
    kinds = [kind for kind, _ in await gateway.sent()]
    assert kinds == ["ReserveFunds", "StartCharge", "PostFunds", "PaymentCompleted"]


async def test_funds_that_are_refused_decline_the_payment(gateway: Gateway) -> None:
    payment = await gateway.create("p1")
    asked = await gateway.confirm("p1")
    await gateway.hear(refused(payment))

    assert asked.waiting is not None
    answer = await asked.waiting
    assert STATES[answer.state] is State.DECLINED
    assert answer.reason == "INSUFFICIENT_FUNDS"
    assert await gateway.state("p1") == ("declined", "done")


async def test_a_delivery_that_is_rejected_gives_the_funds_back(gateway: Gateway) -> None:
    payment = await gateway.create("p1", SAKURA, SHANGHAI_TAXI)
    await gateway.confirm("p1", SAKURA)
    await gateway.hear(reserved(payment))
    await gateway.sent()
    await gateway.hear(rejected(payment))

    assert await gateway.state("p1", SAKURA) == ("declined", "void")
    assert [kind for kind, _ in await gateway.sent()] == ["VoidFunds", "PaymentDeclined"]
    await gateway.hear(voided(payment))
    assert await gateway.state("p1", SAKURA) == ("declined", "done")


async def test_what_was_collected_is_cancelled_when_the_delivery_is_rejected(
    gateway: Gateway,
) -> None:
    payment = await gateway.create("p1", KAKAO, SHANGHAI_TAXI)
    asked = await gateway.confirm("p1", KAKAO)
    await gateway.hear(reserved(payment))
    await gateway.hear(action_required(payment))
    assert asked.waiting is not None
    assert (await asked.waiting).action_url == "https://approve.example/1"
    await gateway.hear(accepted(payment, "collect"))
    await gateway.sent()

    await gateway.hear(rejected(payment))
    assert await gateway.state("p1", KAKAO) == ("declined", "undo")
    assert [kind for kind, _ in await gateway.sent()] == ["CancelCharge", "PaymentDeclined"]
    await gateway.hear(cancelled(payment))
    assert [kind for kind, _ in await gateway.sent()] == ["VoidFunds"]
    await gateway.hear(voided(payment))
    assert await gateway.state("p1", KAKAO) == ("declined", "done")


async def test_an_acceptance_after_the_decline_is_a_late_charge_of_its_own(
    gateway: Gateway,
) -> None:
    payment = await gateway.create("p1", SAKURA, SHANGHAI_TAXI)
    await gateway.confirm("p1", SAKURA)
    await gateway.hear(reserved(payment))
    await gateway.hear(rejected(payment))
    await gateway.hear(voided(payment))
    await gateway.sent()

    await gateway.hear(accepted_late(payment), accepted_late(payment))
    await gateway.hear(accepted_late(payment))
    assert await gateway.state("p1", SAKURA) == ("declined", "done")
    assert await gateway.sent() == [("TransferFunds", "partner-payable:shanghai:CNY")]

    late = "late-" + await gateway.pool.fetchval("SELECT reference FROM late_charges")
    await gateway.hear(wallet_says(late, funds_posted=_posted()))
    assert [kind for kind, _ in await gateway.sent()] == ["RefundCharge"]
    await gateway.hear(bridge_says(late, late, refund_accepted=_refunded()))
    assert [kind for kind, _ in await gateway.sent()] == ["TransferFunds"]
    await gateway.hear(wallet_says(f"{late}-back", funds_posted=_posted()))
    assert await gateway.pool.fetchval("SELECT state FROM late_charges") == "refunded"


def _posted() -> object:
    from services.pb.kawase.wallet.v1 import wallet_message_pb2

    return wallet_message_pb2.FundsPosted()


def _refunded() -> object:
    from services.pb.kawase.bridge.v1 import bridge_message_pb2

    return bridge_message_pb2.RefundAccepted()


async def test_events_of_unknown_payments_and_of_others_work_change_nothing(
    gateway: Gateway,
) -> None:
    payment = await gateway.create("p1")
    await gateway.hear(
        wallet_says("payment-01ARZ3NDEKTSV4RRFFQ69G5FAV", funds_posted=_posted()),
        wallet_says("payout-7", funds_posted=_posted()),
        wallet_says("open-abc", funds_posted=_posted()),
        posted(payment),
    )

    assert await gateway.state("p1") == ("quoted", "quote")
    assert await gateway.sent() == []
