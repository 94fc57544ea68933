"""How long codes of payers live, by the country of their wallet: what operators put."""

from dataclasses import asdict

from services.core.clock import Clock
from services.gateway.access.keys import Caller
from services.gateway.presenting import rules
from services.gateway.presenting.model import Lifetime
from services.gateway.presenting.store import codes as store
from services.gateway.reference.store import journal_change, lock_changes
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units


class Lifetimes:
    """The calls, for callers who are known to be operators."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    async def put(self, caller: Caller, new: Lifetime) -> Lifetime:
        """Store it in the place of the one before, and journal who did; codes that were made keep
        theirs. Raises `LifetimeMalformed`."""
        rules.check_lifetime(new)

        async def put(connection: Connection) -> Decided[None]:
            await lock_changes(connection)
            if (await store.read_lifetimes(connection)).get(new.country_code) != new:
                await store.put_lifetime(connection, new)
                await journal_change(
                    connection,
                    self._clock.now(),
                    caller.key_id,
                    "PutCodeLifetime",
                    new.country_code,
                    asdict(new),
                )
            return Decided(None)

        await self._units.write(put)
        return new

    async def list(self) -> list[Lifetime]:
        """All of them, the one for any other country first."""
        async with self._units.pool.acquire() as connection:
            known = await store.read_lifetimes(connection)
        return [known[country] for country in sorted(known)]
