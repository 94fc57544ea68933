"""Drops messages by age, so that an outbox grows to its keep time and no further.

The keep time is how long a copy of a service's facts may be away. Within it, whatever Kafka loses
is fetched from the owner; who is away for longer is told that facts are gone (`FactsDropped`), and
begins again from a backup or from another service's copy. What a service has not sent, or not read
of its own messages, is kept however old it is.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import asyncpg

from services.kit.outbox import drop_old
from services.kit.postgres import Connection
from services.kit.upkeep import Upkeep

# Of each stripe in one transaction.
PORTION = 500

ReadSoFar = Callable[[Connection], Awaitable[Mapping[int, int]]]
"""Per stripe, how far a service has read its own messages; stripes it does not read are left out.
"""


async def reads_nothing(_connection: Connection) -> Mapping[int, int]:
    """Of a service that does not read its own messages."""
    return {}


class OutboxKeeper(Upkeep):
    """Keeps the messages of a service for `keep`, at least a day."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        keep: timedelta,
        read_so_far: ReadSoFar = reads_nothing,
        portion: int = PORTION,
    ) -> None:
        async def drop(connection: Connection) -> int:
            return await drop_old(connection, keep, portion, await read_so_far(connection))

        super().__init__(pool, "old messages", drop)
