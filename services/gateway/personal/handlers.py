"""The calls about persons' codes, for a wallet that is known."""

import asyncio

from services.core.accounts import customer
from services.core.clock import Clock
from services.core.ids import checked_id, new_reference
from services.gateway.acquiring.codes.drawing import Format, Poster, drawn
from services.gateway.lanes import COMMAND_STRIPE
from services.gateway.personal import store
from services.gateway.personal.model import PersonalCode, Receipt
from services.gateway.personal.payload import payload_of
from services.gateway.personal.refusals import (
    PersonalCodeExistsWithDifferentContent,
    PersonalCodesNotOpen,
    PersonalCodesTooMany,
    PersonalCodeUnknown,
    PersonsNeedHostedWallet,
)
from services.gateway.personal.rules import is_open
from services.gateway.reference import Funding, Participant
from services.gateway.reference.board import ReferenceBoard
from services.kit.ledger import open_accounts
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

MOST_CODES = 20
"""That are good, of one payer."""


class PersonalCodes:
    """Makes, draws, revokes and lists codes; lists what was paid by them."""

    def __init__(self, units: Units, board: ReferenceBoard, clock: Clock) -> None:
        self._units = units
        self._board = board
        self._clock = clock

    async def create(
        self, caller: Participant, code_id: str, payer_id: str, shown_name: str
    ) -> PersonalCode:
        """A static code; the same content again is the same code, revoked or not.

        Raises `PersonsNeedHostedWallet`, `PersonalCodesNotOpen`, `PersonalCodesTooMany`,
        `PersonalCodeExistsWithDifferentContent`, `WalletCountryMissing`, `IdMalformed`.
        """
        wallet = _hosted(caller)
        checked_id(code_id, "code_id")
        checked_id(payer_id, "payer_id")

        async def work(connection: Connection) -> Decided[PersonalCode]:
            # Locked first: who asks the same at once finds what was made.
            good = await store.lock_codes_of(connection, wallet.participant_id, payer_id)
            known = await store.find_code(connection, wallet.participant_id, code_id)
            if known is not None:
                if (known.payer_id, known.shown_name) != (payer_id, shown_name):
                    raise PersonalCodeExistsWithDifferentContent(code_id)
                return Decided(known)
            if not is_open(wallet, self._board.current):
                raise PersonalCodesNotOpen(wallet.participant_id)
            if good >= MOST_CODES:
                raise PersonalCodesTooMany(MOST_CODES)
            made = self._made(wallet, code_id, payer_id, shown_name)
            await store.add_code(connection, made)
            account = customer(wallet.participant_id, payer_id, made.currency)
            return Decided(made, [open_accounts([account], COMMAND_STRIPE)])

        return (await self._units.write(work)).answer

    def _made(
        self, wallet: Participant, code_id: str, payer_id: str, shown_name: str
    ) -> PersonalCode:
        now = self._clock.now()
        token = new_reference(now)
        return PersonalCode(
            token,
            wallet.participant_id,
            code_id,
            payer_id,
            shown_name,
            wallet.home_currency,
            payload_of(wallet, token, shown_name),
            now,
        )

    async def get(self, caller: Participant, code_id: str) -> PersonalCode:
        """A code of the caller's. Raises `PersonalCodeUnknown`, `IdMalformed`."""
        checked_id(code_id, "code_id")
        async with self._units.pool.acquire() as connection:
            return await _find(connection, caller, code_id)

    async def draw(self, caller: Participant, code_id: str, wanted: Format) -> bytes:
        """A picture of a code. Raises `PersonalCodeUnknown`, `IdMalformed`."""
        code = await self.get(caller, code_id)
        poster = Poster(code.code, code.shown_name, code.shown_name, caller.display_name, ())
        return await asyncio.to_thread(drawn, poster, wanted)

    async def revoke(self, caller: Participant, code_id: str) -> PersonalCode:
        """From now on nothing is paid by it. Raises `PersonalCodeUnknown`, `IdMalformed`."""
        checked_id(code_id, "code_id")

        async def work(connection: Connection) -> Decided[PersonalCode]:
            known = await _find(connection, caller, code_id)
            await store.revoke(connection, known.token, self._clock.now())
            return Decided(await _find(connection, caller, code_id))

        return (await self._units.write(work)).answer

    async def page(
        self, caller: Participant, payer_id: str, after: str, size: int
    ) -> list[PersonalCode]:
        """The caller's codes, of one payer or of all, in the order of their ids."""
        if payer_id:
            checked_id(payer_id, "payer_id")
        async with self._units.pool.acquire() as connection:
            return await store.list_codes(connection, caller.participant_id, payer_id, after, size)

    async def receipts(
        self, caller: Participant, payer_id: str, before: str, size: int
    ) -> list[Receipt]:
        """What a payer of the caller's was paid, newest first."""
        checked_id(payer_id, "payer_id")
        account = customer(caller.participant_id, payer_id, caller.home_currency)
        async with self._units.pool.acquire() as connection:
            return await store.list_receipts(connection, account.account_id, before, size)


def _hosted(caller: Participant) -> Participant:
    if caller.funding is not Funding.HOSTED:
        raise PersonsNeedHostedWallet(caller.participant_id)
    return caller


async def _find(connection: Connection, caller: Participant, code_id: str) -> PersonalCode:
    found = await store.find_code(connection, caller.participant_id, code_id)
    if found is None:
        raise PersonalCodeUnknown(code_id)
    return found
