"""What payers and corridors have used of their limits per day, and payers of those per year.

Rows are never deleted: a year's row has to outlive its year. They are locked in the order of key
and day, after payments and before the outbox.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from services.kit.postgres import Connection

Usage = tuple[str, date]


async def lock_usages(connection: Connection, wanted: Iterable[Usage]) -> dict[Usage, int]:
    """What has been used, in minor units, rows locked; a usage without a row is left out."""
    ordered = sorted(set(wanted))
    rows = await connection.fetch(
        """
        SELECT l.limit_key, l.local_day, l.used_minor
        FROM unnest($1::text[], $2::date[]) AS wanted (limit_key, local_day)
        JOIN limit_usages AS l USING (limit_key, local_day)
        ORDER BY l.limit_key, l.local_day FOR UPDATE OF l
        """,
        [key for key, _ in ordered],
        [day for _, day in ordered],
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def add_usages(
    connection: Connection, known: Mapping[Usage, int], added: Mapping[Usage, int]
) -> None:
    """Add to usages; those not `known` are new rows. Two first takers collide, and one repeats."""
    ordered = sorted(added)
    for statement, usages in (
        (_ADD, [usage for usage in ordered if usage in known]),
        (_FIRST, [usage for usage in ordered if usage not in known]),
    ):
        if usages:
            await connection.execute(
                statement,
                [key for key, _ in usages],
                [day for _, day in usages],
                [added[usage] for usage in usages],
            )


async def give_back(connection: Connection, given: Mapping[Usage, int]) -> None:
    """Take off usages what declined payments had taken."""
    known = await lock_usages(connection, given)
    await add_usages(connection, known, {usage: -minor for usage, minor in given.items()})


_ADD = """
UPDATE limit_usages AS l SET used_minor = l.used_minor + u.minor
FROM unnest($1::text[], $2::date[], $3::bigint[]) AS u (limit_key, local_day, minor)
WHERE l.limit_key = u.limit_key AND l.local_day = u.local_day
"""
_FIRST = """
INSERT INTO limit_usages (limit_key, local_day, used_minor)
SELECT * FROM unnest($1::text[], $2::date[], $3::bigint[])
"""
