"""A reconciliation's tables, and files brought to them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

import asyncpg

from services.core.clock import ManualClock
from services.kit.postgres import open_pool
from services.reconciliation.files.importing import Imported, import_file
from services.reconciliation.files.model import Ask
from services.reconciliation.files.spool import Spool
from services.reconciliation.partners import Format, Partners, partners_of
from tests.conftest import Database
from tests.parts import PAYEE_BOX

NEXT_DAY = datetime(2026, 10, 31, 3, tzinfo=UTC)
SPOOL_BYTES = 64 << 20
PARTNERS = partners_of(None)


@asynccontextmanager
async def reconciliation(database: Database) -> AsyncIterator[asyncpg.Pool]:
    """A pool of the service's own login."""
    pool = await open_pool(database.dsn("reconciliation"), "reconciliation", 4)
    try:
        yield pool
    finally:
        await pool.close()


async def bring(
    pool: asyncpg.Pool,
    partner_id: str,
    name: str,
    data: bytes,
    *,
    format_: Format | None = None,
    day: date | None = None,
    partners: Partners = PARTNERS,
    replaces: str = "",
) -> Imported:
    """Have a file imported."""
    ask = Ask(name, format_, partner_id, "hanako", day, replaces)
    with Spool(SPOOL_BYTES, PAYEE_BOX) as spool:
        spool.add(data)
        return await import_file(pool, ManualClock(NEXT_DAY), partners, ask, spool)
