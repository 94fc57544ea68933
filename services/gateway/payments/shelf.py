"""Terms kept in memory: they never change, and every event of a payment needs them."""

from collections.abc import Iterable, Mapping

from services.gateway.payments.model import Life, Payment, Terms
from services.gateway.payments.store.payments import read_terms
from services.kit.postgres import Connection

# Some 1.5 KB each; the payments of several seconds at full load.
SHELF_LIMIT = 20_000


class Shelf:
    """The terms of the payments this process touched last, at most `SHELF_LIMIT`."""

    def __init__(self) -> None:
        self._terms: dict[str, Terms] = {}

    def put(self, terms: Terms) -> None:
        """Keep `terms`, which are stored; the oldest ones make room."""
        if len(self._terms) >= SHELF_LIMIT:
            del self._terms[next(iter(self._terms))]
        self._terms[terms.reference] = terms

    async def fetch(self, connection: Connection, references: Iterable[str]) -> dict[str, Terms]:
        """The terms of payments that exist, from memory or from the store."""
        found = {}
        missing = []
        for reference in references:
            terms = self._terms.get(reference)
            if terms is None:
                missing.append(reference)
            else:
                found[reference] = terms
        if missing:
            for terms in await read_terms(connection, missing):
                self.put(terms)
                found[terms.reference] = terms
        return found

    async def payments(
        self, connection: Connection, lives: Mapping[str, Life]
    ) -> dict[str, Payment]:
        """Payments whole, by reference."""
        terms = await self.fetch(connection, lives)
        return {reference: Payment(terms[reference], life) for reference, life in lives.items()}
