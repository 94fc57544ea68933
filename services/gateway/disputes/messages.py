"""Disputes as messages: what operators and participants see, facts, and commands."""

from collections.abc import Sequence

from services.gateway.disputes.model import Dispute, State, Step
from services.gateway.lanes import FACT_STRIPE
from services.gateway.payments.messages import (
    bridge_command,
    leg_message,
    money,
    timestamp,
    wallet_command,
)
from services.gateway.payments.model import Leg
from services.kit.outbox import Outgoing
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.gateway.v1 import payment_event_pb2 as facts
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet

_STATES = {state: payment_pb2.DisputeState.Value(f"DISPUTE_STATE_{state.name}") for state in State}


def dispute_message(dispute: Dispute) -> payment_pb2.Dispute:
    """The dispute as it is shown."""
    claim, terms, life = dispute.claim, dispute.terms, dispute.life
    until = claim.answer_until
    return payment_pb2.Dispute(
        dispute_id=claim.dispute_id,
        payment_id=terms.payment_id,
        reference=terms.reference,
        state=_STATES[life.state],
        partner_id=claim.partner_id,
        partner_reference=claim.partner_reference,
        amount=money(claim.amount.minor, claim.amount.currency),
        reason=claim.reason,
        message=life.message,
        answer_until_time=None if until is None else timestamp(until),
        create_time=timestamp(claim.create_time),
        update_time=timestamp(life.update_time),
        participant_id=terms.participant_id,
    )


def fact_of(dispute: Dispute) -> Outgoing:
    """The fact of a dispute's present state."""
    told = dispute_message(dispute)
    event = facts.PaymentEvent(
        participant_id=told.participant_id,
        event_time=told.update_time,
        dispute_changed=facts.DisputeChanged(dispute=told),
    )
    payload = event.SerializeToString()
    return Outgoing("payment.event", dispute.reference, FACT_STRIPE, "DisputeChanged", payload)


def command_of(step: Step, dispute: Dispute) -> Outgoing:
    """The command of a step; the same however often it is sent."""
    return _MAKERS[step](dispute)


def _reserve(dispute: Dispute) -> Outgoing:
    funding = dispute.terms.funding_account_id
    reserve = wallet.ReserveFunds(
        link_id=dispute.reserve_link_id,
        funding_account_id=funding,
        legs=[leg_message(leg) for leg in dispute.legs],
    )
    return wallet_command(funding, "ReserveFunds", wallet.WalletCommand(reserve_funds=reserve))


def _post(dispute: Dispute) -> Outgoing:
    funding = dispute.terms.funding_account_id
    post = wallet.PostFunds(link_id=dispute.reserve_link_id, funding_account_id=funding)
    return wallet_command(funding, "PostFunds", wallet.WalletCommand(post_funds=post))


def _void(dispute: Dispute) -> Outgoing:
    funding = dispute.terms.funding_account_id
    void = wallet.VoidFunds(link_id=dispute.reserve_link_id, funding_account_id=funding)
    return wallet_command(funding, "VoidFunds", wallet.WalletCommand(void_funds=void))


def _recover(dispute: Dispute) -> Outgoing:
    return _transfer(dispute, dispute.recover_legs)


def _write_off(dispute: Dispute) -> Outgoing:
    return _transfer(dispute, dispute.write_off_legs)


def _transfer(dispute: Dispute, legs: Sequence[Leg]) -> Outgoing:
    funding = dispute.terms.funding_account_id
    transfer = wallet.TransferFunds(
        link_id=dispute.operator_link_id,
        funding_account_id=funding,
        legs=[leg_message(leg) for leg in legs],
    )
    command = wallet.WalletCommand(transfer_funds=transfer)
    return wallet_command(funding, "TransferFunds", command)


def _collect(dispute: Dispute) -> Outgoing:
    refund = bridge.RefundCharge(
        refund_id=dispute.collect_refund_id,
        charge_id=dispute.terms.collect_charge_id,
        resource_id=dispute.resource_id,
        amount=money(dispute.home.minor, dispute.home.currency),
        reason="The merchant's network has taken the charge back.",
    )
    command = bridge.BridgeCommand(refund_charge=refund)
    return bridge_command(dispute.resource_id, "RefundCharge", command)


def _answer(dispute: Dispute) -> Outgoing:
    assert dispute.answer is not None
    answer = bridge.AnswerDispute(
        dispute_id=dispute.claim.dispute_id,
        resource_id=dispute.terms.resource_id,
        accept=dispute.answer.accept,
        evidence=dispute.answer.evidence,
    )
    command = bridge.BridgeCommand(answer_dispute=answer)
    return bridge_command(dispute.terms.resource_id, "AnswerDispute", command)


_MAKERS = {
    Step.RESERVE: _reserve,
    Step.SUSPEND: _reserve,
    Step.ANSWER: _answer,
    Step.COLLECT: _collect,
    Step.POST: _post,
    Step.VOID: _void,
    Step.RECOVER: _recover,
    Step.WRITE_OFF: _write_off,
}
