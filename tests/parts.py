"""Parts of a running service for tests: a pool, an outbox that sends, Kafka's messages, a key."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg
from pydantic import SecretStr

from services.kit.bank_accounts import open_account, open_reference, payout_place
from services.kit.kafka import Publisher, Record, Tail, Topics
from services.kit.outbox import OutboxSender
from services.kit.postgres import open_pool
from services.kit.sealing import PAYEE_SETTING, SecretBox
from services.kit.unit import Units, no_crash
from services.pb.kawase.bridge.v1.bridge_message_pb2 import DepositNoticed, Payee, SubmitPayout
from tests.conftest import Database

WAIT_SECONDS = 15.0
SEAL = "c2VhbHMtbm90aGluZy1idXQtdGVzdHMtb2YtaXRzLS0="  # 32 bytes
PAYEE_BOX = SecretBox(SecretStr(SEAL), PAYEE_SETTING)
"""What gateway, settlement and bridge seal bank accounts with."""


def opened_order(order: SubmitPayout) -> SubmitPayout:
    """The order with the payee that it has sealed."""
    sealed, place = order.sealed_payee, payout_place(order.payout_id)
    parts = open_account(PAYEE_BOX, place, sealed)
    opened = SubmitPayout()
    opened.CopyFrom(order)
    names = ("bank_code", "branch_code", "account_type", "account_number", "holder_name")
    opened.payee.MergeFrom(Payee(**dict(zip(names, parts, strict=True))))
    return opened


@asynccontextmanager
async def running_units(
    service: str, database: Database, topics: Topics, reach: Callable[[str], None] = no_crash
) -> AsyncIterator[Units]:
    """Units of a service's process whose outbox sends to Kafka; the relay does not run."""
    pool = await open_pool(database.dsn(service), service, 4)
    publisher = Publisher(topics)
    await publisher.start()
    sender = OutboxSender(service, pool, publisher)
    sending = asyncio.create_task(sender.run())
    try:
        yield Units(pool, sender, reach)
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        await publisher.stop()
        await pool.close()


def payer_of(told: DepositNoticed) -> str:
    """Who has paid in, as the bank writes it."""
    place = f"deposit/{told.partner_id}/{told.account_id}/{told.entry_reference}"
    assert told.payer_name.startswith("sealed:")
    return open_reference(PAYEE_BOX, place, told.payer_name)


async def rows_of(pool: asyncpg.Pool | asyncpg.Connection) -> dict[str, str]:
    """By table all that a service has stored; bytes as text, whichever code they are written in."""
    tables = await pool.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND relnamespace = current_schema()::regnamespace"
        " AND has_table_privilege(oid, 'SELECT')"
    )
    told = {}
    for (table,) in tables:
        rows = await pool.fetch(f'TABLE "{table}"')
        told[table] = "\n".join(_text_of(value) for row in rows for value in row.values())
    return told


def _text_of(value: object) -> str:
    return text_of(value) if isinstance(value, bytes) else str(value)


def text_of(content: bytes) -> str:
    """What can be read in them, also in a bank's own code, and where they are compressed."""
    with suppress(zlib.error):
        content = zlib.decompress(content)
    return f"{content.decode('utf-8', 'replace')}\n{content.decode('cp932', 'replace')}"


@asynccontextmanager
async def watching(topics: Topics, *names: str) -> AsyncIterator[Tail]:
    """Everything that comes to the topics from now on."""
    tail = Tail(topics, names, from_beginning=False)
    await tail.start()
    try:
        yield tail
    finally:
        await tail.stop()


async def take_records(tail: Tail, count: int) -> list[Record]:
    """The next `count` records, or those that came within the time."""
    records: list[Record] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(WAIT_SECONDS):
            while len(records) < count:
                records += await tail.take(count - len(records), wait_ms=200)
    return records


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds. Raises TimeoutError."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until asking `condition` gives True. Raises TimeoutError."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def waiting(pool: asyncpg.Pool, count: int = 1) -> None:
    """Until `count` sessions of this database wait for others' locks. Raises TimeoutError."""

    async def are_waiting() -> bool:
        found: int = await pool.fetchval(
            "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        )
        return found >= count

    await eventually(are_waiting)
