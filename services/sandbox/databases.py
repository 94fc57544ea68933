"""Databases of the stack and the logins to them.

A service's login gets a password that is generated once and kept, mode 600, beside the stack.
"""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from services.kit.postgres import migrate, role_of

CONNECT_SECONDS = 10.0


def keep_secret(path: Path) -> str:
    """The secret kept at `path`, generated at the first use."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(24))
        fresh.replace(path)
    return path.read_text()


def service_passwords(directory: Path, services: Iterable[str]) -> dict[str, str]:
    """Those of the stack in `directory`."""
    return {service: keep_secret(directory / "secrets" / service) for service in services}


def service_dsn(owner_dsn: str, service: str, password: str) -> str:
    """The same database as the owner's, by the login of a service."""
    parts = urlsplit(owner_dsn)
    address = parts.netloc.rpartition("@")[2]
    login = f"{role_of(service)}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{address}"))


def with_database(dsn: str, name: str) -> str:
    """The same server and login, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def create_template(owner_dsn: str, passwords: Mapping[str, str]) -> str:
    """Make a new database with all migrations run; its name. Nothing stays connected to it."""
    name = f"kawase_test_{uuid.uuid4().hex[:8]}"
    await execute(owner_dsn, f"CREATE DATABASE {name}")
    await migrate(with_database(owner_dsn, name), passwords, passwords)
    return name


async def has_database(owner_dsn: str, name: str) -> bool:
    """Whether the server has a database of this name."""
    connection = await asyncpg.connect(owner_dsn, timeout=CONNECT_SECONDS)
    try:
        found: bool = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name
        )
    finally:
        await connection.close()
    return found


async def execute(owner_dsn: str, statement: str) -> None:
    """Run one statement outside of a transaction, on a connection of its own."""
    connection = await asyncpg.connect(owner_dsn, timeout=CONNECT_SECONDS)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
