"""Putting reference data: one unit with the row, its line in the journal, and the accounts.

The same content again changes nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Generic, TypeVar

from services.core.accounts import AccountSpec
from services.core.clock import Clock
from services.gateway import opening
from services.gateway.access.keys import Caller
from services.gateway.admin import rules
from services.gateway.lanes import COMMAND_STRIPE
from services.gateway.reference import (
    Corridor,
    FeePlan,
    LimitRule,
    Merchant,
    Participant,
    Reference,
    Scheme,
    store,
)
from services.gateway.reference.board import ReferenceBoard
from services.kit.ledger import open_accounts
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

T = TypeVar("T", Participant, Merchant, Scheme, FeePlan, Corridor, LimitRule)

# Changes but those of merchants read none of these: there may be many.
NO_MERCHANT = Merchant("", "", "", "", "", "", "", "", "", "")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How one kind of reference data is checked and stored."""

    operation: str
    id_of: Callable[[T], str]
    known: Callable[[Reference, str], T | None]
    check: Callable[[Reference, T], None]
    put: Callable[[Connection, T], Awaitable[None]]
    accounts: Callable[[T], list[AccountSpec]]
    merchant: Callable[[T], Merchant] = lambda _new: NO_MERCHANT


class Putting:
    """Puts and journals for callers who are known to be operators."""

    def __init__(self, board: ReferenceBoard, units: Units, clock: Clock) -> None:
        self._board = board
        self._units = units
        self._clock = clock

    async def put(self, caller: Caller, kind: Kind[T], new: T) -> None:
        """Store `new` where it differs from what is known. Raises what its check raises."""

        async def work(connection: Connection) -> Decided[None]:
            return Decided(None, await self.put_within(connection, caller.key_id, kind, new))

        await self._units.write(work)
        await self._board.load()

    async def put_within(
        self, connection: Connection, key_id: str, kind: Kind[T], new: T
    ) -> list[Outgoing]:
        """The same within a unit of the caller's, who hands on the messages and reloads the board
        once it is committed. No other change is under way until then."""
        await store.lock_changes(connection)
        known = await store.read_reference(connection, kind.merchant(new))
        kind.check(known, new)
        if kind.known(known, kind.id_of(new)) == new:
            return []
        await kind.put(connection, new)
        await store.journal_change(
            connection, self._clock.now(), key_id, kind.operation, kind.id_of(new), asdict(new)
        )
        specs = kind.accounts(new)
        return [open_accounts(specs, COMMAND_STRIPE)] if specs else []


MERCHANT = Kind(
    "PutMerchant",
    lambda new: new.merchant_id,
    lambda known, name: known.merchants.get(name),
    rules.check_merchant,
    store.put_merchant,
    opening.accounts_of_merchant,
    lambda new: new,
)
