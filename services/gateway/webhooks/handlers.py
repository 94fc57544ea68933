"""What participants and operators do with endpoints and deliveries, whichever API they use.

Endpoints and deliveries are looked up by participant, so nobody reaches another's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from services.core.clock import Clock
from services.core.ids import checked_id, new_reference
from services.gateway.webhooks.events import EVENT_TYPES, event_text
from services.gateway.webhooks.model import (
    TEST_EVENT,
    Attempt,
    Delivery,
    Endpoint,
    Inactive,
    NewDelivery,
    Order,
    State,
    Target,
)
from services.gateway.webhooks.refusals import (
    DeliveryPending,
    DeliveryUnknown,
    EventTypeUnknown,
    OverlapMalformed,
    ReplayMalformed,
    TooManyWebhookEndpoints,
    WebhookEndpointInactive,
    WebhookEndpointUnknown,
)
from services.gateway.webhooks.sending import Names
from services.gateway.webhooks.signing import new_secret
from services.gateway.webhooks.store import deliveries as store
from services.gateway.webhooks.store.endpoints import (
    count_endpoints,
    find_endpoint,
    list_endpoints,
    put_endpoint,
)
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox
from services.kit.unit import Decided, Units

log = structlog.get_logger()

ENDPOINTS_LIMIT = 16
REPLAY_LIMIT = 10_000
OVERLAP = timedelta(days=1)
LONGEST_OVERLAP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many are due again, whether there are more, and the time of the last one's event."""

    count: int
    more: bool
    last_event_time: datetime | None


