"""`kawase migrate`: what is run as the database's owner, before a new version is started."""

import asyncio

import asyncpg
import click
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.log import configure_logs
from services.kit.postgres import SERVICES, MigrationChanged, migrate


class MigrateSettings(BaseSettings):
    """The owner's DSN, and the password of each service's login."""

    model_config = SettingsConfigDict(env_prefix="KAWASE_", extra="ignore")

    postgres: SecretStr
    """DSN of a login that may create schemas and roles."""
    passwords: dict[str, SecretStr] = Field(default_factory=dict)
    """JSON, a password for each service: `{"wallet": "…", …}`."""


@click.command("migrate")
def migrate_database() -> None:
    """Run the migrations that the database does not have yet, and set the services' logins.

    Reads KAWASE_POSTGRES (the owner's DSN) and KAWASE_PASSWORDS (JSON: a password per service).
    """
    configure_logs("migrate")
    try:
        settings = MigrateSettings()  # type: ignore[call-arg]  # from the environment
    except ValidationError as error:
        names = ", ".join(f"KAWASE_{str(e['loc'][0]).upper()}" for e in error.errors())
        raise click.UsageError(f"not set, or not of the right form: {names}") from None
    missing = [service for service in SERVICES if service not in settings.passwords]
    if missing:
        raise click.UsageError(f"KAWASE_PASSWORDS has no password for: {', '.join(missing)}")
    passwords = {name: secret.get_secret_value() for name, secret in settings.passwords.items()}
    try:
        done = asyncio.run(migrate(settings.postgres.get_secret_value(), passwords))
    except (MigrationChanged, OSError, asyncpg.PostgresError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{len(done)} files run" if done else "nothing to do")
