"""Sends our answers to disputes, and asks partners how disputes stand whose notice may be lost.

Disputes are few and slow: what is due is taken from the table, each under a lease.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from services.bridge.disputes.domain import (
    Dispute,
    DisputeSaid,
    DisputeStanding,
    hear_answer,
    hear_stage,
    hear_standing,
    is_to_be_sent,
    lease_dispute,
    put_back_dispute,
)
from services.bridge.disputes.messages import dispute_outgoing
from services.bridge.disputes.store import (
    add_dispute_attempts,
    has_due_dispute,
    lock_disputes,
    put_disputes,
    take_due_disputes,
)
from services.bridge.domain.answer import Answer, Moment, Outcome, Rules
from services.bridge.guard.desk import CallKind, Desk, LeaseTooShort, call_partner
from services.bridge.store.attempts import Attempt
from services.kit.batch import AWAY
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()

POLL_SECONDS = 1.0
DRAIN_SECONDS = 10.0
AT_A_TIME = 16
ANSWER, INQUIRE = "answer", "inquire"
# The partner gave no word on how the dispute stands.
NO_WORD = DisputeStanding(None)


class DisputeWorker:
    """Works due disputes; `desks` are the worker's, by partner id, and `moment` its clocks."""

    def __init__(
        self, units: Units, desks: Mapping[str, Desk], moment: Callable[[], Moment], lane: int
    ) -> None:
        self._units = units
        self._desks = desks
        self._moment = moment
        self._lane = lane
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take what is due, for ever."""
        while True:
            try:
                await self.take_due()
            except AWAY as error:
                log.warning("dispute_worker_waits", problem=repr(error))
            await asyncio.sleep(POLL_SECONDS)

    async def drain(self) -> None:
        """Wait a while for the calls under way; what is left is found by its lease."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)

    async def take_due(self) -> int:
        """Lease what is due, as far as there is room, and begin it; returns how much that was."""
        moment = self._moment()
        room = AT_A_TIME - len(self._tasks)
        async with self._units.pool.acquire() as connection:
            if room <= 0 or not await has_due_dispute(connection, moment.machine):
                return 0
        committed = await self._units.write(lambda c: self._lease(c, moment, room))
        for dispute in committed.answer:
            task = asyncio.create_task(self._work(dispute))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(committed.answer)

    async def _lease(
        self, connection: Connection, moment: Moment, room: int
    ) -> Decided[list[Dispute]]:
        due = await take_due_disputes(connection, list(self._desks), moment.machine, room)
        leased = [lease_dispute(one, moment, self._rules(one)) for one in due]
        await put_disputes(connection, leased)
        return Decided(leased)

    def _rules(self, dispute: Dispute) -> Rules:
        return self._desks[dispute.partner_id].partner.rules

    async def _work(self, dispute: Dispute) -> None:
        began = self._moment().today
        try:
            answer, standing = await self._call(dispute)
            await self._units.write(lambda c: self._store(c, dispute, answer, standing, began))
        except LeaseTooShort as error:
            log.warning("lease_given_back", dispute_id=dispute.dispute_id)
            wait = error.wait
            await self._units.write(lambda c: self._put_back(c, dispute, wait))
        except AWAY as error:
            # The lease leads to an inquiry.
            log.warning("answer_not_stored", dispute_id=dispute.dispute_id, problem=repr(error))

    async def _call(self, dispute: Dispute) -> tuple[Answer, DisputeStanding]:
        desk = self._desks[dispute.partner_id]
        standing = NO_WORD

        async def ask() -> Answer:
            nonlocal standing
            if is_to_be_sent(dispute):
                return await desk.partner.answer_dispute(dispute)
            standing = await desk.partner.inquire_dispute(dispute)
            stage = standing.stage or ("answered" if standing.answered else "")
            detail = f"{stage} {standing.detail}".strip()
            return Answer(Outcome.ACCEPTED, detail=detail, response=stage or "no word")

        assert dispute.due_time is not None
        answer = await call_partner(desk, CallKind.FOLLOW_UP, ask, dispute.due_time)
        return answer, standing

    async def _store(
        self,
        connection: Connection,
        asked: Dispute,
        answer: Answer,
        standing: DisputeStanding,
        began: datetime,
    ) -> Decided[None]:
        moment = self._moment()
        found = (await lock_disputes(connection, [asked.dispute_id]))[asked.dispute_id]
        dispute, said = hear(found, asked, answer, standing, moment, self._rules(asked))
        await put_disputes(connection, [dispute])
        operation = ANSWER if is_to_be_sent(asked) else INQUIRE
        word = Attempt(
            asked.dispute_id,
            "",
            asked.turn,
            operation,
            began,
            answer.outcome,
            answer.detail or answer.reason,
            answer.request,
            answer.response,
        )
        await add_dispute_attempts(connection, [word])
        messages = [dispute_outgoing(dispute, each, moment.today, self._lane) for each in said]
        return Decided(None, messages)

    async def _put_back(
        self, connection: Connection, asked: Dispute, wait: timedelta
    ) -> Decided[None]:
        found = (await lock_disputes(connection, [asked.dispute_id]))[asked.dispute_id]
        if found.leased and found.turn == asked.turn:
            await put_disputes(connection, [put_back_dispute(found, wait, self._moment())])
        return Decided(None)


def hear(
    found: Dispute,
    asked: Dispute,
    answer: Answer,
    standing: DisputeStanding,
    moment: Moment,
    rules: Rules,
) -> tuple[Dispute, tuple[DisputeSaid, ...]]:
    """What a call, made when the dispute was `asked`, makes of it as it is `found` now."""
    if found.turn != asked.turn or not found.leased:
        return hear_stage(found, standing.stage, standing.detail, moment)
    if found.state is not asked.state:
        # We have answered while the partner was asked how it stands.
        ended, said = hear_stage(found, standing.stage, standing.detail, moment)
        return (ended, said) if said else (put_back_dispute(found, timedelta(), moment), ())
    if is_to_be_sent(asked):
        return hear_answer(found, answer, moment, rules), ()
    return hear_standing(found, standing, moment, rules)
