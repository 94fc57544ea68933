"""What the gateway hears from wallet and bridge, a batch in one unit, shared out by resource.

Each kind of resource has a handler: payments here, refunds and top-ups in their own rooms. A
handler locks its rows, decides and stores on the connection it is given, and returns what is to be
sent; it may be run again, and tells nobody anything until `committed` is called.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.core.ids import Resource
from services.gateway.incoming import Incoming, read_event
from services.kit.batch import BatchConsumer
from services.kit.kafka import GroupConsumer, Record
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

GROUP = "gateway"
TOPICS = ("wallet.event", "bridge.event")


class EventHandler(Protocol):
    """Handles the events of one kind of resource."""

    async def handle(self, connection: Connection, batch: Sequence[Incoming]) -> Sequence[Outgoing]:
        """Read, decide and store within the connection's transaction; what is to be sent."""
        ...

    def committed(self) -> None:
        """What the last `handle` stored is durable."""
        ...


Handled = Sequence[EventHandler]
"""Those who had part in a batch."""


class EventConsumer:
    """Feeds the handlers. They are called in the order of the mapping, so locks have an order."""

    def __init__(self, handlers: Mapping[Resource, EventHandler]) -> None:
        self._handlers = handlers

    def consume(self, group: GroupConsumer, units: Units) -> BatchConsumer[Handled]:
        """The loop to run."""
        return BatchConsumer(GROUP, group, units, self.handle, self.committed)

    async def handle(self, connection: Connection, records: Sequence[Record]) -> Decided[Handled]:
        """One batch of records, within one unit; answers who had part in it."""
        batches: dict[Resource, list[Incoming]] = {}
        for record in records:
            incoming = read_event(record)
            if incoming is not None:
                batches.setdefault(incoming.resource, []).append(incoming)
        handled: list[EventHandler] = []
        messages: list[Outgoing] = []
        for resource, handler in self._handlers.items():
            if resource in batches:
                messages += await handler.handle(connection, batches[resource])
                handled.append(handler)
        return Decided(handled, messages)

    def committed(self, handled: Handled) -> None:
        """The batch is durable: handlers may tell those who wait."""
        for handler in handled:
            handler.committed()
