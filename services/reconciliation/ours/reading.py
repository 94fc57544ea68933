"""Where facts of the bridge and the wallet become words of ours."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.kit.facts.projection import KeptFact
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.reconciliation.ours.rows import (
    PAYMENT,
    TOP_UP,
    ChargeSaid,
    OurRow,
    RefundSaid,
    Said,
    dispute_row,
    payout_rows,
)
from services.reconciliation.partners import Partners

_KINDS = {
    pb.CHARGE_KIND_COLLECT: PAYMENT,
    pb.CHARGE_KIND_DELIVER: PAYMENT,
    pb.CHARGE_KIND_TOP_UP: TOP_UP,
}


@dataclass(slots=True)
class Heard:
    """What a batch of the bridge's facts says. `said`: the last fact on each charge."""

    charges: list[ChargeSaid] = field(default_factory=list)
    refunds: list[RefundSaid] = field(default_factory=list)
    rows: list[OurRow] = field(default_factory=list)
    said: dict[str, Said] = field(default_factory=dict)


def hear(fact: KeptFact, partners: Partners, heard: Heard) -> None:
    """Add what a fact of the bridge says. Raises DecodeError."""
    event = pb.BridgeEvent.FromString(fact.payload)
    time = event.event_time.ToDatetime(UTC)
    said = Said(fact.source, fact.stripe, fact.sequence)
    match event.WhichOneof("body"):
        case "charge_accepted" | "charge_accepted_late" | "charge_cancelled":
            heard.charges.append(_charge(event, time))
            heard.said[event.charge_id] = said
        case "refund_accepted" if event.refund_accepted.refunded_charge_id:
            refund = _refund(event, time)
            heard.refunds.append(refund)
            heard.said[refund.charge_id] = said
        case "payout_executed" | "payout_returned" | "dispute_ended":
            heard.rows += _rows(event, time, said, partners)


def _charge(event: pb.BridgeEvent, time: datetime) -> ChargeSaid:
    ids = (event.charge_id, event.resource_id)
    if event.HasField("charge_cancelled"):
        reference = event.charge_cancelled.partner_reference
        return ChargeSaid(*ids, cancel_time=time, cancel_reference=reference)
    if event.HasField("charge_accepted"):
        accepted = event.charge_accepted
        kind = _KINDS.get(accepted.kind, PAYMENT)
        amount = accepted.amount
        return ChargeSaid(
            *ids,
            accepted.partner_id,
            kind,
            amount.currency_code,
            amount.minor_units,
            accepted.partner_reference,
            accept_time=time,
        )
    late = event.charge_accepted_late
    return ChargeSaid(
        *ids,
        late.partner_id,
        TOP_UP if event.resource_id.startswith("topup-") else PAYMENT,
        late.amount.currency_code,
        late.amount.minor_units,
        late.partner_reference,
        late_time=time,
    )


def _refund(event: pb.BridgeEvent, time: datetime) -> RefundSaid:
    accepted = event.refund_accepted
    return RefundSaid(
        event.charge_id,
        accepted.refunded_charge_id,
        event.resource_id,
        accepted.amount.minor_units,
        accepted.partner_reference,
        time,
    )


def _rows(event: pb.BridgeEvent, time: datetime, said: Said, partners: Partners) -> list[OurRow]:
    """Rows of a payout or a dispute that has ended."""
    body = getattr(event, event.WhichOneof("body") or "")
    partner = partners.get(body.partner_id)
    if partner is None:
        return []
    amount = (body.amount.minor_units, body.amount.currency_code)
    reference = body.partner_reference
    if isinstance(body, pb.DisputeEnded):
        if body.won or not partner.disputes:
            return []
        own = (body.dispute_id, event.resource_id, amount, time, said)
        return [dispute_row(partner, *own, partner_reference=reference)]
    fee = body.bank_fee.minor_units if isinstance(body, pb.PayoutExecuted) else 0
    return payout_rows(
        partner,
        event.charge_id,
        event.resource_id,
        amount,
        time,
        said,
        partner_reference=reference,
        fee=fee,
        returned=isinstance(body, pb.PayoutReturned),
    )


def booked_of(fact: KeptFact) -> tuple[str, datetime, int, int] | None:
    """The resource a fact of the wallet has posted something for, when, and the fact's stripe and
    sequence. Raises DecodeError."""
    event = WalletEvent.FromString(fact.payload)
    if event.WhichOneof("body") != "funds_posted":
        return None
    # A link may say more behind the resource: `payment-…-capture`, `refund-…-loss`.
    resource = "-".join(event.link_id.split("-", 2)[:2])
    return resource, event.event_time.ToDatetime(UTC), fact.stripe, fact.sequence
