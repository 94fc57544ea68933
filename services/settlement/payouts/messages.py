"""Payouts as messages: what callers see, the fact, and commands to ledger and bridge."""

from dataclasses import asdict

from services.kit.ledger import transfer_funds
from services.kit.outbox import Outgoing
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.settlement.v1 import payout_service_pb2 as pb
from services.pb.kawase.settlement.v1 import settlement_event_pb2 as events
from services.settlement.lanes import command_stripe
from services.settlement.messages import fact, money, stamp
from services.settlement.payouts.model import Payout, State, Task
from services.settlement.payouts.transfers import moves_of

BRIDGE = "bridge.command"
STATES = {state: pb.PayoutState.Value(f"PAYOUT_STATE_{state.name}") for state in State}


def payout_message(payout: Payout) -> pb.Payout:
    """A payout as it is shown: of its payee the bank and the last digits."""
    message = pb.Payout(
        payout_id=payout.payout_id,
        agreement_id=payout.agreement_id,
        participant_id=payout.participant_id,
        state=STATES[payout.state],
        amount=money(payout.amount.minor, payout.amount.currency),
        settle_date=payout.settle_date.isoformat(),
        window_ids=payout.window_ids,
        bank_partner_id=payout.bank_partner,
        partner_reference=payout.partner_reference,
        reason=payout.reason,
        message=payout.message,
        retry_of_payout_id=payout.retry_of,
        create_time=stamp(payout.create_time),
        update_time=stamp(payout.update_time),
        payee=payout.payee.masked,
        stuck=payout.is_stuck,
        release_proposed_by=payout.release_proposed_by,
    )
    if payout.rate is not None:
        message.owed.CopyFrom(money(payout.owed.minor, payout.owed.currency))
        message.rate = f"{payout.rate:.12f}"
    return message


def payout_changed(payout: Payout) -> Outgoing:
    """The fact of a payout that is new or in another state."""
    changed = events.PayoutChanged(payout=payout_message(payout))
    event = events.SettlementEvent(event_time=stamp(payout.update_time), payout_changed=changed)
    return fact(payout.payout_id, "PayoutChanged", event)


def command_of(payout: Payout, task: Task) -> Outgoing:
    """The command of a task; the same however often it is sent."""
    if task is Task.ORDER:
        return _order(payout)
    moves = moves_of(payout, task)
    stripe = command_stripe(moves[0].debit_account_id)
    return transfer_funds(link_of(payout, task), moves, stripe)


def link_of(payout: Payout, task: Task) -> str:
    """The ledger's link of a transfer of the payout."""
    return f"{payout.payout_id}-{payout.suffix_of(task)}" if task else payout.payout_id


def _order(payout: Payout) -> Outgoing:
    order = bridge.SubmitPayout(
        payout_id=payout.payout_id,
        resource_id=payout.payout_id,
        partner_id=payout.bank_partner,
        amount=money(payout.amount.minor, payout.amount.currency),
        sealed_payee=payout.sealed_payee,
    )
    if not payout.sealed_payee:
        # Made before payees were sealed.
        order.payee.CopyFrom(bridge.Payee(**asdict(payout.payee)))
    payload = bridge.BridgeCommand(submit_payout=order).SerializeToString()
    key = payout.payout_id
    return Outgoing(BRIDGE, key, command_stripe(key), "SubmitPayout", payload)
