"""Who waits for a payment: confirm calls for its end or an action, watchers for every state.

A waiter registers before the payment is written. It is told by this process's own consumer after
its commit, or by the tail of `payment.event` when another gateway moved the payment.
"""

import asyncio
from collections.abc import Sequence

import structlog
from google.protobuf.message import DecodeError

from services.gateway.payments.messages import STATES, snapshot_of
from services.gateway.payments.model import FINAL, State
from services.gateway.payments.refusals import TooManyWatchers
from services.kit.kafka import KafkaAway, Record, Tail, Topics
from services.pb.kawase.gateway.v1 import payment_event_pb2, payment_pb2

log = structlog.get_logger()

TOPIC = "payment.event"
TAKE_LIMIT = 2000
RETRY_SECONDS = 0.5
WATCHER_LIMIT = 2000

Snapshot = payment_pb2.Payment
ANSWERED = frozenset({*FINAL, State.ACTION_REQUIRED, State.AUTHORISED})
"""The states a confirm call does not wait beyond."""


class Waiters:
    """Futures and watchers by reference."""

    def __init__(self) -> None:
        self._futures: dict[str, list[asyncio.Future[Snapshot]]] = {}
        self._watchers: dict[str, list[asyncio.Queue[Snapshot]]] = {}
        self._watcher_count = 0

    def wait(self, reference: str) -> "asyncio.Future[Snapshot]":
        """A future of the payment's final state, of the action it requires, or of its hold.

        Give it back with `forget` when it is no longer waited for.
        """
        future: asyncio.Future[Snapshot] = asyncio.get_running_loop().create_future()
        self._futures.setdefault(reference, []).append(future)
        return future

    def forget(self, reference: str, future: "asyncio.Future[Snapshot]") -> None:
        """Nobody waits for `future` any longer."""
        waiting = self._futures.get(reference)
        if waiting and future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._futures[reference]

    def watch(self, reference: str) -> "asyncio.Queue[Snapshot]":
        """A queue of the payment's snapshots from now on. Raises `TooManyWatchers`."""
        if self._watcher_count >= WATCHER_LIMIT:
            raise TooManyWatchers
        # A payment has fewer moves than this in all its life.
        queue: asyncio.Queue[Snapshot] = asyncio.Queue(64)
        self._watchers.setdefault(reference, []).append(queue)
        self._watcher_count += 1
        return queue

    def unwatch(self, reference: str, queue: "asyncio.Queue[Snapshot]") -> None:
        """The other half of `watch`."""
        watching = self._watchers[reference]
        watching.remove(queue)
        self._watcher_count -= 1
        if not watching:
            del self._watchers[reference]

    def cares_for(self, reference: str) -> bool:
        """Whether anybody here waits for the payment."""
        return reference in self._futures or reference in self._watchers

    def waiting(self) -> list[str]:
        """References that somebody waits for."""
        return list(self._futures)

    def tell(self, snapshot: Snapshot) -> None:
        """The payment stands as `snapshot` says."""
        reference = snapshot.reference
        for queue in self._watchers.get(reference, ()):
            if not queue.full():
                queue.put_nowait(snapshot)
        if reference in self._futures and STATES[snapshot.state] in ANSWERED:
            for future in self._futures.pop(reference):
                if not future.done():
                    future.set_result(snapshot)


class PaymentTail:
    """Tells the waiters here what other gateways did."""

    def __init__(self, topics: Topics, waiters: Waiters) -> None:
        self._topics = topics
        self._waiters = waiters
        self.ready = asyncio.Event()
        """Set while facts are being followed."""

    async def run(self) -> None:
        """Follow the facts from now on, for ever; starts again when Kafka comes back."""
        while True:
            tail = Tail(self._topics, [TOPIC], from_beginning=False)
            try:
                await tail.start()
                self.ready.set()
                while True:
                    self._hear(await tail.take(TAKE_LIMIT))
            except KafkaAway as error:
                log.warning("payment_tail_waits", problem=str(error))
            finally:
                self.ready.clear()
                await tail.stop()
            await asyncio.sleep(RETRY_SECONDS)

    def _hear(self, records: Sequence[Record]) -> None:
        for record in records:
            if not self._waiters.cares_for(record.key):
                continue
            try:
                event = payment_event_pb2.PaymentEvent.FromString(record.value)
            except DecodeError as error:
                log.error("fact_unreadable", offset=record.offset, problem=str(error))
                continue
            snapshot = snapshot_of(event)
            if snapshot is not None:
                self._waiters.tell(snapshot)
