"""Codes of shops: made once under an id, drawn whenever they are wanted."""

import asyncio

from services.core.clock import Clock
from services.core.display import display
from services.core.ids import checked_id
from services.core.money import Money
from services.gateway.acquiring.codes import store
from services.gateway.acquiring.codes.drawing import Format, drawn
from services.gateway.acquiring.codes.model import TERMINAL_LABEL, GivenCode
from services.gateway.acquiring.codes.payload import payload_of
from services.gateway.acquiring.codes.refusals import (
    CodeExistsWithDifferentContent,
    GivenCodeUnknown,
    LabelMalformed,
)
from services.gateway.acquiring.codes.shops import Shops, check_amount, poster_of
from services.gateway.reference import Participant
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units


class CodeHandlers:
    """The calls about codes, for an acquirer who is known."""

    def __init__(self, units: Units, shops: Shops, clock: Clock) -> None:
        self._units = units
        self._shops = shops
        self._clock = clock

    async def create(
        self,
        acquirer: Participant,
        code_id: str,
        merchant_id: str,
        amount: Money | None,
        terminal_label: str,
    ) -> GivenCode:
        """A static code, or with an amount a dynamic one; the same content again is the same code.

        Raises `CodeExistsWithDifferentContent`, `AcquiredMerchantUnknown`, `MerchantNotInForce`,
        `ShopsAmountUnfit`, `LabelMalformed`, `CodeInvalid`.
        """
        checked_id(code_id, "code_id")
        if not TERMINAL_LABEL.fullmatch(terminal_label):
            raise LabelMalformed
        owner = acquirer.participant_id

        async def work(connection: Connection) -> Decided[GivenCode]:
            known = await store.find_code(connection, owner, code_id)
            if known is not None:
                same = (known.merchant_id, known.amount, known.terminal_label)
                if same != (merchant_id, amount, terminal_label):
                    raise CodeExistsWithDifferentContent(code_id)
                return Decided(known)
            shop = await self._shops.in_force(connection, acquirer, merchant_id)
            if amount is not None:
                check_amount(shop, amount)
            text = payload_of(shop, amount, terminal_label=terminal_label)
            now = self._clock.now()
            made = GivenCode(owner, code_id, merchant_id, amount, terminal_label, text, now)
            await store.add_code(connection, made)
            return Decided(made)

        return (await self._units.write(work)).answer

    async def draw(self, acquirer: Participant, code_id: str, wanted: Format) -> bytes:
        """A picture of a code. Raises `GivenCodeUnknown`, `PayloadNotDrawable`."""
        checked_id(code_id, "code_id")
        async with self._units.pool.acquire() as connection:
            code = await store.find_code(connection, acquirer.participant_id, code_id)
            if code is None:
                raise GivenCodeUnknown(code_id)
            shop = await self._shops.in_force(connection, acquirer, code.merchant_id)
        amount = display(code.amount) if code.amount else ""
        poster = poster_of(shop, acquirer, code.code, amount, code.terminal_label)
        return await asyncio.to_thread(drawn, poster, wanted)
