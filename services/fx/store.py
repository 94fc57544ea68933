"""fx's tables: sheets as history, spreads, and the journal of their changes."""

from datetime import datetime
from typing import TypeAlias

import asyncpg

from services.core.sheet import RateSheet
from services.fx.domain import SpreadChange
from services.kit.postgres import Connection

Reader: TypeAlias = Connection | asyncpg.Pool


async def newest_sheet(reader: Reader) -> RateSheet | None:
    """The sheet that was published last, by any process; None before the first."""
    row = await reader.fetchrow("SELECT * FROM rate_sheets ORDER BY sequence DESC LIMIT 1")
    if row is None:
        return None
    pairs = zip(row["bases"], row["quotes"], strict=True)
    return RateSheet(
        row["sheet_id"],
        row["source"],
        row["source_time"],
        row["publish_time"],
        row["expire_time"],
        dict(zip(pairs, row["mids"], strict=True)),
        dict(zip(row["corridor_ids"], row["spreads"], strict=True)),
    )


async def insert_sheet(connection: Connection, sequence: int, sheet: RateSheet) -> None:
    """Keep `sheet` under its sequence in the outbox."""
    await connection.execute(
        "INSERT INTO rate_sheets VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        sequence,
        sheet.sheet_id,
        sheet.source,
        sheet.source_time,
        sheet.publish_time,
        sheet.expire_time,
        [base for base, _ in sheet.mids],
        [quote for _, quote in sheet.mids],
        list(sheet.mids.values()),
        list(sheet.spreads),
        list(sheet.spreads.values()),
    )


async def read_spreads(reader: Reader) -> dict[str, int]:
    """Basis points by corridor, as the next sheet will say them."""
    rows = await reader.fetch("SELECT corridor_id, basis_points FROM spreads")
    return {row["corridor_id"]: row["basis_points"] for row in rows}


async def write_spread(connection: Connection, change: SpreadChange, now: datetime) -> None:
    """Set a spread and journal who did it; call it where no other publisher can run."""
    await connection.execute(
        """
        INSERT INTO spread_changes (
            corridor_id, basis_points_before, basis_points, operator, reason, change_time
        )
        SELECT $1, (SELECT basis_points FROM spreads WHERE corridor_id = $1), $2, $3, $4, $5
        """,
        change.corridor_id,
        change.basis_points,
        change.operator.strip(),
        change.reason.strip(),
        now,
    )
    await connection.execute(
        """
        INSERT INTO spreads VALUES ($1, $2)
        ON CONFLICT (corridor_id) DO UPDATE SET basis_points = excluded.basis_points
        """,
        change.corridor_id,
        change.basis_points,
    )
