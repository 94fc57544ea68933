"""Orders: made once under an id, looked at until they are paid."""

import asyncio
import re
from dataclasses import replace

from services.core.clock import Clock
from services.core.display import display
from services.core.ids import checked_id, new_reference
from services.core.money import Money
from services.gateway.acquiring.codes.drawing import Format, drawn
from services.gateway.acquiring.codes.payload import payload_of
from services.gateway.acquiring.codes.shops import Shops, check_amount, poster_of
from services.gateway.acquiring.orders import store
from services.gateway.acquiring.orders.labels import label_of
from services.gateway.acquiring.orders.model import (
    NOTE_MAXIMUM,
    VALID_SECONDS,
    VALID_SECONDS_MAXIMUM,
    Order,
    OrderState,
    expiry_of,
)
from services.gateway.acquiring.orders.refusals import (
    OrderBeingPaid,
    OrderExistsWithDifferentContent,
    OrderNoteUnfit,
    OrderUnknown,
    ValidSecondsOutOfRange,
)
from services.gateway.reference import Participant
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class OrderHandlers:
    """The calls about orders, for an acquirer who is known."""

    def __init__(self, units: Units, shops: Shops, clock: Clock) -> None:
        self._units = units
        self._shops = shops
        self._clock = clock

    async def create(
        self,
        acquirer: Participant,
        order_id: str,
        merchant_id: str,
        amount: Money,
        note: str,
        valid_seconds: int,
    ) -> store.Found:
        """An order with its code; the same content again is the same order, as it is now.

        Raises `OrderExistsWithDifferentContent`, `AcquiredMerchantUnknown`, `MerchantNotInForce`,
        `ShopsAmountUnfit`, `ValidSecondsOutOfRange`, `OrderNoteUnfit`, `CodeInvalid`.
        """
        checked_id(order_id, "order_id")
        if not 0 <= valid_seconds <= VALID_SECONDS_MAXIMUM:
            raise ValidSecondsOutOfRange(VALID_SECONDS_MAXIMUM)
        if len(note) > NOTE_MAXIMUM or _CONTROL.search(note):
            raise OrderNoteUnfit(NOTE_MAXIMUM)
        seconds = valid_seconds or VALID_SECONDS

        async def work(connection: Connection) -> Decided[store.Found]:
            known = await store.find_order(connection, acquirer.participant_id, order_id)
            if known is not None:
                order = known[0]
                same = (order.merchant_id, order.amount, order.note, order.valid_seconds)
                if same != (merchant_id, amount, note, seconds):
                    raise OrderExistsWithDifferentContent(order_id)
                return Decided(known)
            shop = await self._shops.in_force(connection, acquirer, merchant_id)
            check_amount(shop, amount)
            now = self._clock.now()
            label = label_of(new_reference(now))
            made = Order(
                acquirer.participant_id,
                order_id,
                label,
                merchant_id,
                amount,
                note,
                seconds,
                payload_of(shop, amount, reference_label=label),
                now,
                expiry_of(now, seconds),
            )
            await store.add_order(connection, made)
            return Decided((made, None))

        return (await self._units.write(work)).answer

    async def get(self, acquirer: Participant, order_id: str) -> store.Found:
        """An order, and what pays it. Raises `OrderUnknown`."""
        checked_id(order_id, "order_id")
        async with self._units.pool.acquire() as connection:
            found = await store.find_order(connection, acquirer.participant_id, order_id)
        if found is None:
            raise OrderUnknown(order_id)
        return found

    async def page(
        self,
        acquirer: Participant,
        after: str,
        limit: int,
        merchant_id: str = "",
        state: OrderState | None = None,
    ) -> tuple[list[store.Found], str]:
        """Orders by id, of one shop or state where it is named, and the id after which the next
        page begins. Raises `IdMalformed`."""
        if merchant_id:
            checked_id(merchant_id, "merchant_id")
        async with self._units.pool.acquire() as connection:
            return await store.list_orders(
                connection,
                acquirer.participant_id,
                after,
                limit,
                self._clock.now(),
                merchant_id,
                state,
            )

    async def close(self, acquirer: Participant, order_id: str) -> store.Found:
        """Take an order back, also one that has expired: no quote of it is confirmed from now on.

        Again changes nothing. Raises `OrderUnknown`, `OrderBeingPaid`.
        """
        checked_id(order_id, "order_id")
        now = self._clock.now()

        async def work(connection: Connection) -> Decided[store.Found]:
            known = await store.lock_order(connection, acquirer.participant_id, order_id)
            if known is None:
                raise OrderUnknown(order_id)
            order, claim = known
            if claim is not None and claim.holds:
                raise OrderBeingPaid(order_id, claim.payment_reference)
            if order.close_time is not None:
                return Decided(known)
            await store.close_order(connection, acquirer.participant_id, order_id, now)
            return Decided((replace(order, close_time=now), claim))

        return (await self._units.write(work)).answer

    async def draw(self, acquirer: Participant, order_id: str, wanted: Format) -> bytes:
        """A picture of an order's code. Raises `OrderUnknown`."""
        order, _ = await self.get(acquirer, order_id)
        async with self._units.pool.acquire() as connection:
            shop = await self._shops.in_force(connection, acquirer, order.merchant_id)
        poster = poster_of(shop, acquirer, order.code, display(order.amount), order.order_id)
        return await asyncio.to_thread(drawn, poster, wanted)
