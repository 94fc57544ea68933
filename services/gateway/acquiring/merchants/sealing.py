"""Accounts that were stored before accounts were sealed are sealed, and told to settlement."""

import asyncio

import asyncpg
import structlog

from services.core.errors import KawaseError
from services.gateway.acquiring.merchants import store
from services.gateway.acquiring.merchants.accounts import Accounts, account_changed
from services.gateway.acquiring.merchants.model import State
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()

EVERY_SECONDS = 60.0
PORTION = 200
_AWAY = (asyncpg.PostgresError, *POSTGRES_AWAY, KawaseError)


class AccountSealer:
    """Looks for ever: while gateways are replaced, an old one may still store one."""

    def __init__(self, units: Units, accounts: Accounts) -> None:
        self._units = units
        self._accounts = accounts

    async def run(self) -> None:
        """A look now and then."""
        while True:
            try:
                while await self.step():
                    pass
            except _AWAY as error:
                log.warning("accounts_wait_to_be_sealed", problem=str(error) or repr(error))
            await asyncio.sleep(EVERY_SECONDS)

    async def step(self) -> int:
        """One portion; how many were sealed."""
        return (await self._units.write(self._seal)).answer

    async def _seal(self, connection: Connection) -> Decided[int]:
        stored = await store.lock_unsealed(connection, PORTION)
        messages = []
        for version in map(self._accounts.sealed, stored):
            await store.seal(connection, version)
            if version.state is State.APPROVED:
                messages += account_changed(version, None)
        if stored:
            log.info("accounts_sealed", versions=len(stored))
        return Decided(len(stored), messages)
