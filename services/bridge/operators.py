"""What operators do about charges no partner speaks of: the queue of them, and their word on one.

A word is journaled, and said like a partner's.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog

from services.bridge.domain.answer import Rules
from services.bridge.domain.charge import Charge, State
from services.bridge.domain.wishes import ResolutionMalformed, resolve
from services.bridge.messages import charge_outgoing
from services.bridge.store.attempts import Attempt, add_attempts
from services.bridge.store.charges import lock_charges, update_charges
from services.bridge.store.queue import Since, count_unknown, list_unknown
from services.bridge.worker import Worker
from services.core.clock import Clock
from services.core.errors import NotFound
from services.kit.batch import AWAY
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()

OPERATION = "operator"
COUNT_SECONDS = 60.0


class ChargeNotFound(NotFound):
    """No charge has this id."""

    def __init__(self, charge_id: str) -> None:
        super().__init__(f"There is no charge {charge_id[:64]!r}.", charge_id=charge_id[:64])


class Operators:
    """Resolves charges by hand."""

    def __init__(self, units: Units, worker: Worker, lane: int) -> None:
        self._units = units
        self._worker = worker
        self._lane = lane

    async def resolve(self, charge_id: str, state: int, operator: str, reason: str) -> Charge:
        """Raises `ChargeNotFound`, `ResolutionMalformed`, `ChargeDecided`."""
        if state not in State.__members__.values():
            raise ResolutionMalformed("A charge is resolved as accepted or as rejected.")

        async def store(connection: Connection) -> Decided[Charge]:
            found = (await lock_charges(connection, [charge_id])).get(charge_id)
            if found is None:
                raise ChargeNotFound(charge_id)
            moment = self._worker.moment()
            charge, said = resolve(found, State(state), operator, reason, moment)
            await update_charges(connection, [charge], [found.version])
            word = Attempt(
                charge_id,
                "",
                charge.turn,
                OPERATION,
                moment.today,
                charge.state.name.lower(),
                f"{operator}: {reason}",
            )
            await add_attempts(connection, [word])
            messages = [charge_outgoing(charge, each, moment.today, self._lane) for each in said]
            return Decided(charge, messages)

        return (await self._units.write(store)).answer


class Queue:
    """Charges that wait for an operator: those without a word for as long as the rules say."""

    def __init__(self, units: Units, rules: Mapping[str, Rules], clock: Clock) -> None:
        self._pool = units.pool
        self._rules = rules
        self._clock = clock

    def _since(self, age: timedelta | None) -> Since:
        now = self._clock.now()
        if age is not None:
            return Since({}, now - age)
        by_partner = {name: now - rules.operator_after for name, rules in self._rules.items()}
        # Nobody asks a partner that is no longer configured, so its charges wait already.
        return Since(by_partner, now)

    async def list(self, age: timedelta | None, partner_id: str, limit: int) -> list[Charge]:
        """At least of this age, or of the age of the partner's rules; oldest first."""
        async with self._pool.acquire() as connection:
            return await list_unknown(connection, self._since(age), partner_id, limit)

    async def count(self) -> int:
        """Log how many wait, per partner that has any; returns how many there are."""
        async with self._pool.acquire() as connection:
            awaiting = await count_unknown(connection, self._since(None))
        for each in awaiting:
            log.warning(
                "charges_await_operator",
                partner_id=each.partner_id,
                charges=each.count,
                oldest_time=each.oldest_time.isoformat(),
            )
        return sum(each.count for each in awaiting)

    async def run(self) -> None:
        """Count now and then, for ever."""
        while True:
            await asyncio.sleep(COUNT_SECONDS)
            try:
                await self.count()
            except AWAY as error:
                log.warning("count_waits", problem=repr(error))
