"""Sends what is due: a few per endpoint at once, many in all, each under a lease.

A slow endpoint holds its own few places and no others; one that fails has a single place. What a
process has taken and not finished is taken again when its lease has run out, under the same event
id, which receivers know.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import structlog

from services.core.clock import Clock
from services.core.errors import KawaseError
from services.gateway.webhooks.model import Due
from services.gateway.webhooks.schedule import Decision, Ending, decide
from services.gateway.webhooks.sending import TOTAL_SECONDS, Sender
from services.gateway.webhooks.signing import signed_headers
from services.gateway.webhooks.store.endpoints import note_health
from services.gateway.webhooks.store.queue import Finished, Room, finish, lock_endpoints, take_due
from services.kit.gather import Gather
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.sealing import SecretBox
from services.kit.trace import HEADER, follow
from services.kit.unit import Decided, Units

log = structlog.get_logger()

# Under way at once: in a process, and to one endpoint over all processes.
TOTAL_LIMIT = 128
ENDPOINT_LIMIT = 8
# Longer than an attempt and what comes before and after it.
LEASE = timedelta(seconds=TOTAL_SECONDS * 4)
LOOK_SECONDS = 0.25
PACE_SECONDS = 0.02
RETRY_SECONDS = 2.0
STOP_SECONDS = 5.0
_AWAY = (asyncpg.PostgresError, *POSTGRES_AWAY, KawaseError)


class Worker:
    """Sends deliveries. `stamps` is the machine's clock: receivers compare with their own."""

    def __init__(
        self,
        units: Units,
        clock: Clock,
        stamps: Clock,
        sender: Sender,
        box: SecretBox,
        endpoint_limit: int = ENDPOINT_LIMIT,
    ) -> None:
        self._units = units
        self._clock = clock
        self._stamps = stamps
        self._sender = sender
        self._box = box
        self._endpoint_limit = endpoint_limit
        self._running: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._finishing: Gather[Finished, None] = Gather(self._keep)

    async def run(self) -> None:
        """Send what is due, for ever; what is under way at the end has a moment to end."""
        try:
            while True:
                pause = LOOK_SECONDS
                try:
                    if await self.step():
                        pause = 0.0
                except _AWAY as error:
                    log.warning("webhooks_wait", problem=str(error) or repr(error))
                    await asyncio.sleep(RETRY_SECONDS)
                await self._rest(pause)
        finally:
            if self._running:
                await asyncio.wait(self._running, timeout=STOP_SECONDS)
            for task in self._running:
                task.cancel()

    async def _rest(self, seconds: float) -> None:
        """Until an attempt has ended, or for a while; as long as it takes where all are busy."""
        # Attempts that end together free their places together.
        await asyncio.sleep(PACE_SECONDS)
        self._ended.clear()
        try:
            async with asyncio.timeout(seconds if len(self._running) < TOTAL_LIMIT else None):
                await self._ended.wait()
        except TimeoutError:
            return

    async def step(self) -> int:
        """Take what is due and begin to send it; returns how many."""
        room = Room(TOTAL_LIMIT - len(self._running), self._endpoint_limit)
        if room.total <= 0:
            return 0
        lease = secrets.token_hex(8)

        async def take(connection: Connection) -> Decided[list[Due]]:
            return Decided(await take_due(connection, room, lease, LEASE, self._clock.now()))

        taken = (await self._units.write(take)).answer
        for due in taken:
            task = asyncio.create_task(self._attempt(due))
            self._running.add(task)
            task.add_done_callback(self._done)
        return len(taken)

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._running:
            await asyncio.wait(self._running)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._ended.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # The lease runs out, and it is taken again.
            log.error("webhook_attempt_broken", exc_info=error)

    async def _attempt(self, due: Due) -> None:
        start, began = self._clock.now(), time.monotonic()
        stamp = self._stamps.now()
        follow(due.trace)
        headers = signed_headers(due.event_id, due.body, self._keys(due, start), stamp)
        if due.trace:
            headers[HEADER] = due.trace
        outcome = await self._sender.send(due.url, due.body, headers, stamp)
        milliseconds = int((time.monotonic() - began) * 1000)
        number = due.attempt_count + 1
        now = self._clock.now()
        decision = decide(outcome, number, due.failing_since, now, random.random())  # noqa: S311
        if outcome.ending is not Ending.DELIVERED:
            log.info(
                "webhook_attempt_failed",
                participant_id=due.participant_id,
                webhook_endpoint_id=due.endpoint_id,
                delivery_id=due.delivery_id,
                attempt=number,
                outcome=outcome.ending,
                status=outcome.status,
                following=decision.state,
            )
        await self._finishing.submit(Finished(due, outcome, decision, start, milliseconds))

    def _keys(self, due: Due, now: datetime) -> list[str]:
        keys = [self._box.open(due.secret)]
        until = due.previous_secret_until
        if due.previous_secret is not None and until is not None and now < until:
            keys.append(self._box.open(due.previous_secret))
        return keys

    async def _keep(self, finished: Sequence[Finished]) -> Sequence[None]:
        """What came of attempts, in one transaction."""
        now = self._clock.now()

        async def keep(connection: Connection) -> Decided[list[tuple[str, str, str]]]:
            await lock_endpoints(connection, finished)
            held = await finish(connection, finished, now)
            moved = [one for one in finished if one.due.delivery_id in held]
            return Decided(await _note(connection, moved, now))

        for participant_id, endpoint_id, reason in (await self._units.write(keep)).answer:
            log.warning(
                "webhook_endpoint_deactivated",
                participant_id=participant_id,
                webhook_endpoint_id=endpoint_id,
                reason=reason,
            )
        return [None] * len(finished)


async def _note(
    connection: Connection, moved: Sequence[Finished], now: datetime
) -> list[tuple[str, str, str]]:
    """How each endpoint fared: well where one attempt was."""
    by_endpoint: dict[tuple[str, str], list[Finished]] = {}
    for one in moved:
        by_endpoint.setdefault((one.due.participant_id, one.due.endpoint_id), []).append(one)
    if not by_endpoint:
        return []
    groups = list(by_endpoint.values())
    well = [any(one.outcome.ending is Ending.DELIVERED for one in group) for group in groups]
    decisions = [[one.decision for one in group] for group in groups]
    return await note_health(
        connection,
        list(by_endpoint),
        well,
        [_latest_rest(group) for group in decisions],
        [next((each.inactive for each in group if each.inactive), "") for group in decisions],
        now,
    )


def _latest_rest(decisions: Sequence[Decision]) -> datetime | None:
    rests = [each.rest_until for each in decisions if each.rest_until is not None]
    return max(rests, default=None)
