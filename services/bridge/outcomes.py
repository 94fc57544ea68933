"""Writes what partners answered: a batch of answers at a time, with their events, in one unit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.bridge.domain.answer import Answer, Moment, Rules
from services.bridge.domain.charge import Charge, Operation, Said, hear, hear_stale
from services.bridge.domain.refund import Refund, hear_refund
from services.bridge.messages import charge_outgoing, refund_outgoing
from services.bridge.store.attempts import Attempt, add_attempts
from services.bridge.store.charges import lock_charges, update_charges
from services.bridge.store.refunds import lock_refunds, put_refunds
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.trace import current, follow
from services.kit.unit import Decided

REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one attempt. `refund` where the attempt was a refund of the charge."""

    charge: Charge
    answer: Answer
    call_time: datetime
    rules: Rules
    refund: Refund | None = None
    trace: str = field(default_factory=current)


async def store_reports(
    connection: Connection, reports: Sequence[Report], moment: Moment, lane: int
) -> Decided[None]:
    """Settle the reports' charges and refunds and journal the attempts."""
    messages = await _store_charges(
        connection, [report for report in reports if report.refund is None], moment, lane
    )
    refunds = [report for report in reports if report.refund is not None]
    if refunds:
        messages += await _store_refunds(connection, refunds, moment, lane)
    await add_attempts(connection, [_attempt(report) for report in reports])
    return Decided(None, messages)


async def _store_charges(
    connection: Connection, reports: Sequence[Report], moment: Moment, lane: int
) -> list[Outgoing]:
    """As the attempts left them, where nobody has touched the charges since; else read again."""
    if not reports:
        return []
    heard = {
        report.charge.charge_id: _hear(report.charge, report, moment)
        for report in reversed(reports)
    }
    first = {report.charge.charge_id: report for report in reversed(reports)}
    stored = await update_charges(
        connection,
        [charge for charge, _ in heard.values()],
        [report.charge.version for report in first.values()],
    )
    messages = []
    missed = []
    for report in reports:
        charge_id = report.charge.charge_id
        if charge_id not in stored or first[charge_id] is not report:
            missed.append(report)
            continue
        follow(report.trace)
        charge, said = heard[charge_id]
        messages += [charge_outgoing(charge, word, moment.today, lane) for word in said]
    if missed:
        messages += await _store_changed(connection, missed, moment, lane)
    return messages


async def _store_changed(
    connection: Connection, reports: Sequence[Report], moment: Moment, lane: int
) -> list[Outgoing]:
    found = await lock_charges(connection, [report.charge.charge_id for report in reports])
    now = dict(found)
    messages = []
    for report in reports:
        follow(report.trace)
        charge, said = _hear(now[report.charge.charge_id], report, moment)
        now[charge.charge_id] = charge
        messages += [charge_outgoing(charge, word, moment.today, lane) for word in said]
    changed = [charge for charge_id, charge in now.items() if charge is not found[charge_id]]
    await update_charges(
        connection, changed, [found[charge.charge_id].version for charge in changed]
    )
    return messages


def _hear(charge: Charge, report: Report, moment: Moment) -> tuple[Charge, tuple[Said, ...]]:
    operation = report.charge.operation or Operation.INQUIRE
    hearing = hear if charge.turn == report.charge.turn else hear_stale
    return hearing(charge, operation, report.answer, moment, report.rules)


async def _store_refunds(
    connection: Connection, reports: Sequence[Report], moment: Moment, lane: int
) -> list[Outgoing]:
    now = await lock_refunds(
        connection, [report.refund.refund_id for report in reports if report.refund]
    )
    messages = []
    for report in reports:
        assert report.refund is not None
        follow(report.trace)
        refund, said = hear_refund(
            now[report.refund.refund_id], report.refund.turn, report.answer, moment, report.rules
        )
        now[refund.refund_id] = refund
        messages += [refund_outgoing(refund, word, moment.today, lane) for word in said]
    await put_refunds(connection, list(now.values()))
    return messages


def _attempt(report: Report) -> Attempt:
    charge, refund, answer = report.charge, report.refund, report.answer
    return Attempt(
        charge.order.charge_id,
        "" if refund is None else refund.refund_id,
        charge.turn if refund is None else refund.turn,
        (charge.operation or Operation.INQUIRE) if refund is None else REFUND,
        report.call_time,
        answer.outcome,
        answer.detail or answer.partner_code,
        answer.request,
        answer.response,
    )
