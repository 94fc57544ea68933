"""Codes, keys and charges as messages, and the fact that asks a payer to confirm."""

from dataclasses import asdict, fields
from datetime import datetime

from services.gateway.admin.codec import choice
from services.gateway.lanes import FACT_STRIPE
from services.gateway.payments.messages import STATE_NUMBERS, STATES, payment_message, timestamp
from services.gateway.payments.model import Payment, State
from services.gateway.payments.saga import CANCELLED_BY_SHOP
from services.gateway.payments.waiters import Snapshot
from services.gateway.presenting.drawing import Form, Picture
from services.gateway.presenting.model import (
    Charge,
    CodeState,
    Lifetime,
    OfflineKey,
    PaymentCode,
    Policy,
)
from services.gateway.presenting.offline import STEP_SECONDS
from services.kit.outbox import Outgoing
from services.pb.kawase.gateway.v1 import payment_event_pb2 as facts
from services.pb.kawase.gateway.v1 import presented_service_pb2 as pb

CODE_STATES = {
    state: pb.PaymentCodeState.Value(f"PAYMENT_CODE_STATE_{state.name}") for state in CodeState
}
_FORMS: dict[int, Form] = {
    pb.PAYMENT_CODE_FORM_QR: Form.QR,
    pb.PAYMENT_CODE_FORM_BARCODE: Form.BARCODE,
}
_PICTURES: dict[int, Picture] = {
    pb.PICTURE_FORMAT_PNG: Picture.PNG,
    pb.PICTURE_FORMAT_SVG: Picture.SVG,
}
PAYER_CONFIRMATION = "PAYER_CONFIRMATION"
NEVER_CONFIRMED = frozenset({State.CANCELLED, State.EXPIRED})
_UNDER_WAY = "Under way."
_GIVEN_UP = "Cancelled at the till: nothing was taken."
_TILL_WORDS = {
    State.ACTION_REQUIRED: "The payer has to confirm on the phone.",
    State.COMPLETED: "Paid.",
    State.DECLINED: "Declined: ask for another way to pay.",
    State.CANCELLED: "The payer did not want to pay.",
    State.EXPIRED: "The payer did not confirm in time.",
}


def code_message(code: PaymentCode, now: datetime) -> pb.PaymentCode:
    """A code as its wallet sees it."""
    return pb.PaymentCode(
        code_id=code.code_id,
        payer_id=code.payer_id,
        country_code=code.country_code,
        code=code.text,
        barcode_number=code.number,
        state=CODE_STATES[code.state(now)],
        create_time=timestamp(code.create_time),
        expire_time=timestamp(code.expire_time),
        payment_id=code.payment_id,
    )


def key_message(key: OfflineKey) -> pb.OfflineKey:
    """A key without its secret."""
    return pb.OfflineKey(
        offline_key_id=key.offline_key_id,
        payer_id=key.payer_id,
        key_number=key.key_number,
        code_count=key.code_count,
        step_seconds=STEP_SECONDS,
        create_time=timestamp(key.create_time),
        expire_time=timestamp(key.expire_time),
    )


def form_from(number: int) -> Form:
    """Raises `FieldMissing` or `ChoiceUnknown`."""
    return choice(_FORMS, number, "form")


def picture_from(number: int) -> Picture:
    """Raises `FieldMissing` or `ChoiceUnknown`."""
    return choice(_PICTURES, number, "format")


def lifetime_message(lifetime: Lifetime) -> pb.CodeLifetime:
    """How long codes live."""
    return pb.CodeLifetime(**asdict(lifetime))


def lifetime_from(message: pb.CodeLifetime) -> Lifetime:
    """The same as it came."""
    return Lifetime(**{field.name: getattr(message, field.name) for field in fields(Lifetime)})


def policy_message(policy: Policy) -> pb.PresentingPolicy:
    """What a wallet wishes."""
    return pb.PresentingPolicy(
        confirm_above_minor_units=policy.confirm_above,
        offline_maximum_minor_units=policy.offline_maximum,
        jpqr_operator_code=policy.jpqr_operator_code,
    )


def policy_of(wallet_id: str, message: pb.PresentingPolicy) -> Policy:
    """A policy as it came."""
    return Policy(
        wallet_id,
        message.confirm_above_minor_units,
        message.offline_maximum_minor_units,
        message.jpqr_operator_code,
    )


def state_for_acquirer(charge: Charge, snapshot: Snapshot) -> State:
    """A quote waits for the payer, or is about to be confirmed; one that never was confirmed though
    no payer was asked is declined."""
    state = STATES[snapshot.state]
    if state is State.QUOTED:
        return State.ACTION_REQUIRED if charge.waits_for_payer else State.CONFIRMED
    own_word = snapshot.reason == CANCELLED_BY_SHOP
    if state in NEVER_CONFIRMED and not charge.waits_for_payer and not own_word:
        return State.DECLINED
    return state


def presented_message(charge: Charge, snapshot: Snapshot) -> pb.PresentedPayment:
    """The merchant's side of a payment: nothing of the payer, of home money or of the margin."""
    state = state_for_acquirer(charge, snapshot)
    words = _GIVEN_UP if snapshot.reason == CANCELLED_BY_SHOP else _TILL_WORDS.get(state)
    told = pb.PresentedPayment(
        payment_id=charge.payment_id,
        reference=charge.reference,
        state=STATE_NUMBERS[state],
        merchant=snapshot.merchant,
        amount=snapshot.target,
        message=words or _UNDER_WAY,
        create_time=snapshot.create_time,
        update_time=snapshot.update_time,
    )
    if snapshot.HasField("refunded"):
        told.refunded.CopyFrom(snapshot.refunded)
    if STATES[snapshot.state] is State.QUOTED:
        told.expire_time.CopyFrom(snapshot.quote_expire_time)
    return told


def confirmation_fact(payment: Payment) -> Outgoing:
    """Tells the payer's wallet that a quote waits for it to be confirmed."""
    snapshot = payment_message(payment)
    snapshot.reason = PAYER_CONFIRMATION
    snapshot.message = "A shop asks for this payment: the payer has to confirm it."
    event = facts.PaymentEvent(
        participant_id=payment.terms.participant_id,
        event_time=snapshot.update_time,
        payment_action_required=facts.PaymentActionRequired(payment=snapshot),
    )
    return Outgoing(
        "payment.event",
        payment.terms.reference,
        FACT_STRIPE,
        "PaymentActionRequired",
        event.SerializeToString(),
    )
