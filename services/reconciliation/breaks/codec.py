"""Breaks between the wire and our own words."""

from datetime import date, datetime

from services.core.errors import Malformed
from services.pb.kawase.reconciliation.v1 import break_service_pb2 as pb
from services.pb.kawase.reconciliation.v1 import day_service_pb2
from services.reconciliation.breaks.ages import age_class, age_days
from services.reconciliation.breaks.messages import money, stamp
from services.reconciliation.breaks.model import Resolution, ResolutionKind, State
from services.reconciliation.breaks.refusals import FilterUnknown, ResolutionUnknown
from services.reconciliation.breaks.resolving import Wish
from services.reconciliation.breaks.store.lists import Filter, KeptNote, Seen
from services.reconciliation.breaks.store.rows import SideRow
from services.reconciliation.breaks.words import explain
from services.reconciliation.matching.rows import BreakKind


class DayMalformed(Malformed):
    """A day is not written YYYY-MM-DD."""


def break_message(seen: Seen, now: datetime) -> pb.Break:
    """A break as an operator sees it at `now`."""
    item = seen.item
    until = item.update_time if item.state is State.RESOLVED else now
    days = age_days(item.open_time, until)
    message = pb.Break(
        break_id=item.break_id,
        kind=item.kind,
        state=item.state,
        partner_id=item.partner_id,
        day=item.day.isoformat(),
        size=money(item.size, item.currency),
        our_reference=seen.our_reference,
        their_reference=seen.their_reference,
        resource_id=seen.resource_id,
        assignee=item.assignee,
        age_days=days,
        age_class=age_class(days),
        explanation=explain(
            item.kind, item.size, item.currency, seen.our_reference, seen.their_reference
        ),
        open_time=stamp(item.open_time),
        update_time=stamp(item.update_time),
        reopen_count=item.reopen_count,
    )
    if item.resolution is not None and item.resolution.outcome != "dropped":
        message.resolution.CopyFrom(_resolution_message(item.resolution))
    return message


def _resolution_message(resolution: Resolution) -> pb.Resolution:
    message = pb.Resolution(
        kind=pb.ResolutionKind.Value(f"RESOLUTION_KIND_{resolution.kind.name}"),
        proposed_by=resolution.proposed_by,
        approved_by=resolution.approved_by,
        reason=resolution.reason,
        debit_account_id=resolution.debit_account_id,
        credit_account_id=resolution.credit_account_id,
        link_id=resolution.link_id,
    )
    if resolution.amount_minor:
        message.amount.CopyFrom(money(resolution.amount_minor, resolution.currency))
    if resolution.fee_minor:
        message.partner_fee.CopyFrom(money(resolution.fee_minor, resolution.currency))
    return message


def note_message(kept: KeptNote) -> pb.BreakNote:
    """One step of a break's life."""
    return pb.BreakNote(
        number=kept.number,
        person=kept.note.person,
        what=kept.note.what,
        text=kept.note.text,
        note_time=stamp(kept.note_time),
    )


def row_message(row: SideRow) -> day_service_pb2.Row:
    """A row of one side; a fee the side does not say is left out."""
    return day_service_pb2.Row(
        side=row.side,
        file_id=row.file_id,
        record=row.record,
        stripe=row.stripe,
        sequence=row.sequence,
        reference=row.reference,
        kind=row.kind,
        amount=money(row.minor, row.currency),
        fee=None if row.fee is None else money(row.fee, row.currency),
        state=row.state,
        day=row.day.isoformat(),
        text=row.text,
    )


def read_wish(message: pb.Resolution) -> Wish:
    """The resolution a message asks for. Raises `ResolutionUnknown`."""
    name = pb.ResolutionKind.DESCRIPTOR.values_by_number.get(message.kind)
    if name is None or message.kind == pb.RESOLUTION_KIND_UNSPECIFIED:
        raise ResolutionUnknown
    return Wish(
        ResolutionKind(name.name.removeprefix("RESOLUTION_KIND_").lower()),
        message.reason,
        message.debit_account_id,
        message.credit_account_id,
        message.amount.minor_units,
        message.amount.currency_code,
        message.partner_fee.minor_units,
        message.partner_fee.currency_code,
    )


def read_filter(request: pb.ListBreaksRequest) -> Filter:
    """What a list is to hold. Raises `FilterUnknown`, `DayMalformed`."""
    for value, known, field in (
        (request.kind, BreakKind, "kind"),
        (request.state, State, "state"),
    ):
        if value and value not in list(known):
            raise FilterUnknown(field, value)
    return Filter(
        request.partner_id,
        read_day(request.day) if request.day else None,
        request.kind,
        request.state,
        request.assignee,
    )


def read_day(text: str) -> date:
    """A day as the wire writes it. Raises `DayMalformed`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DayMalformed(f"{text[:40]!r} is no day: write YYYY-MM-DD.", field="day") from None
