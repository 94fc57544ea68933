"""How Postgres would go about a statement, planned for any values as the service's sessions do."""

from typing import Any, cast

import asyncpg


async def plan_of(connection: Any, statement: str) -> str:
    """The plan of a statement with parameters. What is bound to an EXPLAIN is planned for its
    values, and nulls fold a plan to nothing: so it is explained by name."""
    count = len((await connection.prepare(statement)).get_parameters())
    nulls = ", ".join(["NULL"] * count)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE asked AS {statement}")
    rows = await connection.fetch(f"EXPLAIN EXECUTE asked ({nulls})")
    await connection.execute("DEALLOCATE asked")
    return "\n".join(row[0] for row in rows)


class Asked:
    """A connection that answers nothing, and keeps the statements it was asked."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    @property
    def connection(self) -> asyncpg.pool.PoolConnectionProxy:
        return cast(asyncpg.pool.PoolConnectionProxy, self)

    async def fetch(self, statement: str, *_: object) -> list[Any]:
        self.statements.append(statement)
        return []
