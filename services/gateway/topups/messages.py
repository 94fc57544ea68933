"""Bank links and top-ups as messages: what callers see, facts, and commands."""

from services.gateway.lanes import FACT_STRIPE
from services.gateway.payments.messages import (
    CHARGE_WANTED,
    bridge_command,
    leg_message,
    money,
    timestamp,
    wallet_command,
)
from services.gateway.topups.model import BankLink, State, Step, TopUp
from services.kit.outbox import Outgoing
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.gateway.v1 import payment_event_pb2 as facts
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet

_STATES = {state: payment_pb2.TopUpState.Value(f"TOP_UP_STATE_{state.name}") for state in State}


def bank_link_message(link: BankLink) -> payment_pb2.BankLink:
    """The link as its wallet sees it."""
    return payment_pb2.BankLink(
        bank_link_id=link.bank_link_id,
        payer_id=link.payer_id,
        display_name=link.display_name,
        create_time=timestamp(link.create_time),
    )


def top_up_message(top_up: TopUp) -> payment_pb2.TopUp:
    """The top-up as its wallet sees it."""
    ask, life = top_up.ask, top_up.life
    return payment_pb2.TopUp(
        top_up_id=ask.top_up_id,
        reference=ask.reference,
        bank_link_id=ask.bank_link_id,
        state=_STATES[life.state],
        amount=money(ask.amount_minor, ask.currency),
        reason=life.reason,
        message=life.message,
        create_time=timestamp(ask.create_time),
        update_time=timestamp(life.update_time),
    )


def fact_of(top_up: TopUp) -> Outgoing:
    """The fact of a final top-up."""
    told = top_up_message(top_up)
    event = facts.PaymentEvent(
        participant_id=top_up.ask.participant_id, event_time=told.update_time
    )
    if top_up.life.state is State.COMPLETED:
        name = "TopUpCompleted"
        event.top_up_completed.top_up.CopyFrom(told)
    else:
        name = "TopUpDeclined"
        event.top_up_declined.top_up.CopyFrom(told)
    reference = top_up.ask.reference
    return Outgoing("payment.event", reference, FACT_STRIPE, name, event.SerializeToString())


def command_of(step: Step, top_up: TopUp) -> Outgoing:
    """The command of a step; the same however often it is sent."""
    if step in (Step.CREDIT, Step.WRITE_OFF):
        return _transfer(step, top_up)
    return _charge(top_up) if step is Step.CHARGE else _give_back(top_up)


def _charge(top_up: TopUp) -> Outgoing:
    charge = bridge.StartCharge(
        charge_id=top_up.charge_id,
        resource_id=top_up.resource_id,
        kind=bridge.CHARGE_KIND_TOP_UP,
        partner_id=top_up.ask.partner_id,
        amount=money(top_up.ask.amount_minor, top_up.ask.currency),
        payer_reference=top_up.ask.payer_reference,
        description="Top-up",
        expire_time=timestamp(top_up.ask.create_time + CHARGE_WANTED),
    )
    command = bridge.BridgeCommand(start_charge=charge)
    return bridge_command(top_up.resource_id, "StartCharge", command)


def _transfer(step: Step, top_up: TopUp) -> Outgoing:
    # Keyed by the payer's account: payments from it come after it, on the same stripe.
    funding = top_up.customer_account_id
    transfer = wallet.TransferFunds(
        link_id=top_up.link_id(step),
        funding_account_id=funding,
        legs=[leg_message(top_up.leg(step))],
    )
    command = wallet.WalletCommand(transfer_funds=transfer)
    return wallet_command(funding, "TransferFunds", command)


def _give_back(top_up: TopUp) -> Outgoing:
    refund = bridge.RefundCharge(
        refund_id=top_up.give_back_id,
        charge_id=top_up.charge_id,
        resource_id=top_up.resource_id,
        amount=money(top_up.ask.amount_minor, top_up.ask.currency),
        reason="The top-up had been declined before the bank accepted it.",
    )
    command = bridge.BridgeCommand(refund_charge=refund)
    return bridge_command(top_up.resource_id, "RefundCharge", command)
