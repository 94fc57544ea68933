"""Postgres: pools for services, and migrations run by the owner.

One database; a schema and a SCRAM login per service. Migrations are plain numbered SQL files in
`services/<name>/migrations/`, run once each, in order, in a transaction of their own, under an
advisory lock, with the service's schema in front; a service's login can only do what they grant.
The outbox's tables are the same for everybody and come from `services/kit/migrations/`. In the
files `service_login` stands for the service's role.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources

import asyncpg
import structlog

log = structlog.get_logger()

SERVICES = ("gateway", "wallet", "fx", "bridge", "settlement", "reconciliation")
_MIGRATION_LOCK = 0x6B617761  # "kawa"
COMMAND_SECONDS = 15.0
# Statements over unnest are planned while tables are small; without these the plans miss the
# indexes for as long as the connection lives (performance.md 3).
_INDEX_PLANS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
    # Planning the wide statements anew for each batch cost Postgres a third of a small batch.
    "plan_cache_mode": "force_generic_plan",
}

# What is raised of a text that Postgres takes from nobody: NUL, in plain text or in JSON.
TEXT_REFUSED = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)

# What is raised when Postgres, or the way to it, is away for a while. asyncpg's own errors stand
# here too: a connection that breaks in the middle of an operation confuses its state machine.
POSTGRES_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InsufficientResourcesError,
)

Connection = asyncpg.pool.PoolConnectionProxy | asyncpg.Connection


def role_of(service: str) -> str:
    """The Postgres login of a service."""
    return f"kawase_{service}"


async def open_pool(dsn: str, service: str, size: int) -> asyncpg.Pool:
    """A pool whose connections see the service's schema and prefer index plans."""
    return await asyncpg.create_pool(
        dsn,
        min_size=min(2, size),
        max_size=size,
        command_timeout=COMMAND_SECONDS,
        timeout=COMMAND_SECONDS,
        reset=_reset_if_needed,
        server_settings={
            "search_path": service,
            "application_name": role_of(service),
            **_INDEX_PLANS,
        },
    )


async def is_reachable(pool: asyncpg.Pool) -> bool:
    """Whether Postgres answers; takes as long as a connection of the pool takes to be free."""
    try:
        await pool.fetchval("SELECT 1")
    except POSTGRES_AWAY:
        return False
    return True


# From so many rows on it is cheaper to read whole tables than to look each row up: measured beside
# a million payments, where the sum of a cut of ten thousand took 0.4 s instead of 5 s.
WIDE_FROM = 100_000


async def allow_wide_plans(connection: asyncpg.Connection) -> None:
    """Let this transaction read whole tables and hash them: for sums, not for payments."""
    await connection.execute(_WIDE_PLANS)


_WIDE_PLANS = """
SELECT set_config('enable_seqscan', 'on', true), set_config('enable_hashjoin', 'on', true),
    set_config('enable_mergejoin', 'on', true), set_config('enable_bitmapscan', 'on', true),
    set_config('work_mem', '128MB', true), set_config('plan_cache_mode', 'force_custom_plan', true)
"""


async def _reset_if_needed(connection: asyncpg.Connection) -> None:
    """Spare the round trip that the pool would add to every unit.

    We change nothing of a session but within transactions (`SET LOCAL`), so there is nothing to put
    back unless one was left open.
    """
    if connection.is_in_transaction():
        await connection.reset()


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file of a service."""

    service: str
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_of(service: str) -> list[Migration]:
    """The kit's files, then the service's own, each in the order of their numbers."""
    found = []
    for package in ("kit", service):
        folder = resources.files("services") / package / "migrations"
        if not folder.is_dir():
            continue
        files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=str)
        found += [
            Migration(service, f"{package}/{file.name}", file.read_text(encoding="utf-8"))
            for file in files
        ]
    return found


class MigrationChanged(Exception):
    """A file that has already been run is not what it was; add a new file instead."""


async def migrate(
    owner_dsn: str, passwords: Mapping[str, str], services: Iterable[str] = SERVICES
) -> list[str]:
    """Bring the database up to date; returns the names of the files that were run.

    `passwords` gives each service's login. Raises `MigrationChanged`.
    """
    connection = await asyncpg.connect(owner_dsn, timeout=COMMAND_SECONDS)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _MIGRATION_LOCK)
        await connection.execute(_HISTORY)
        done: list[str] = []
        for service in services:
            await _ensure_login(connection, service, passwords[service])
            for migration in migrations_of(service):
                if await _run(connection, migration):
                    done.append(f"{service}: {migration.name}")
        return done
    finally:
        await connection.close()


_HISTORY = """
CREATE SCHEMA IF NOT EXISTS migration;
CREATE TABLE IF NOT EXISTS migration.files (
    service text NOT NULL,
    name text NOT NULL,
    digest text NOT NULL,
    run_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service, name)
);
REVOKE ALL ON SCHEMA public FROM PUBLIC;
"""


async def _ensure_login(connection: asyncpg.Connection, service: str, password: str) -> None:
    """The login exists with this password, and its schema beside it, owned by the migrator."""
    role = role_of(service)
    quoted = await connection.fetchval("SELECT quote_literal($1::text)", password)
    async with connection.transaction():
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            await connection.execute(f"CREATE ROLE {role} LOGIN NOINHERIT")
        await connection.execute(f"ALTER ROLE {role} PASSWORD {quoted}")
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {service}")
        await connection.execute(f"GRANT USAGE ON SCHEMA {service} TO {role}")


async def _run(connection: asyncpg.Connection, migration: Migration) -> bool:
    digest = await connection.fetchval(
        "SELECT digest FROM migration.files WHERE service = $1 AND name = $2",
        migration.service,
        migration.name,
    )
    if digest == migration.digest:
        return False
    if digest is not None:
        raise MigrationChanged(
            f"{migration.service}: {migration.name} was changed after it had been run; "
            "put the change into a new file with the next number."
        )
    async with connection.transaction():
        await connection.execute(f"SET LOCAL search_path = {migration.service}")
        await connection.execute(migration.sql.replace("service_login", role_of(migration.service)))
        await connection.execute(
            "INSERT INTO migration.files (service, name, digest) VALUES ($1, $2, $3)",
            migration.service,
            migration.name,
            migration.digest,
        )
    log.info("migration_run", owner_of=migration.service, file=migration.name)
    return True
