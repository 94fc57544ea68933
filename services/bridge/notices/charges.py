"""What a partner's notices make of charges: an inquiry now, or, where signed, its word."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from services.bridge.domain.answer import Moment
from services.bridge.domain.charge import (
    Charge,
    Closing,
    Operation,
    Said,
    State,
    hear_stale,
    lease,
)
from services.bridge.domain.wishes import hear_news
from services.bridge.messages import charge_outgoing
from services.bridge.notices.notice import ChargeNotice
from services.bridge.store.attempts import Attempt, add_attempts
from services.bridge.store.charges import update_charges
from services.bridge.worker import Worker
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection

log = structlog.get_logger()

OPERATION = "notice"
_ASKED = frozenset({Operation.APPROVE, Operation.INQUIRE, Operation.CANCEL})


@dataclass(slots=True)
class Heard:
    """Charges as they are now, what they were, and what is to be said and done."""

    charges: dict[str, Charge]
    found: dict[str, Charge] = field(default_factory=dict)
    words: list[tuple[Charge, tuple[Said, ...]]] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    leased: list[Charge] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.found = dict(self.charges)


async def hear_of_charges(
    connection: Connection,
    notices: Sequence[tuple[str, ChargeNotice]],
    charges: dict[str, Charge],
    worker: Worker,
    lane: int,
) -> tuple[list[Outgoing], list[Charge]]:
    """Store what `notices`, given with their partners' ids, make of the locked `charges`; returns
    the events, and the charges leased for this process's worker."""
    moment = worker.moment()
    heard = Heard(charges)
    for partner_id, notice in notices:
        _hear(heard, partner_id, notice, worker, moment)
    room = {name: desk.room for name, desk in worker.desks.items()}
    changed = [charge for key, charge in heard.charges.items() if charge is not heard.found[key]]
    for charge in changed:
        _lease(heard, charge, worker, room, moment)
    stored = [heard.charges[charge.charge_id] for charge in changed]
    if stored:
        versions = [heard.found[charge.charge_id].version for charge in stored]
        await update_charges(connection, stored, versions)
        await add_attempts(connection, heard.attempts)
    messages = [
        charge_outgoing(charge, word, moment.today, lane)
        for charge, said in heard.words
        for word in said
    ]
    return messages, heard.leased


def _hear(
    heard: Heard, partner_id: str, notice: ChargeNotice, worker: Worker, moment: Moment
) -> None:
    charge = heard.charges.get(notice.charge_id)
    if charge is None or charge.order.partner_id != partner_id:
        log.warning("notice_strange", partner_id=partner_id, charge_id=notice.charge_id[:64])
        return
    if notice.answer is None:
        heard.charges[charge.charge_id] = hear_news(charge, moment)
        return
    if charge.state is State.ACCEPTED and charge.closing is Closing.NO:
        return
    rules = worker.desks[partner_id].partner.rules
    changed, said = hear_stale(charge, Operation.INQUIRE, notice.answer, moment, rules)
    if changed is charge:
        heard.charges[charge.charge_id] = hear_news(charge, moment)
        return
    # A call under way was begun before the partner spoke: its answer is an older one.
    changed = replace(changed, turn=changed.turn + 1)
    heard.charges[charge.charge_id] = changed
    heard.words.append((changed, said))
    answer = notice.answer
    heard.attempts.append(
        Attempt(
            charge.charge_id,
            "",
            changed.turn,
            OPERATION,
            moment.today,
            answer.outcome,
            answer.detail or answer.partner_code,
            "",
            answer.response,
        )
    )


def _lease(
    heard: Heard, charge: Charge, worker: Worker, room: dict[str, int], moment: Moment
) -> None:
    """Take the charge for this process where its work is due now and there is room for it."""
    partner_id = charge.order.partner_id
    is_due = charge.due_time is not None and charge.due_time <= moment.machine
    if charge.leased or not is_due or charge.operation not in _ASKED or room[partner_id] <= 0:
        return
    room[partner_id] -= 1
    leased = lease(charge, moment, worker.desks[partner_id].partner.rules)
    heard.charges[charge.charge_id] = leased
    heard.leased.append(leased)
