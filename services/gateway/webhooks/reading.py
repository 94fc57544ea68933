"""Turns the gateway's own facts into deliveries: each fact once, whoever reads.

The place is kept in the transaction that stores the deliveries, so several gateways may try and one
does it. Facts come from the outbox itself, not by Kafka: nothing that is lost there matters here.
An old gateway that meets a fact of a newer one leaves it to that one, and says so.
"""

import asyncio
from collections.abc import Sequence

import asyncpg
import structlog
from google.protobuf.message import DecodeError

from services.core.clock import Clock
from services.core.errors import KawaseError
from services.core.ids import new_reference
from services.gateway.webhooks.events import (
    Fact,
    UnknownFact,
    hear,
    tellings_of,
)
from services.gateway.webhooks.model import NewDelivery, Target
from services.gateway.webhooks.store.deliveries import add_deliveries
from services.gateway.webhooks.store.endpoints import read_targets
from services.gateway.webhooks.store.places import (
    Place,
    advance,
    find_subjects,
    is_behind,
    lock_places,
    reached,
    read_facts,
)
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()

# Facts of one transaction, over all stripes.
TAKE_LIMIT = 5_000
PAUSE_SECONDS = 0.25
RETRY_SECONDS = 2.0
_AWAY = (asyncpg.PostgresError, *POSTGRES_AWAY, KawaseError)


class Reader:
    """Reads facts into deliveries."""

    def __init__(self, units: Units, clock: Clock, take_limit: int = TAKE_LIMIT) -> None:
        self._units = units
        self._clock = clock
        self._take_limit = take_limit

    async def run(self) -> None:
        """Read what comes, for ever."""
        while True:
            pause = PAUSE_SECONDS
            try:
                while await self.step():
                    pass
            except (UnknownFact, DecodeError) as error:
                log.error("webhook_fact_not_understood", problem=str(error))
                pause = RETRY_SECONDS
            except _AWAY as error:
                log.warning("webhook_reading_waits", problem=str(error) or repr(error))
                pause = RETRY_SECONDS
            await asyncio.sleep(pause)

    async def step(self) -> bool:
        """Read a portion; whether more of the round is left.

        Raises `UnknownFact` and DecodeError where a fact is not understood.
        """
        if not await is_behind(self._units.pool):
            return False
        return (await self._units.write(self._read)).answer

    async def _read(self, connection: Connection) -> Decided[bool]:
        places = await lock_places(connection)
        if not places:
            return Decided(False)
        if all(place.sequence == place.target for place in places):
            targets = await reached(connection)
            places = [
                Place(place.stripe, place.sequence, targets[place.stripe]) for place in places
            ]
        spans = portion(places, self._take_limit)
        await self._deliver(connection, spans)
        through = {place.stripe: place.sequence for place in places}
        through |= {span.stripe: span.target for span in spans}
        await advance(connection, through, {place.stripe: place.target for place in places})
        return Decided(any(through[place.stripe] < place.target for place in places))

    async def _deliver(self, connection: Connection, spans: Sequence[Place]) -> None:
        targets = await read_targets(connection)
        if not targets or not spans:
            return
        facts = await read_facts(connection, spans)
        new = await self._deliveries(connection, facts, targets)
        if new:
            await add_deliveries(connection, new, self._clock.now())
            log.info("webhook_deliveries_made", deliveries=len(new))

    async def _deliveries(
        self, connection: Connection, facts: Sequence[Fact], targets: Sequence[Target]
    ) -> list[NewDelivery]:
        heard = [one for fact in facts if (one := hear(fact)) is not None]
        subjects = await find_subjects(connection, (one.reference for one in heard))
        by_participant: dict[str, list[Target]] = {}
        for target in targets:
            by_participant.setdefault(target.participant_id, []).append(target)
        now = self._clock.now()
        return [
            NewDelivery(
                new_reference(now),
                target,
                told.event_id,
                told.event_type,
                subject.payment_reference if subject else one.reference,
                one.order,
                told.text,
                one.trace,
            )
            for one in heard
            for subject in [subjects.get(one.reference)]
            for told in tellings_of(one, subject)
            for target in by_participant.get(told.participant_id, ())
            if target.wants(told.event_type)
        ]


def portion(places: Sequence[Place], limit: int) -> list[Place]:
    """What to read now of a round, so that one transaction stays of a size."""
    moving = [place for place in places if place.sequence < place.target]
    share = max(1, limit // max(1, len(moving)))
    return [
        Place(place.stripe, place.sequence, min(place.target, place.sequence + share))
        for place in moving
    ]
