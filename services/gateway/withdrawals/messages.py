"""Withdrawals as messages: what callers see, facts, and commands."""

from services.gateway.lanes import FACT_STRIPE
from services.gateway.payments.messages import (
    bridge_command,
    leg_message,
    money,
    timestamp,
    wallet_command,
)
from services.gateway.withdrawals.model import State, Step, Withdrawal
from services.kit.outbox import Outgoing
from services.kit.sealing import SecretUnreadable
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.gateway.v1 import payment_event_pb2 as facts
from services.pb.kawase.gateway.v1 import withdrawal_pb2
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet

_STATES = {
    state: withdrawal_pb2.WithdrawalState.Value(f"WITHDRAWAL_STATE_{state.name}") for state in State
}
STATE_NAMES = {number: state for state, number in _STATES.items()}


def withdrawal_message(withdrawal: Withdrawal) -> withdrawal_pb2.Withdrawal:
    """The withdrawal as its wallet sees it."""
    ask, life = withdrawal.ask, withdrawal.life
    return withdrawal_pb2.Withdrawal(
        withdrawal_id=ask.withdrawal_id,
        reference=ask.reference,
        bank_link_id=ask.bank_link_id,
        payer_id=ask.payer_id,
        state=_STATES[life.state],
        amount=money(ask.amount_minor, ask.currency),
        reason=life.reason,
        message=life.message,
        create_time=timestamp(ask.create_time),
        update_time=timestamp(life.update_time),
    )


def fact_of(withdrawal: Withdrawal) -> Outgoing:
    """The fact of a withdrawal that is no longer pending."""
    told = withdrawal_message(withdrawal)
    event = facts.PaymentEvent(
        participant_id=withdrawal.ask.participant_id, event_time=told.update_time
    )
    state = withdrawal.life.state
    if state is State.COMPLETED:
        event.withdrawal_completed.withdrawal.CopyFrom(told)
    elif state is State.RETURNED:
        event.withdrawal_returned.withdrawal.CopyFrom(told)
    else:
        event.withdrawal_declined.withdrawal.CopyFrom(told)
    name = f"Withdrawal{state.title()}"
    payload = event.SerializeToString()
    return Outgoing("payment.event", withdrawal.reference, FACT_STRIPE, name, payload)


def command_of(step: Step, withdrawal: Withdrawal) -> Outgoing:
    """The command of a step; the same however often it is sent, but for how a payee is sealed.

    Raises `SecretUnreadable` where the payee of an order cannot be read any more.
    """
    return _MAKERS[step](step, withdrawal)


def _reserve(step: Step, withdrawal: Withdrawal) -> Outgoing:
    funding = withdrawal.customer_account_id
    reserve = wallet.ReserveFunds(
        link_id=withdrawal.resource_id,
        funding_account_id=funding,
        legs=[leg_message(withdrawal.leg(step))],
    )
    return wallet_command(funding, "ReserveFunds", wallet.WalletCommand(reserve_funds=reserve))


def _order(_step: Step, withdrawal: Withdrawal) -> Outgoing:
    if not withdrawal.sealed_payee:
        raise SecretUnreadable
    order = bridge.SubmitPayout(
        payout_id=withdrawal.resource_id,
        resource_id=withdrawal.resource_id,
        partner_id=withdrawal.ask.partner_id,
        amount=money(withdrawal.ask.amount_minor, withdrawal.ask.currency),
        sealed_payee=withdrawal.sealed_payee,
    )
    command = bridge.BridgeCommand(submit_payout=order)
    return bridge_command(withdrawal.resource_id, "SubmitPayout", command)


def _post(_step: Step, withdrawal: Withdrawal) -> Outgoing:
    funding = withdrawal.customer_account_id
    post = wallet.PostFunds(link_id=withdrawal.resource_id, funding_account_id=funding)
    return wallet_command(funding, "PostFunds", wallet.WalletCommand(post_funds=post))


def _void(_step: Step, withdrawal: Withdrawal) -> Outgoing:
    funding = withdrawal.customer_account_id
    void = wallet.VoidFunds(link_id=withdrawal.resource_id, funding_account_id=funding)
    return wallet_command(funding, "VoidFunds", wallet.WalletCommand(void_funds=void))


def _transfer(step: Step, withdrawal: Withdrawal) -> Outgoing:
    # Keyed by the payer's account: it comes after what was set aside and posted there.
    funding = withdrawal.customer_account_id
    transfer = wallet.TransferFunds(
        link_id=withdrawal.link_id(step),
        funding_account_id=funding,
        legs=[leg_message(withdrawal.leg(step))],
    )
    command = wallet.WalletCommand(transfer_funds=transfer)
    return wallet_command(funding, "TransferFunds", command)


_MAKERS = {
    Step.RESERVE: _reserve,
    Step.ORDER: _order,
    Step.POST: _post,
    Step.POST_BACK: _post,
    Step.VOID: _void,
    Step.GIVE_BACK: _transfer,
    Step.TAKE: _transfer,
    Step.WRITE_OFF: _transfer,
}
