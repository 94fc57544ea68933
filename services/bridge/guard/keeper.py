"""Keeps this process's desks and the partners' shared availability in step.

Reads all rows every `POLL_SECONDS` and at once when a breaker here changes; adopts what others have
written, writes what is this process's to write (rules: `domain/availability.py`), and publishes it
to `bridge.partner` in the same unit. While Postgres is away the breakers here go on alone.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from services.bridge.codes import partner_of
from services.bridge.domain import breaker as breakers
from services.bridge.domain.answer import Moment
from services.bridge.domain.availability import Availability, View, decide, set_by_operator
from services.bridge.domain.hours import next_opening
from services.bridge.guard.desk import Desk
from services.bridge.messages import timestamp_message
from services.bridge.store.availability import add_availability, read_availability
from services.core.clock import Clock
from services.core.errors import Malformed
from services.kit.batch import AWAY, DEAD_LETTER_STRIPE
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.pb.kawase.bridge.v1.bridge_message_pb2 import PartnerEvent

log = structlog.get_logger()

TOPIC = "bridge.partner"
POLL_SECONDS = 1.0
TEXT_LIMIT = 500
_FOREVER = datetime.max.replace(tzinfo=UTC)


class OperatorMissing(Malformed):
    """An operator's change lacks who, or why."""


class Keeper:
    """Availability of all partners, as this process sees it. `process` tells it from others."""

    def __init__(
        self, units: Units, desks: Mapping[str, Desk], clock: Clock, machine: Clock, process: str
    ) -> None:
        self._units = units
        self.desks = desks
        self._clock = clock
        self._machine = machine
        self._process = process
        self._rows: dict[str, Availability] = {}
        self._woken = asyncio.Event()
        for desk in desks.values():
            desk.changed = self._woken.set

    def row(self, partner_id: str) -> Availability:
        """The row as last read."""
        return self._rows.get(partner_id) or Availability(partner_id)

    async def run(self) -> None:
        """Keep in step, for ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self.refresh()
            except AWAY as error:
                log.warning("availability_waits", problem=repr(error))
                await asyncio.sleep(POLL_SECONDS)

    async def refresh(self) -> None:
        """Read all rows, adopt what changed, and write what is this process's to write."""
        async with self._units.pool.acquire() as connection:
            rows = await read_availability(connection, list(self.desks))
        moment = self._moment()
        for row in rows.values():
            self._adopt(row, moment)
        wanted = [changed for row in rows.values() if (changed := self._decide(row, moment))]
        for row in wanted:
            await self._write(row)

    def _moment(self) -> Moment:
        return Moment(self._clock.now(), self._machine.now())

    def _decide(self, row: Availability, moment: Moment) -> Availability | None:
        desk = self.desks[row.partner_id]
        rules = desk.partner.rules
        opening = None if rules.hours is None else next_opening(rules.hours, moment.today)
        view = View(self._process, desk.breaker, rules.breaker, opening)
        return decide(row, view, moment)

    def _adopt(self, row: Availability, moment: Moment) -> None:
        """Have the desk follow a row that is new to this process and was written by another."""
        known = self.row(row.partner_id)
        if row.version <= known.version:
            return
        self._rows[row.partner_id] = row
        desk = self.desks[row.partner_id]
        desk.refuses_until = _refuses_until(row)
        if row.holder == self._process:
            # Its breaker is what the row follows.
            return
        if row.held_until is not None:
            desk.breaker = breakers.held_open(desk.breaker, moment.machine, row.held_until)
        elif row.available:
            desk.breaker = breakers.closed(moment.machine)

    async def _write(self, changed: Availability) -> None:
        async def work(connection: Connection) -> Decided[Availability | None]:
            read = await read_availability(connection, [changed.partner_id])
            if read[changed.partner_id].version != changed.version - 1:
                return Decided(None)
            await add_availability(connection, changed)
            return Decided(changed, [_outgoing(changed)])

        stored = (await self._units.write(work)).answer
        if stored is None:
            # Somebody was faster; their row is read in the next round.
            self._woken.set()
            return
        self._own(stored)

    def _own(self, row: Availability) -> None:
        """A row of this process's writing."""
        self._rows[row.partner_id] = row
        self.desks[row.partner_id].refuses_until = _refuses_until(row)
        log.warning(
            "partner_availability_changed",
            partner_id=row.partner_id,
            available=row.available,
            reason=row.reason.value,
            retry_time=row.retry_time and row.retry_time.isoformat(),
            operator=row.operator,
        )

    async def set(
        self, partner_id: str, available: bool, operator: str, reason: str
    ) -> Availability:
        """An operator's word, journaled. Raises `PartnerUnknown`, `OperatorMissing`."""
        partner_of({name: desk.partner for name, desk in self.desks.items()}, partner_id)
        if not operator.strip() or not reason.strip():
            raise OperatorMissing("Say who changes the partner's availability, and why.")

        async def work(connection: Connection) -> Decided[Availability]:
            row = (await read_availability(connection, [partner_id]))[partner_id]
            names = operator[:TEXT_LIMIT], reason[:TEXT_LIMIT]
            changed = set_by_operator(row, available, *names, self._moment())
            await add_availability(connection, changed)
            return Decided(changed, [_outgoing(changed)])

        changed = (await self._units.write(work)).answer
        self._own(changed)
        if available:
            self.desks[partner_id].breaker = breakers.closed(self._machine.now())
        return changed


def _refuses_until(row: Availability) -> datetime | None:
    return None if row.available else row.held_until or _FOREVER


def _outgoing(row: Availability) -> Outgoing:
    """The event. In the dead letters' stripe, so that the others hold `bridge.event` gapless."""
    event = PartnerEvent(partner_id=row.partner_id)
    assert row.change_time is not None
    event.event_time.FromDatetime(row.change_time)
    changed = event.partner_availability_changed
    changed.available = row.available
    changed.reason = row.reason.value
    changed.version = row.version
    if row.retry_time is not None:
        changed.retry_time.CopyFrom(timestamp_message(row.retry_time))
    payload = event.SerializeToString()
    kind = "PartnerAvailabilityChanged"
    return Outgoing(TOPIC, row.partner_id, DEAD_LETTER_STRIPE, kind, payload)
