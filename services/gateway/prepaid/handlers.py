"""The calls about prepaid orders, for a caller who is known."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.core.clock import Clock
from services.core.ids import checked_id
from services.core.money import Money
from services.gateway.bills.model import BILL_SCHEME
from services.gateway.calls import Calls, require_wallet
from services.gateway.payments.asking import price_refusal
from services.gateway.payments.creating import Draft, content_digest
from services.gateway.payments.messages import payment_message
from services.gateway.payments.model import Payment, first_life
from services.gateway.payments.model import State as PaymentState
from services.gateway.payments.owning import find_same
from services.gateway.payments.pricing import Place, Wish, place_of_merchant
from services.gateway.payments.refusals import (
    MerchantUnknown,
)
from services.gateway.payments.shelf import Shelf
from services.gateway.payments.store.payments import add_payments, lock_lives
from services.gateway.payments.waiters import Snapshot
from services.gateway.prepaid import model, store
from services.gateway.prepaid.codes import new_code, read_code
from services.gateway.prepaid.model import Order, State
from services.gateway.prepaid.refunding import Refunding
from services.gateway.prepaid.refusals import (
    OrderLinesMalformed,
    PickUpCodeUnknown,
    PickUpTimeMalformed,
    PrepaidOrderUnknown,
    ShopRequired,
)
from services.gateway.reference import Merchant, Participant, ParticipantKind
from services.gateway.reference.board import ReferenceBoard
from services.gateway.refunds.store import already_given
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

LONGEST_LINES = 1_000
LONGEST_DAYS = 31


@dataclass(frozen=True, slots=True)
class Basket:
    """What a payer orders."""

    payer_id: str
    merchant_id: str
    amount: Money
    lines: str
    pick_up_until: datetime
    maximum: Money


class PrepaidOrders:
    """Places, accepts, hands out and gives up orders."""

    def __init__(
        self,
        units: Units,
        board: ReferenceBoard,
        calls: Calls,
        shelf: Shelf,
        clock: Clock,
        refunding: Refunding,
    ) -> None:
        self._units = units
        self._board = board
        self._calls = calls
        self._shelf = shelf
        self._clock = clock
        self._refunding = refunding

    async def place(
        self,
        caller: Participant,
        payment_id: str,
        basket: Basket,
        wait_seconds: Callable[[], float],
    ) -> tuple[Order, Snapshot]:
        """Order, price and pay. The same id and content give the same order as it is now.

        Raises `MerchantUnknown`, `PickUpTimeMalformed`, `OrderLinesMalformed`, and what pricing,
        `Calls.pay` and `Calls.confirm_payment` raise.
        """
        wallet = require_wallet(caller)
        checked_id(payment_id, "payment_id")
        checked_id(basket.payer_id, "payer_id")
        checked_id(basket.merchant_id, "merchant_id")
        if len(basket.lines) > LONGEST_LINES or not _is_text(basket.lines):
            raise OrderLinesMalformed(LONGEST_LINES)
        merchant = self._board.current.merchants.get(basket.merchant_id)
        draft = self._draft(_wish(wallet, payment_id, basket), merchant, basket)
        made = await self._units.write(lambda c: self._make(c, draft, merchant, basket))
        payment = made.answer
        self._shelf.put(payment.terms)
        refusal = price_refusal(payment, basket.maximum)
        if refusal is not None:
            raise refusal
        told = payment_message(payment)
        if payment.life.state in (PaymentState.QUOTED, PaymentState.CONFIRMED):
            told = await self._calls.confirm_payment(caller, payment_id, wait_seconds)
        return await self.get(caller, payment_id), told

    def _draft(self, wish: Wish, merchant: Merchant | None, basket: Basket) -> Draft:
        now = self._clock.now()
        if merchant is None or merchant.scheme == BILL_SCHEME:
            return Draft(wish, None, MerchantUnknown("prepaid", basket.merchant_id))
        if not now < basket.pick_up_until <= now + timedelta(days=LONGEST_DAYS):
            return Draft(wish, None, PickUpTimeMalformed(LONGEST_DAYS))
        return self._calls.creating.draft(wish, self._place(merchant))

    def _place(self, merchant: Merchant) -> Place:
        return place_of_merchant(merchant, self._board.current.schemes[merchant.scheme])

    async def _make(
        self, connection: Connection, draft: Draft, merchant: Merchant | None, basket: Basket
    ) -> Decided[Payment]:
        """The id decides first, as in `Creating`: a repeat gets its payment as it is now."""
        known = await find_same(connection, self._shelf, draft.wish)
        if known is not None:
            return Decided(known)
        terms = draft.terms
        if terms is None or merchant is None:
            assert draft.refusal is not None
            raise draft.refusal
        if not await add_payments(connection, [terms]):
            known = await find_same(connection, self._shelf, draft.wish)
            assert known is not None
            return Decided(known)
        life = first_life(terms.create_time)
        order = Order(
            terms.reference,
            terms.participant_id,
            terms.payment_id,
            merchant.acquirer_id,
            merchant.merchant_id,
            basket.lines,
            new_code(),
            basket.pick_up_until,
            State.PLACED,
            "",
            False,
            terms.create_time,
            terms.create_time,
            life.state,
            terms.target,
        )
        await store.add_order(connection, order)
        return Decided(Payment(terms, life))

    async def get(self, caller: Participant, named: str) -> Order:
        """A wallet's order by its id of the payment, an acquirer's by our reference of it.

        Raises `PrepaidOrderUnknown`.
        """
        checked_id(named, "payment_id")
        is_acquirer = caller.kind is ParticipantKind.ACQUIRER
        find = store.find_of_acquirer if is_acquirer else store.find_of_wallet
        async with self._units.pool.acquire() as connection:
            order = await find(connection, caller.participant_id, named)
        if order is None:
            raise PrepaidOrderUnknown(named)
        return order

    async def page(
        self, caller: Participant, merchant_id: str, after: str, size: int
    ) -> list[Order]:
        """Paid orders that wait at an acquirer's shops, or at one of them."""
        shop = _require_acquirer(caller)
        if merchant_id:
            checked_id(merchant_id, "merchant_id")
        async with self._units.pool.acquire() as connection:
            return await store.list_waiting(
                connection, shop.participant_id, merchant_id, after, size
            )

    async def accept(self, caller: Participant, reference: str) -> Order:
        """The shop begins. Raises `PrepaidOrderUnknown`, and why it cannot."""
        shop = _require_acquirer(caller)
        checked_id(reference, "payment_reference")

        async def work(connection: Connection) -> Decided[Order]:
            order = await store.find_of_acquirer(
                connection, shop.participant_id, reference, lock=True
            )
            if order is None:
                raise PrepaidOrderUnknown(reference)
            order = await _with_what_is_left(connection, order)
            return await _moved(connection, order, model.accepted(order, self._clock.now()))

        return (await self._units.write(work)).answer

    async def redeem(self, caller: Participant, typed: str, redemption_id: str) -> Order:
        """Hand an order out. Raises `PickUpCodeUnknown`, and why it cannot be handed out."""
        shop = _require_acquirer(caller)
        checked_id(redemption_id, "redemption_id")
        code = read_code(typed)
        if code is None:
            raise PickUpCodeUnknown

        async def work(connection: Connection) -> Decided[Order]:
            order = await store.find_by_code(connection, shop.participant_id, code)
            if order is None:
                raise PickUpCodeUnknown
            order = await _with_what_is_left(connection, order)
            moved = model.redeemed(order, redemption_id, self._clock.now())
            return await _moved(connection, order, moved)

        return (await self._units.write(work)).answer

    async def cancel(self, caller: Participant, payment_id: str) -> Order:
        """Give an order up that the shop has not accepted; its refund is asked for.

        Raises `PrepaidOrderUnknown`, and why it cannot be given up.
        """
        wallet = require_wallet(caller)
        checked_id(payment_id, "payment_id")

        async def work(connection: Connection) -> Decided[Order]:
            order = await store.find_of_wallet(
                connection, wallet.participant_id, payment_id, lock=True
            )
            if order is None:
                raise PrepaidOrderUnknown(payment_id)
            return await _moved(connection, order, model.cancelled(order, self._clock.now()))

        order = (await self._units.write(work)).answer
        if order.refund_due:
            await self._refunding.ask(order)
        return await self.get(caller, payment_id)


async def _with_what_is_left(connection: Connection, order: Order) -> Order:
    """The order as the shop may serve it: its payment is locked, so no refund comes in between."""
    await lock_lives(connection, [order.payment_reference])
    given = (await already_given(connection, order.payment_reference)).shares
    return replace(order, paid_left=given.payable + given.fee < order.amount.minor)


async def _moved(connection: Connection, before: Order, after: Order) -> Decided[Order]:
    if after is not before:
        await store.store_moves(connection, [after])
    return Decided(after)


def _require_acquirer(caller: Participant) -> Participant:
    if caller.kind is not ParticipantKind.ACQUIRER:
        raise ShopRequired(caller.participant_id)
    return caller


def _is_text(lines: str) -> bool:
    return all(letter in "\n\t" or (letter >= " " and letter != "\x7f") for letter in lines)


def _wish(wallet: Participant, payment_id: str, basket: Basket) -> Wish:
    until = basket.pick_up_until.isoformat()
    content = "\n".join(("prepaid", basket.merchant_id, until, basket.lines))
    digest = content_digest(basket.payer_id, content, basket.amount)
    return Wish(wallet, payment_id, digest, basket.payer_id, "", basket.amount)
