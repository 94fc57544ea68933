"""The events of disputes."""

from datetime import datetime

from services.bridge.disputes.domain import Dispute, DisputeSaid, DisputeState
from services.bridge.messages import TOPIC, money_message
from services.kit.outbox import Outgoing
from services.pb.kawase.bridge.v1.bridge_message_pb2 import BridgeEvent


def dispute_event(dispute: Dispute, said: DisputeSaid, now: datetime) -> BridgeEvent:
    """The event that says `said` of a dispute."""
    event = BridgeEvent(resource_id=dispute.resource_id, charge_id=dispute.charge_id)
    event.event_time.FromDatetime(now)
    if said is DisputeSaid.OPENED:
        opened = event.dispute_opened
        opened.dispute_id = dispute.dispute_id
        opened.partner_id = dispute.partner_id
        opened.partner_reference = dispute.case_reference
        opened.amount.CopyFrom(money_message(dispute.amount))
        opened.reason = dispute.reason
        if dispute.answer_until_time is not None:
            opened.answer_until_time.FromDatetime(dispute.answer_until_time)
    else:
        ended = event.dispute_ended
        ended.dispute_id = dispute.dispute_id
        ended.partner_id = dispute.partner_id
        ended.partner_reference = dispute.case_reference
        ended.amount.CopyFrom(money_message(dispute.amount))
        ended.won = dispute.state is DisputeState.WON
        ended.message = dispute.message
    return event


def dispute_outgoing(dispute: Dispute, said: DisputeSaid, now: datetime, lane: int) -> Outgoing:
    """The event for the outbox. `lane` is the stripe this process writes to."""
    payload = dispute_event(dispute, said, now).SerializeToString()
    kind = said.value.title().replace("_", "")
    return Outgoing(TOPIC, dispute.resource_id, lane, kind, payload)
