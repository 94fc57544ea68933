"""Calls partners: bounded per partner, each call under a lease, the answers written in batches.

Fresh charges come from the consumer in memory, leased in the transaction that recorded them. What
is due later, was left by a dead process, or found no room, is taken from the table. A slow call
holds back nobody but its own place.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from services.bridge.domain.answer import Answer, Moment
from services.bridge.domain.charge import (
    EXPIRED,
    Charge,
    Operation,
    is_expired,
    lease,
    put_back,
)
from services.bridge.domain.refund import Refund, lease_refund
from services.bridge.guard.desk import CallKind, Desk, LeaseTooShort, call_partner
from services.bridge.outcomes import Report, store_reports
from services.bridge.partner import Partner
from services.bridge.store.charges import has_due, read_charges, take_due, update_charges
from services.bridge.store.refunds import put_refunds, take_due_refunds
from services.core.clock import Clock
from services.kit.batch import AWAY
from services.kit.gather import Gather
from services.kit.postgres import Connection
from services.kit.trace import follow, made_of
from services.kit.unit import Decided, Units

log = structlog.get_logger()

POLL_SECONDS = 0.2
RETRY_SECONDS = 0.5
DRAIN_SECONDS = 10.0

_NO_TRACES: Mapping[str, str] = {}

Taken = tuple[list[Charge], list[tuple[Charge, Refund]]]


class Worker:
    """Works leased charges and refunds, and takes due ones from the table.

    `clock` is the house's; `machine` counts pauses and leases.
    """

    def __init__(
        self,
        units: Units,
        partners: Mapping[str, Partner],
        clock: Clock,
        machine: Clock,
        lane: int,
    ) -> None:
        self._units = units
        self.desks = {name: Desk(partner, machine) for name, partner in partners.items()}
        self._clock = clock
        self._machine = machine
        self._lane = lane
        self._reports: Gather[Report, None] = Gather(self._write)
        self._tasks: set[asyncio.Task[None]] = set()

    def moment(self) -> Moment:
        return Moment(self._clock.now(), self._machine.now())

    def take_on(
        self,
        charges: Sequence[Charge],
        refunds: Sequence[tuple[Charge, Refund]] = (),
        traces: Mapping[str, str] = _NO_TRACES,
    ) -> None:
        """Work on what has been leased for this process and is durable; `traces` by resource."""
        for charge in charges:
            resource_id = charge.order.resource_id
            follow(traces.get(resource_id) or made_of(resource_id))
            self._begin(charge, None)
        for charge, refund in refunds:
            resource_id = refund.order.resource_id
            follow(traces.get(resource_id) or made_of(resource_id))
            self._begin(charge, refund)
        follow("")

    def _begin(self, charge: Charge, refund: Refund | None) -> None:
        desk = self.desks[charge.order.partner_id]
        desk.held += 1
        # The task follows what is followed here.
        task = asyncio.create_task(self._work(desk, charge, refund))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait a while for the calls under way. What is left behind is found by its lease."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)

    async def _work(self, desk: Desk, charge: Charge, refund: Refund | None) -> None:
        try:
            report = await self._attempt(desk, charge, refund)
            if report is not None:
                await self._reports.submit(report)
        finally:
            desk.held -= 1

    async def _attempt(self, desk: Desk, charge: Charge, refund: Refund | None) -> Report | None:
        partner = desk.partner
        leased_until = charge.due_time if refund is None else refund.due_time
        assert leased_until is not None
        is_first = refund is None and charge.operation is Operation.START and not charge.asked
        began = self._clock.now()

        async def ask() -> Answer:
            nonlocal began
            began = self._clock.now()
            return await _ask(partner, charge, refund)

        def needless() -> Answer | None:
            return EXPIRED if is_first and is_expired(charge, self._clock.now()) else None

        kind = CallKind.START if is_first else CallKind.FOLLOW_UP
        try:
            answer = await call_partner(desk, kind, ask, leased_until, needless)
        except LeaseTooShort as error:
            await self._give_back(charge, refund, error.wait)
            return None
        return Report(charge, answer, began, partner.rules, refund)

    async def _give_back(self, charge: Charge, refund: Refund | None, wait: timedelta) -> None:
        """A lease that would run out during the call is given up before it."""
        log.warning("lease_given_back", charge_id=charge.charge_id)
        if refund is not None:
            return

        async def store(connection: Connection) -> Decided[None]:
            back = put_back(charge, self.moment(), wait)
            await update_charges(connection, [back], [charge.version])
            return Decided(None)

        try:
            await self._units.write(store)
        except AWAY as error:
            log.warning("lease_kept", charge_id=charge.charge_id, problem=repr(error))

    async def _write(self, reports: Sequence[Report]) -> list[None]:
        """Store a batch of answers; as long as Postgres is away, they wait here."""
        while True:
            try:
                await self._units.write(lambda c: self._store(c, reports))
            except AWAY as error:
                log.warning("answers_wait", answers=len(reports), problem=repr(error))
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:
                await self._write_apart(reports, error)
                break
            else:
                break
        return [None] * len(reports)

    async def _store(self, connection: Connection, reports: Sequence[Report]) -> Decided[None]:
        return await store_reports(connection, reports, self.moment(), self._lane)

    async def _write_apart(self, reports: Sequence[Report], error: Exception) -> None:
        """Find the answer that cannot be stored; it is lost, so its lease leads to an inquiry."""
        if len(reports) == 1:
            charge_id = reports[0].charge.charge_id
            log.error("answer_not_stored", charge_id=charge_id, exc_info=error)
            return
        middle = len(reports) // 2
        await self._write(reports[:middle])
        await self._write(reports[middle:])

    async def run(self) -> None:
        """Take what is due, for ever."""
        while True:
            try:
                taken = await self.take_due()
            except AWAY as error:
                log.warning("worker_waits", problem=repr(error))
                taken = 0
            await asyncio.sleep(0 if taken else POLL_SECONDS)

    async def take_due(self) -> int:
        """Lease what is due, as far as there is room, and begin it; returns how much that was."""
        rooms = {name: desk.room for name, desk in self.desks.items() if desk.room}
        moment = self.moment()
        async with self._units.pool.acquire() as connection:
            if not await has_due(connection, list(rooms), moment.machine):
                return 0
        committed = await self._units.write(lambda c: self._lease_due(c, rooms, moment))
        charges, refunds = committed.answer
        self.take_on(charges, refunds)
        return len(charges) + len(refunds)

    async def _lease_due(
        self, connection: Connection, rooms: Mapping[str, int], moment: Moment
    ) -> Decided[Taken]:
        due = await take_due(connection, rooms, moment.machine)
        leased = [
            lease(charge, moment, self.desks[charge.order.partner_id].partner.rules)
            for charge in due
        ]
        if leased:
            await update_charges(connection, leased, [charge.version for charge in due])
        refunds = [
            lease_refund(refund, moment, self.desks[refund.partner_id].partner.rules)
            for refund in await take_due_refunds(connection, rooms, moment.machine)
        ]
        await put_refunds(connection, refunds)
        charges = await read_charges(connection, [refund.order.charge_id for refund in refunds])
        pairs = [(charges[refund.order.charge_id], refund) for refund in refunds]
        return Decided((leased, pairs))


async def _ask(partner: Partner, charge: Charge, refund: Refund | None) -> Answer:
    if refund is not None:
        return await _ask_refund(partner, charge, refund)
    match charge.operation:
        case Operation.START:
            return await partner.start(charge)
        case Operation.APPROVE:
            return await partner.approve(charge, charge.approval_token)
        case Operation.CANCEL:
            return await partner.cancel(charge)
        case _:
            return await partner.inquire(charge)


async def _ask_refund(partner: Partner, charge: Charge, refund: Refund) -> Answer:
    """From its second turn on, a refund may be on its way from the one before."""
    if not partner.rules.refund_repeatable and refund.turn > 1:
        found = await partner.inquire_refund(charge, refund)
        if found is not None:
            return found
    return await partner.refund(charge, refund)
