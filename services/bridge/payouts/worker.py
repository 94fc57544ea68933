"""Works payouts: takes those that are due under a lease, asks their bank, writes what it said.

The lease is committed before the call, so the attempt is durable before the bank can know of it. No
transaction is open during a call. Calls go through the partner's desk, with all its others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from services.bridge.domain.answer import Answer, Moment, Rules
from services.bridge.guard.desk import CallKind, Desk, LeaseTooShort, call_partner
from services.bridge.notices.notice import PayoutNotice
from services.bridge.partner import Partner
from services.bridge.payouts.life import (
    HeardPayout,
    hear_payout,
    lease_payout,
    put_back_payout,
    understood,
)
from services.bridge.payouts.messages import payout_outgoing
from services.bridge.payouts.model import Payout, PayoutAnswer, PayoutOperation
from services.bridge.payouts.payees import opened
from services.bridge.payouts.store import (
    PayoutAttempt,
    add_payout_attempts,
    find_payout,
    has_due_payouts,
    lock_payouts,
    take_due_payouts,
    update_payouts,
)
from services.kit.batch import AWAY
from services.kit.gather import Gather
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox, SecretUnreadable
from services.kit.unit import Decided, Units

log = structlog.get_logger()

POLL_SECONDS = 0.2
RETRY_SECONDS = 0.5
UNREADABLE_WAIT = timedelta(minutes=1)
"""Until a payout is tried again whose payee is sealed with a key that is not here."""
DRAIN_SECONDS = 10.0
_RULES = Rules(repeatable=False, cancels=False)


@dataclass(frozen=True, slots=True)
class _Report:
    """What came of one attempt; `answer` None: it was not begun, and is due again after `wait`."""

    payout: Payout
    call_time: datetime
    answer: PayoutAnswer | None
    wait: timedelta = timedelta()


class PayoutWorker:
    """`desks` are the partners' desks of this process, `moment` the worker's: both clocks; `box`
    opens payees."""

    def __init__(
        self,
        units: Units,
        desks: Mapping[str, Desk],
        moment: Callable[[], Moment],
        lane: int,
        box: SecretBox,
    ) -> None:
        self._units = units
        self.desks = desks
        self.moment = moment
        self._lane = lane
        self._box = box
        self._reports: Gather[_Report, None] = Gather(self._write)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take what is due, for ever."""
        while True:
            try:
                taken = await self.take_due()
            except AWAY as error:
                log.warning("payout_worker_waits", problem=repr(error))
                taken = 0
            await asyncio.sleep(0 if taken else POLL_SECONDS)

    async def drain(self) -> None:
        """Wait a while for the calls under way. What is left behind is found by its lease."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)

    async def take_due(self) -> int:
        """Lease what is due, as far as there is room, and begin it; returns how much that was."""
        rooms = {name: desk.room for name, desk in self.desks.items() if desk.room}
        moment = self.moment()
        async with self._units.pool.acquire() as connection:
            if not await has_due_payouts(connection, list(rooms), moment.machine):
                return 0
        committed = await self._units.write(lambda c: self._lease_due(c, rooms, moment))
        for payout in committed.answer:
            self._begin(payout)
        return len(committed.answer)

    async def hear_notices(
        self, connection: Connection, notices: Sequence[tuple[str, PayoutNotice]]
    ) -> Sequence[Outgoing]:
        """Make due what banks have given notice of, within the unit that takes the notices."""
        named = [
            await find_payout(connection, partner_id, notice.payout_id, notice.partner_reference)
            for partner_id, notice in notices
        ]
        found = (await lock_payouts(connection, sorted({each for each in named if each}))).values()
        hurried = [
            put_back_payout(payout, self.moment(), timedelta())
            for payout in found
            if payout.operation not in (None, PayoutOperation.SUBMIT) and not payout.leased
        ]
        await update_payouts(connection, hurried)
        return ()

    async def _lease_due(
        self, connection: Connection, rooms: Mapping[str, int], moment: Moment
    ) -> Decided[list[Payout]]:
        due = await take_due_payouts(connection, rooms, moment.machine)
        leased = [
            lease_payout(payout, moment, self.rules_of(payout))
            for payout in sorted(due, key=lambda payout: payout.payout_id)
        ]
        await update_payouts(connection, leased)
        return Decided(leased)

    def rules_of(self, payout: Payout) -> Rules:
        """The rules of its bank; those of nobody where it is no longer configured."""
        desk = self.desks.get(payout.order.partner_id)
        return _RULES if desk is None else desk.partner.rules

    def _begin(self, payout: Payout) -> None:
        desk = self.desks[payout.order.partner_id]
        desk.held += 1
        task = asyncio.create_task(self._work(desk, payout))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, desk: Desk, payout: Payout) -> None:
        try:
            await self._reports.submit(await self._attempt(desk, payout))
        finally:
            desk.held -= 1

    async def _attempt(self, desk: Desk, payout: Payout) -> _Report:
        assert payout.due_time is not None
        is_first = payout.operation is PayoutOperation.SUBMIT
        kind = CallKind.START if is_first else CallKind.FOLLOW_UP
        began = self.moment().today
        try:
            whole = replace(payout, order=opened(payout.order, self._box))
            answer = await call_partner(desk, kind, _question(desk.partner, whole), payout.due_time)
        except SecretUnreadable as error:
            log.error("payee_unreadable", payout_id=payout.payout_id, problem=error.message)
            return _Report(payout, began, None, UNREADABLE_WAIT)
        except LeaseTooShort as error:
            log.warning("lease_given_back", payout_id=payout.payout_id)
            return _Report(payout, began, None, error.wait)
        return _Report(payout, began, understood(answer, payout.order))

    async def _write(self, reports: Sequence[_Report]) -> list[None]:
        """Store a batch of answers; as long as Postgres is away, they wait here."""
        while True:
            try:
                await self._units.write(lambda c: self._store(c, reports))
            except AWAY as error:
                log.warning("payout_answers_wait", answers=len(reports), problem=repr(error))
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:
                await self._write_apart(reports, error)
                break
            else:
                break
        return [None] * len(reports)

    async def _write_apart(self, reports: Sequence[_Report], error: Exception) -> None:
        """Find the answer that cannot be stored; it is lost, so its lease leads to a question."""
        if len(reports) == 1:
            payout_id = reports[0].payout.payout_id
            log.error("payout_answer_not_stored", payout_id=payout_id, exc_info=error)
            return
        middle = len(reports) // 2
        await self._write(reports[:middle])
        await self._write(reports[middle:])

    async def _store(self, connection: Connection, reports: Sequence[_Report]) -> Decided[None]:
        moment = self.moment()
        payouts = await lock_payouts(connection, [each.payout.payout_id for each in reports])
        messages = []
        for report in reports:
            found = payouts[report.payout.payout_id]
            payouts[found.payout_id], said = self._heard(found, report, moment)
            after = payouts[found.payout_id]
            if after.contradicted and not found.contradicted:
                log.error("payout_contradicted", payout_id=found.payout_id)
            messages += [payout_outgoing(after, word, moment.today, self._lane) for word in said]
        await update_payouts(connection, list(payouts.values()))
        await add_payout_attempts(
            connection, [_attempt_of(each) for each in reports if each.answer]
        )
        return Decided(None, messages)

    def _heard(self, payout: Payout, report: _Report, moment: Moment) -> HeardPayout:
        taken = report.payout
        if report.answer is None:
            mine = payout.turn == taken.turn
            return (put_back_payout(payout, moment, report.wait) if mine else payout), ()
        assert taken.operation is not None
        rules = self.rules_of(payout)
        return hear_payout(payout, taken.operation, taken.turn, report.answer, moment, rules)


def _question(partner: Partner, payout: Payout) -> Callable[[], Awaitable[Answer]]:
    match payout.operation:
        case PayoutOperation.SUBMIT:
            return lambda: partner.submit_payout(payout)
        case PayoutOperation.INQUIRE:
            return lambda: partner.inquire_payout(payout)
        case _:
            return lambda: partner.search_payout(payout)


def _attempt_of(report: _Report) -> PayoutAttempt:
    payout, answer = report.payout, report.answer
    assert answer is not None
    return PayoutAttempt(
        payout.payout_id,
        payout.turn,
        payout.operation or "",
        report.call_time,
        answer.word,
        answer.detail or answer.partner_code or answer.message,
        answer.request,
        answer.response,
    )
