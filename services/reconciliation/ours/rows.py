"""Which rows of ours follow from what the facts say of charges, payouts and settlements. Pure.

A partner's file shows a charge under our id of it. What is cancelled goes back under the same id as
a refund, unless the partner leaves out what was cancelled on its own day. A bank shows a payout
under our short reference; what is drawn from and given back to a payer's account it shows under its
own number only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from services.core.ids import short_reference
from services.reconciliation.files.model import Settled
from services.reconciliation.partners import Partner

COMPLETED, EXPECTED = "completed", "expected"
PAYMENT, REFUND, PAYOUT, TOP_UP = "payment", "refund", "payout", "top_up"
FEE, DISPUTE, CREDIT, DEBIT = "fee", "dispute", "credit", "debit"


class OurRow(NamedTuple):
    """A row of ours, in the order of the store's columns. Minor units."""

    partner_id: str
    reference: str
    partner_reference: str
    kind: str
    currency: str
    minor: int
    fee: int | None
    state: str
    day: date
    bundle: str
    text: str
    resource_id: str
    source: str
    stripe: int | None = None
    sequence: int | None = None
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """Where something was said: the fact's source, stripe, sequence."""

    source: str
    stripe: int
    sequence: int


@dataclass(frozen=True, slots=True)
class ChargeSaid:
    """What a fact says of a charge: the times that it tells, the rest where it tells it."""

    charge_id: str
    resource_id: str
    partner_id: str = ""
    kind: str = ""
    currency: str = ""
    minor: int = 0
    partner_reference: str = ""
    accept_time: datetime | None = None
    cancel_time: datetime | None = None
    cancel_reference: str = ""
    late_time: datetime | None = None

    @property
    def stands_since(self) -> datetime | None:
        """When the partner had it accepted, as far as we heard."""
        return self.accept_time or self.late_time

    @property
    def is_cancelled(self) -> bool:
        """Whether it was accepted and then given back whole."""
        times = (self.accept_time, self.cancel_time)
        if self.late_time is not None or None in times:
            return False
        assert self.accept_time is not None
        assert self.cancel_time is not None
        return self.cancel_time >= self.accept_time


def merged(one: ChargeSaid, other: ChargeSaid) -> ChargeSaid:
    """Both together; a time that both tell is the first of the two."""
    told = one if one.partner_id else other
    first_cancel = one if one.cancel_time is not None else other
    return ChargeSaid(
        one.charge_id,
        one.resource_id or other.resource_id,
        told.partner_id,
        told.kind,
        told.currency,
        told.minor,
        told.partner_reference,
        _first(one.accept_time, other.accept_time),
        _first(one.cancel_time, other.cancel_time),
        first_cancel.cancel_reference,
        _first(one.late_time, other.late_time),
    )


def _first(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


@dataclass(frozen=True, slots=True)
class RefundSaid:
    """A part of a charge that was given back."""

    refund_id: str
    charge_id: str
    resource_id: str
    minor: int
    partner_reference: str
    accept_time: datetime


def charge_rows(
    charge: ChargeSaid, refunds: Sequence[RefundSaid], partner: Partner | None, said: Said
) -> list[OurRow]:
    """All rows of a charge and its refunds: none before an acceptance is known, or of a partner
    that reconciliation does not know. `said`: the fact that was read last."""
    since = charge.stands_since
    if partner is None or since is None:
        return []
    given = sorted(refunds, key=lambda refund: (refund.accept_time, refund.refund_id))
    fee = partner.fee_of(charge.minor) if charge.kind == PAYMENT else None
    shares = fee_shares(fee, charge.minor, [refund.minor for refund in given])
    rows = [
        OurRow(
            partner.id,
            charge.charge_id,
            charge.partner_reference,
            charge.kind,
            charge.currency,
            charge.minor,
            fee,
            COMPLETED,
            partner.day_of(since),
            "",
            "",
            charge.resource_id,
            said.source,
            said.stripe,
            said.sequence,
        )
    ]
    (paid,) = rows
    for refund, share in zip(given, shares, strict=True):
        day = partner.day_of(refund.accept_time)
        rows.append(
            paid._replace(
                reference=refund.refund_id,
                partner_reference=refund.partner_reference,
                kind=REFUND,
                minor=-refund.minor,
                fee=None if share is None else -share,
                day=day,
                resource_id=refund.resource_id,
            )
        )
    if not charge.is_cancelled or charge.cancel_time is None:
        return rows
    cancel_day = partner.day_of(charge.cancel_time)
    if partner.cancel_of_a_day == "left_out" and cancel_day == paid.day:
        return rows[1:]
    left = charge.minor - sum(refund.minor for refund in given)
    back = paid._replace(
        kind=REFUND,
        partner_reference=charge.cancel_reference,
        minor=-left,
        fee=None if fee is None else -(fee - sum(share or 0 for share in shares)),
        day=cancel_day,
    )
    return [*rows, back]


def fee_shares(fee: int | None, whole: int, parts: Sequence[int]) -> list[int | None]:
    """Of the fee of `whole`, what comes back with each part in turn: halves up, exact in all."""
    if fee is None:
        return [None] * len(parts)
    shares: list[int | None] = []
    so_far = 0
    for part in parts:
        before, so_far = so_far, so_far + part
        shares.append(_share(fee, so_far, whole) - _share(fee, before, whole))
    return shares


def _share(fee: int, part: int, whole: int) -> int:
    return (2 * fee * part + whole) // (2 * whole)


def payout_rows(
    partner: Partner,
    payout_id: str,
    resource_id: str,
    amount: tuple[int, str],
    time: datetime,
    said: Said,
    *,
    partner_reference: str,
    fee: int = 0,
    returned: bool = False,
) -> list[OurRow]:
    """What a bank's statement shows of a payout that has left our account, or come back."""
    minor, currency = amount
    row = OurRow(
        partner.id,
        short_reference(payout_id),
        partner_reference,
        REFUND if returned else PAYOUT,
        currency,
        minor if returned else -minor,
        None,
        COMPLETED,
        partner.day_of(time),
        "",
        "",
        resource_id,
        said.source,
        said.stripe,
        said.sequence,
    )
    if not fee:
        return [row]
    return [row, row._replace(kind=FEE, minor=-fee, partner_reference="")]


def dispute_row(
    partner: Partner,
    dispute_id: str,
    resource_id: str,
    amount: tuple[int, str],
    time: datetime,
    said: Said,
    *,
    partner_reference: str,
) -> OurRow:
    """What a partner takes back because a dispute was lost."""
    minor, currency = amount
    return OurRow(
        partner.id,
        dispute_id,
        partner_reference,
        DISPUTE,
        currency,
        -minor,
        None,
        COMPLETED,
        partner.day_of(time),
        "",
        "",
        resource_id,
        said.source,
        said.stripe,
        said.sequence,
    )


def expected_credit(partner: Partner, settled: Settled, file_id: str) -> OurRow:
    """What the bank is to bring for a partner's settlement: under the batch, as the remittance
    names it."""
    reference = f"{partner.settlement_prefix}{settled.batch_id}"
    return OurRow(
        partner.settled_by,
        reference,
        "",
        CREDIT,
        settled.currency,
        settled.minor,
        None,
        "",
        settled.day,
        "",
        reference,
        "",
        f"file/{settled.record}",
        file_id=file_id,
    )