class Webhooks:
    """The calls, each for one participant."""

    def __init__(self, units: Units, clock: Clock, box: SecretBox, names: Names) -> None:
        self._units = units
        self._clock = clock
        self._box = box
        self._names = names

    async def put(
        self,
        participant_id: str,
        endpoint_id: str,
        url: str,
        event_types: Collection[str],
        *,
        active: bool,
    ) -> tuple[Endpoint, str]:
        """Make or change an endpoint; a fresh one's secret, empty for one that was there.

        Raises `IdMalformed`, `EventTypeUnknown`, `WebhookUrlRefused`, `WebhookAddressRefused`,
        `TooManyWebhookEndpoints`, `SecretsKeyMissing`.
        """
        checked_id(endpoint_id, "webhook_endpoint_id")
        for event_type in event_types:
            if event_type not in EVENT_TYPES:
                raise EventTypeUnknown(event_type, ", ".join(sorted(EVENT_TYPES)))
        await self._names.check(url)
        types = tuple(sorted(set(event_types)))
        secret = new_secret()
        fresh = self._fresh(participant_id, endpoint_id, url, types, secret, active=active)

        async def put(connection: Connection) -> Decided[tuple[Endpoint, str]]:
            count = await count_endpoints(connection, participant_id)
            known = await find_endpoint(connection, participant_id, endpoint_id, lock=True)
            if known is not None and known.inactive_reason is not Inactive.DELETED:
                changed = _changed(known, fresh)
                if changed != known:
                    await put_endpoint(connection, changed)
                return Decided((changed, ""))
            if count >= ENDPOINTS_LIMIT:
                raise TooManyWebhookEndpoints(ENDPOINTS_LIMIT)
            await put_endpoint(connection, fresh)
            return Decided((fresh, secret))

        endpoint, told = (await self._units.write(put)).answer
        log.info(
            "webhook_endpoint_put",
            participant_id=participant_id,
            webhook_endpoint_id=endpoint_id,
            fresh=bool(told),
            active=endpoint.active,
        )
        return endpoint, told

    def _fresh(
        self,
        participant_id: str,
        endpoint_id: str,
        url: str,
        event_types: tuple[str, ...],
        secret: str,
        *,
        active: bool,
    ) -> Endpoint:
        now = self._clock.now()
        return Endpoint(
            participant_id,
            endpoint_id,
            url,
            event_types,
            None if active else Inactive.OWN_WISH,
            self._box.seal(secret),
            None,
            None,
            None,
            now,
            now,
        )

    async def rotate(
        self, participant_id: str, endpoint_id: str, overlap_seconds: int
    ) -> tuple[Endpoint, str]:
        """A fresh secret; the one before signs too for `overlap_seconds` (0: a day).

        Raises `OverlapMalformed`, `WebhookEndpointUnknown`, `SecretsKeyMissing`.
        """
        overlap = timedelta(seconds=overlap_seconds) or OVERLAP
        if not timedelta() < overlap <= LONGEST_OVERLAP:
            raise OverlapMalformed(int(LONGEST_OVERLAP.total_seconds()))
        secret = new_secret()
        sealed = self._box.seal(secret)
        now = self._clock.now()

        async def rotate(connection: Connection) -> Decided[Endpoint]:
            known = await _known(connection, participant_id, endpoint_id, lock=True)
            rotated = replace(
                known,
                secret=sealed,
                previous_secret=known.secret,
                previous_secret_until=now + overlap,
                update_time=now,
            )
            await put_endpoint(connection, rotated)
            return Decided(rotated)

        endpoint = (await self._units.write(rotate)).answer
        log.info(
            "webhook_key_rotated", participant_id=participant_id, webhook_endpoint_id=endpoint_id
        )
        return endpoint, secret

    async def endpoints(self, participant_id: str) -> Sequence[Endpoint]:
        """All of a participant's, by id."""
        async with self._units.pool.acquire() as connection:
            return await list_endpoints(connection, participant_id)

    async def delete(self, participant_id: str, endpoint_id: str) -> None:
        """No more is sent there. Deleting again changes nothing.

        Raises `WebhookEndpointUnknown` for one that never was.
        """
        now = self._clock.now()

        async def delete(connection: Connection) -> Decided[None]:
            known = await find_endpoint(connection, participant_id, endpoint_id, lock=True)
            if known is None:
                raise WebhookEndpointUnknown(endpoint_id)
            if known.inactive_reason is not Inactive.DELETED:
                gone = replace(known, inactive_reason=Inactive.DELETED, update_time=now)
                await put_endpoint(connection, gone)
            return Decided(None)

        await self._units.write(delete)
        log.info(
            "webhook_endpoint_deleted",
            participant_id=participant_id,
            webhook_endpoint_id=endpoint_id,
        )

    async def deliveries(
        self,
        participant_id: str,
        endpoint_id: str,
        state: State | None,
        before: str,
        limit: int,
    ) -> Sequence[Delivery]:
        """Newest first, older than the delivery `before`; of all endpoints where none is named."""
        async with self._units.pool.acquire() as connection:
            return await store.list_deliveries(
                connection, participant_id, endpoint_id, state, before, limit
            )

    async def delivery(
        self, participant_id: str, delivery_id: str
    ) -> tuple[Delivery, str, Sequence[Attempt]]:
        """A delivery, what is sent, and all attempts. Raises `DeliveryUnknown`."""
        async with self._units.pool.acquire() as connection:
            found = await store.find_delivery(connection, participant_id, delivery_id)
            if found is None:
                raise DeliveryUnknown(delivery_id)
            return *found, await store.list_attempts(connection, delivery_id)

    async def replay_one(self, participant_id: str, delivery_id: str) -> Replayed:
        """Send one again that has ended.

        Raises `DeliveryUnknown`, `DeliveryPending`, `WebhookEndpointInactive`.
        """

        async def replay(connection: Connection) -> Decided[Replayed]:
            found = await store.find_delivery(connection, participant_id, delivery_id)
            if found is None:
                raise DeliveryUnknown(delivery_id)
            await _active(connection, participant_id, found[0].endpoint_id)
            times = await store.replay_one(
                connection, participant_id, delivery_id, self._clock.now()
            )
            if not times:
                raise DeliveryPending(delivery_id)
            return Decided(Replayed(1, False, times[0]))

        return (await self._units.write(replay)).answer

    async def replay_many(
        self,
        participant_id: str,
        endpoint_id: str,
        period: tuple[datetime, datetime] | None,
    ) -> Replayed:
        """Send an endpoint's again, oldest first: of a period, or without one all that are dead.

        Raises `ReplayMalformed`, `WebhookEndpointUnknown`, `WebhookEndpointInactive`.
        """
        if period is not None and period[0] >= period[1]:
            raise ReplayMalformed
        states = [State.DEAD] if period is None else [State.DELIVERED, State.DEAD]

        async def replay(connection: Connection) -> Decided[Replayed]:
            await _active(connection, participant_id, endpoint_id)
            times = await store.replay_many(
                connection,
                participant_id,
                endpoint_id,
                states,
                period or (None, None),
                REPLAY_LIMIT,
                self._clock.now(),
            )
            last = times[-1] if times else None
            return Decided(Replayed(len(times), len(times) >= REPLAY_LIMIT, last))

        return (await self._units.write(replay)).answer

    async def send_test(self, participant_id: str, endpoint_id: str) -> Delivery:
        """A `webhook.test` for one endpoint.

        Raises `WebhookEndpointUnknown`, `WebhookEndpointInactive`.
        """
        now = self._clock.now()
        delivery_id = new_reference(now)
        event_id = f"evt_test_{delivery_id}"
        text = event_text(TEST_EVENT, now, {"webhook_endpoint_id": endpoint_id})
        target = Target(participant_id, endpoint_id, (), active=True)
        new = NewDelivery(delivery_id, target, event_id, TEST_EVENT, event_id, Order(0, now), text)

        async def send(connection: Connection) -> Decided[Delivery]:
            await _active(connection, participant_id, endpoint_id)
            await store.add_deliveries(connection, [new], now)
            found = await store.find_delivery(connection, participant_id, delivery_id)
            assert found is not None
            return Decided(found[0])

        return (await self._units.write(send)).answer


def _changed(known: Endpoint, wanted: Endpoint) -> Endpoint:
    """What becomes of an endpoint by putting it again; one that was inactive begins afresh."""
    reason, failing_since = known.inactive_reason, known.failing_since
    if wanted.active:
        reason, failing_since = None, None if reason else failing_since
    elif reason is None:
        reason = Inactive.OWN_WISH
    changed = replace(
        known,
        url=wanted.url,
        event_types=wanted.event_types,
        inactive_reason=reason,
        failing_since=failing_since,
    )
    return known if changed == known else replace(changed, update_time=wanted.update_time)


async def _known(
    connection: Connection, participant_id: str, endpoint_id: str, *, lock: bool
) -> Endpoint:
    endpoint = await find_endpoint(connection, participant_id, endpoint_id, lock=lock)
    if endpoint is None or endpoint.inactive_reason is Inactive.DELETED:
        raise WebhookEndpointUnknown(endpoint_id)
    return endpoint


async def _active(connection: Connection, participant_id: str, endpoint_id: str) -> None:
    endpoint = await _known(connection, participant_id, endpoint_id, lock=True)
    if not endpoint.active:
        raise WebhookEndpointInactive(endpoint_id)
