"""Refunds as messages: what callers see, facts, and commands to wallet and bridge."""

from dataclasses import replace

from services.core.accounts import AccountKind, house
from services.gateway.lanes import FACT_STRIPE
from services.gateway.payments.messages import (
    bridge_command,
    leg_message,
    money,
    timestamp,
    wallet_command,
)
from services.gateway.refunds.model import Refund, State, Step
from services.kit.outbox import Outgoing
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.gateway.v1 import payment_event_pb2 as facts
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet

_STATES = {state: payment_pb2.RefundState.Value(f"REFUND_STATE_{state.name}") for state in State}


def shown_message(refund: Refund) -> payment_pb2.Refund:
    """The refund as who asked for it sees it: what the payer gets back in home money is the payer's
    own wallet's to know, not the shop's or the receiver's."""
    shown = refund_message(refund)
    if refund.ask.participant_id != refund.terms.participant_id:
        shown.ClearField("home")
    return shown


def refund_message(refund: Refund) -> payment_pb2.Refund:
    """The refund whole."""
    ask, life = refund.ask, refund.life
    return payment_pb2.Refund(
        refund_id=ask.refund_id,
        payment_id=ask.payment_id,
        reference=ask.reference,
        state=_STATES[life.state],
        target=money(refund.target.minor, refund.target.currency),
        home=money(refund.home.minor, refund.home.currency),
        reason=life.reason,
        message=life.message,
        create_time=timestamp(ask.create_time),
        update_time=timestamp(life.update_time),
        from_escrow=money(ask.escrow_minor, refund.target.currency) if ask.escrow_minor else None,
    )


def fact_of(refund: Refund) -> Outgoing:
    """The fact of a final refund. It names the payment as its wallet does, whoever refunded it."""
    told = refund_message(refund)
    told.payment_id = refund.terms.payment_id
    event = facts.PaymentEvent(
        participant_id=refund.terms.participant_id, event_time=told.update_time
    )
    if refund.life.state is State.COMPLETED:
        name = "RefundCompleted"
        event.refund_completed.refund.CopyFrom(told)
    else:
        name = "RefundDeclined"
        event.refund_declined.refund.CopyFrom(told)
    reference = refund.ask.reference
    return Outgoing("payment.event", reference, FACT_STRIPE, name, event.SerializeToString())


def command_of(step: Step, refund: Refund) -> Outgoing:
    """The command of a step; the same however often it is sent."""
    return _MAKERS[step](refund)


def _reserve(refund: Refund) -> Outgoing:
    funding = refund.terms.funding_account_id
    reserve = wallet.ReserveFunds(
        link_id=refund.resource_id,
        funding_account_id=funding,
        legs=[leg_message(leg) for leg in refund.legs],
    )
    return wallet_command(funding, "ReserveFunds", wallet.WalletCommand(reserve_funds=reserve))


def _post(refund: Refund) -> Outgoing:
    funding = refund.terms.funding_account_id
    post = wallet.PostFunds(link_id=refund.resource_id, funding_account_id=funding)
    return wallet_command(funding, "PostFunds", wallet.WalletCommand(post_funds=post))


def _void(refund: Refund) -> Outgoing:
    funding = refund.terms.funding_account_id
    void = wallet.VoidFunds(link_id=refund.resource_id, funding_account_id=funding)
    return wallet_command(funding, "VoidFunds", wallet.WalletCommand(void_funds=void))


def _deliver(refund: Refund) -> Outgoing:
    return _give_back(
        refund,
        bridge.RefundCharge(
            refund_id=refund.deliver_refund_id,
            charge_id=refund.terms.deliver_charge_id,
            amount=money(refund.target.minor, refund.target.currency),
        ),
    )


def _collect(refund: Refund) -> Outgoing:
    return _give_back(
        refund,
        bridge.RefundCharge(
            refund_id=refund.collect_refund_id,
            charge_id=refund.terms.collect_charge_id,
            amount=money(refund.home.minor, refund.home.currency),
        ),
    )


def _give_back(refund: Refund, charge: bridge.RefundCharge) -> Outgoing:
    charge.resource_id = refund.resource_id
    charge.reason = refund.ask.note
    command = bridge.BridgeCommand(refund_charge=charge)
    return bridge_command(refund.resource_id, "RefundCharge", command)


def _write_off(refund: Refund) -> Outgoing:
    """What the merchant's side has given back, with loss in the payer's place."""
    terms = refund.terms
    loss = house(AccountKind.LOSS, terms.home_currency).account_id
    legs = [
        replace(leg, credit_account_id=loss)
        if leg.credit_account_id == terms.funding_account_id
        else leg
        for leg in refund.legs
    ]
    transfer = wallet.TransferFunds(
        link_id=refund.loss_link_id,
        funding_account_id=terms.funding_account_id,
        legs=[leg_message(leg) for leg in legs],
    )
    command = wallet.WalletCommand(transfer_funds=transfer)
    return wallet_command(terms.funding_account_id, "TransferFunds", command)


_MAKERS = {
    Step.RESERVE: _reserve,
    Step.DELIVER: _deliver,
    Step.COLLECT: _collect,
    Step.POST: _post,
    Step.WRITE_OFF: _write_off,
    Step.VOID: _void,
}
