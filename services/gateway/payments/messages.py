"""Payments as messages: the snapshot callers see, facts, and commands to wallet and bridge."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from services.core.money import Money
from services.gateway.escrow.parts import reserved_legs
from services.gateway.lanes import COMMAND_STRIPE, FACT_STRIPE
from services.gateway.payments.model import Leg, Payment, State, captured_terms, legs_of
from services.gateway.payments.saga import Order
from services.kit.outbox import Outgoing
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.gateway.v1 import payment_event_pb2 as facts
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.wallet.v1 import transfer_pb2 as ledger
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet

# A charge no partner has been asked for by then is not worth asking for: the payer has left.
CHARGE_WANTED = timedelta(minutes=15)

STATE_NUMBERS = {
    state: payment_pb2.PaymentState.Value(f"PAYMENT_STATE_{state.name}") for state in State
}
STATES = {number: state for state, number in STATE_NUMBERS.items()}


def timestamp(instant: datetime) -> Timestamp:
    """An instant as its message."""
    return Timestamp(seconds=int(instant.timestamp()), nanos=instant.microsecond * 1000)


def money(minor: int, currency: str) -> money_pb2.Money:
    """An amount as its message."""
    return money_pb2.Money(minor_units=minor, currency_code=currency)


def payment_message(payment: Payment) -> payment_pb2.Payment:
    """The payment as its participant sees it."""
    agreed, life = payment.terms, payment.life
    terms = captured_terms(payment)
    target = terms.target_currency
    home = terms.home_currency
    refunded = life.refunded_minor
    in_part = life.captured is not None
    return payment_pb2.Payment(
        payment_id=terms.payment_id,
        reference=terms.reference,
        state=STATE_NUMBERS[life.state],
        merchant=payment_pb2.Merchant(
            merchant_id=terms.merchant_id,
            name=terms.merchant_name,
            city=terms.merchant_city,
            country_code=terms.merchant_country,
        ),
        target=money(terms.target_minor, target),
        home=money(terms.home_minor, home),
        spread=money(terms.spread_minor, home),
        mid=f"{terms.mid:.12f}",
        quote_expire_time=timestamp(terms.quote_expire_time),
        action_url=life.action_url,
        reason=life.reason,
        message=life.message,
        create_time=timestamp(terms.create_time),
        update_time=timestamp(life.update_time),
        payer_id=terms.payer_id,
        corridor_id=terms.corridor_id,
        refunded=money(refunded, target) if refunded else None,
        authorised_target=money(agreed.target_minor, target) if in_part else None,
        authorised_home=money(agreed.home_minor, home) if in_part else None,
        bill_reference=terms.bill_reference,
        in_escrow=life.escrowed,
    )


_FACTS: dict[State, tuple[str, Callable[[payment_pb2.Payment], dict[str, Any]]]] = {
    State.AUTHORISED: (
        "PaymentAuthorised",
        lambda p: {"payment_authorised": facts.PaymentAuthorised(payment=p)},
    ),
    State.DECLINED: (
        "PaymentDeclined",
        lambda p: {"payment_declined": facts.PaymentDeclined(payment=p)},
    ),
    State.ACTION_REQUIRED: (
        "PaymentActionRequired",
        lambda p: {"payment_action_required": facts.PaymentActionRequired(payment=p)},
    ),
    State.CANCELLED: (
        "PaymentCancelled",
        lambda p: {"payment_cancelled": facts.PaymentCancelled(payment=p)},
    ),
    State.EXPIRED: (
        "PaymentExpired",
        lambda p: {"payment_expired": facts.PaymentExpired(payment=p)},
    ),
}


def fact_of(
    payment: Payment, snapshot: payment_pb2.Payment, acquirer_id: str = ""
) -> Outgoing | None:
    """The fact that tells of the payment's present state; None where nobody is told.

    `acquirer_id`: of the shop that a completed payment has paid.
    """
    terms, life = payment.terms, payment.life
    body: dict[str, Any]
    if life.state is State.COMPLETED:
        completed = facts.PaymentCompleted(
            payment=snapshot,
            partner_id=terms.acceptance_partner_id,
            partner_reference=life.partner_reference,
            acquirer_id=acquirer_id,
        )
        name = "PaymentCompleted"
        body = {"payment_completed": completed}
    elif life.state in _FACTS:
        name, make = _FACTS[life.state]
        body = make(snapshot)
    else:
        return None
    event = facts.PaymentEvent(
        participant_id=terms.participant_id, event_time=snapshot.update_time, **body
    )
    payload = event.SerializeToString()
    return Outgoing("payment.event", terms.reference, FACT_STRIPE, name, payload)


def snapshot_of(event: facts.PaymentEvent) -> payment_pb2.Payment | None:
    """The payment a fact tells of; None for facts of refunds and top-ups."""
    body = event.WhichOneof("body")
    if body is None or not body.startswith("payment_"):
        return None
    snapshot: payment_pb2.Payment = getattr(event, body).payment
    return snapshot


def leg_message(leg: Leg) -> ledger.Leg:
    """A leg as the wallet reads it."""
    return ledger.Leg(
        debit_account_id=leg.debit_account_id,
        credit_account_id=leg.credit_account_id,
        amount=money(leg.amount.minor, leg.amount.currency),
        purpose=leg.purpose,
    )


def order_message(order: Order, payment: Payment) -> Outgoing:
    """The command that carries `order` out; the same however often it is given."""
    return _MAKERS[order](payment)


def wallet_command(funding_account_id: str, kind: str, command: wallet.WalletCommand) -> Outgoing:
    """A command to the wallet; `kind` is the name of the message within."""
    payload = command.SerializeToString()
    return Outgoing("wallet.command", funding_account_id, COMMAND_STRIPE, kind, payload)


def bridge_command(resource_id: str, kind: str, command: bridge.BridgeCommand) -> Outgoing:
    """A command to the bridge; `kind` is the name of the message within."""
    payload = command.SerializeToString()
    return Outgoing("bridge.command", resource_id, COMMAND_STRIPE, kind, payload)


def _reserve(payment: Payment) -> Outgoing:
    terms = payment.terms
    reserve = wallet.ReserveFunds(
        link_id=terms.resource_id,
        funding_account_id=terms.funding_account_id,
        legs=[leg_message(leg) for leg in reserved_legs(payment)],
    )
    command = wallet.WalletCommand(reserve_funds=reserve)
    return wallet_command(terms.funding_account_id, "ReserveFunds", command)


def _post(payment: Payment) -> Outgoing:
    terms = payment.terms
    if payment.life.captured is not None:
        return _capture(payment)
    post = wallet.PostFunds(link_id=terms.resource_id, funding_account_id=terms.funding_account_id)
    return wallet_command(
        terms.funding_account_id, "PostFunds", wallet.WalletCommand(post_funds=post)
    )


def _capture(payment: Payment) -> Outgoing:
    terms = captured_terms(payment)
    capture = wallet.CaptureFunds(
        link_id=terms.resource_id,
        funding_account_id=terms.funding_account_id,
        capture_link_id=payment.capture_link_id,
        legs=[leg_message(leg) for leg in legs_of(terms)],
    )
    command = wallet.WalletCommand(capture_funds=capture)
    return wallet_command(terms.funding_account_id, "CaptureFunds", command)


def _expire(payment: Payment) -> Outgoing:
    terms = payment.terms
    expire = wallet.ExpireFunds(
        link_id=terms.resource_id, funding_account_id=terms.funding_account_id
    )
    command = wallet.WalletCommand(expire_funds=expire)
    return wallet_command(terms.funding_account_id, "ExpireFunds", command)


def _void(payment: Payment) -> Outgoing:
    terms = payment.terms
    void = wallet.VoidFunds(link_id=terms.resource_id, funding_account_id=terms.funding_account_id)
    return wallet_command(
        terms.funding_account_id, "VoidFunds", wallet.WalletCommand(void_funds=void)
    )


def _collect(payment: Payment) -> Outgoing:
    terms = payment.terms
    charge = bridge.StartCharge(
        charge_id=terms.collect_charge_id,
        kind=bridge.CHARGE_KIND_COLLECT,
        partner_id=terms.collect_partner_id,
        amount=money(terms.home_minor, terms.home_currency),
        payer_reference=terms.payer_id,
    )
    return _start(payment, charge)


def _deliver(payment: Payment) -> Outgoing:
    terms = payment.terms
    charge = bridge.StartCharge(
        charge_id=terms.deliver_charge_id,
        kind=bridge.CHARGE_KIND_DELIVER,
        partner_id=terms.acceptance_partner_id,
        amount=money(terms.target_minor, terms.target_currency),
        merchant_code=terms.merchant_code,
    )
    return _start(payment, charge)


def _start(payment: Payment, charge: bridge.StartCharge) -> Outgoing:
    charge.resource_id = payment.terms.resource_id
    charge.description = payment.terms.merchant_name
    charge.expire_time.CopyFrom(timestamp(payment.life.update_time + CHARGE_WANTED))
    command = bridge.BridgeCommand(start_charge=charge)
    return bridge_command(charge.resource_id, "StartCharge", command)


def _undo(payment: Payment) -> Outgoing:
    terms = payment.terms
    cancel = bridge.CancelCharge(
        charge_id=terms.collect_charge_id,
        resource_id=terms.resource_id,
        reason="The merchant's side refused the payment.",
    )
    command = bridge.BridgeCommand(cancel_charge=cancel)
    return bridge_command(terms.resource_id, "CancelCharge", command)


_MAKERS = {
    Order.RESERVE: _reserve,
    Order.COLLECT: _collect,
    Order.DELIVER: _deliver,
    Order.POST: _post,
    Order.UNDO: _undo,
    Order.VOID: _void,
    Order.EXPIRE: _expire,
}


def money_of(message: money_pb2.Money) -> Money:
    """An amount as it came."""
    return Money(message.minor_units, message.currency_code)
