"""CreateRefund and GetRefund, for a payment's wallet and for its merchant's acquirer; of what a
person was paid for that person's wallet alone."""

from collections.abc import Callable

from services.core.clock import Clock
from services.core.ids import new_reference
from services.core.money import Money
from services.gateway.acquiring.merchants.refund_limits import check_refund_limit
from services.gateway.escrow.store import find_held
from services.gateway.payments.messages import money_of
from services.gateway.payments.owning import find_refundable
from services.gateway.prepaid.store import is_begun
from services.gateway.reference import Participant, ParticipantKind, RefundPolicy
from services.gateway.reference.board import ReferenceBoard
from services.gateway.refunds import store
from services.gateway.refunds.asking import (
    Conditions,
    Wish,
    ask_for,
    check_own_id,
    check_repeat,
    check_wish,
    check_word,
)
from services.gateway.refunds.messages import command_of, shown_message
from services.gateway.refunds.model import Refund, State
from services.gateway.refunds.refusals import OrderBegun, RefundsByShop, RefundUnknown
from services.gateway.refunds.saga import first_life
from services.gateway.waking import WAIT_SECONDS, Wakers, unhurried
from services.kit.postgres import Connection
from services.kit.sheets import SheetBoard
from services.kit.unit import Decided, Units
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2


class RefundHandlers:
    """The calls about refunds, for a caller who is known."""

    def __init__(
        self,
        units: Units,
        board: ReferenceBoard,
        sheets: SheetBoard,
        wakers: Wakers,
        clock: Clock,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._units = units
        self._board = board
        self._sheets = sheets
        self._wakers = wakers
        self._clock = clock
        self._wait_seconds = wait_seconds

    async def create(
        self,
        caller: Participant,
        request: pb.CreateRefundRequest,
        policy: RefundPolicy | None = None,
        left: Callable[[], float] = unhurried,
    ) -> payment_pb2.Refund:
        """Ask for a refund, and wait a few seconds for its end, no longer than are `left` of the
        call; by the corridor's policy unless another is given, which only the house does.

        The same id and content give the same refund. Raises `RefundExistsWithDifferentContent`,
        `PaymentUnknown`, `RefundIsTheReceivers`, `PaymentNotCompleted`, `RefundTooLate`,
        `HeldInEscrow`, `RefundsByShop`, `OrderBegun`, `RefundExceedsPayment`,
        `NothingLeftToRefund`, `RefundDayLimitReached` for acquirers, `RatesStale` where the day's
        rate is wanted, `RefundIdReserved`, and leaves of `Malformed`.
        """
        amount = money_of(request.amount) if request.HasField("amount") else None
        wish = Wish(
            caller.participant_id, request.refund_id, request.payment_id, amount, request.reason
        )
        check_wish(wish)
        made = (await self._units.write(lambda c: self._make(c, caller, wish, policy))).answer
        ended = await self._wakers.until_final(
            made.ask.reference,
            lambda: self._find(caller, wish.refund_id),
            lambda refund: refund.life.state is not State.PENDING,
            min(self._wait_seconds, left()),
        )
        return shown_message(ended)

    async def get(self, caller: Participant, request: pb.GetRefundRequest) -> payment_pb2.Refund:
        """A refund of the caller's. Raises `RefundUnknown`."""
        return shown_message(await self._find(caller, request.refund_id))

    async def _find(self, caller: Participant, refund_id: str) -> Refund:
        async with self._units.pool.acquire() as connection:
            found = await store.find_refund(connection, caller.participant_id, refund_id)
        if found is None:
            raise RefundUnknown(refund_id)
        return found

    async def _make(
        self,
        connection: Connection,
        caller: Participant,
        wish: Wish,
        policy: RefundPolicy | None,
    ) -> Decided[Refund]:
        known = await _known(connection, wish)
        if known is not None:
            return Decided(known)
        is_asked = policy is None
        if is_asked:
            check_own_id(wish)
        payment = await find_refundable(connection, self._board.current, caller, wish.payment_id)
        # The same may have been asked for while this one waited for the payment.
        known = await _known(connection, wish)
        if known is not None:
            return Decided(known)
        terms = payment.terms
        already = await store.already_given(connection, terms.reference)
        now = self._clock.now()
        corridor = self._board.current.corridors.get(terms.way)
        if policy is None:
            policy = RefundPolicy() if corridor is None else corridor.refund_policy
        conditions = Conditions(policy, lambda: self._sheets.current(now))
        held = await find_held(connection, terms.reference) if payment.life.escrowed else None
        if is_asked and held is not None:
            check_word(wish, terms, held)
        by_payer = is_asked and caller.kind is ParticipantKind.WALLET
        if by_payer and policy.by_shop_only:
            raise RefundsByShop(wish.payment_id)
        # Who accepts an order has locked its payment, too.
        if by_payer and await is_begun(connection, terms.reference):
            raise OrderBegun(wish.payment_id)
        ask = ask_for(wish, terms, payment.life, already, conditions, new_reference(now), now, held)
        if caller.kind is ParticipantKind.ACQUIRER:
            amount = Money(ask.target_minor, terms.target_currency)
            await check_refund_limit(connection, caller, terms.merchant_id, amount, now)
        refund = Refund(ask, terms, first_life(now))
        await store.add_refund(connection, ask, refund.life)
        return Decided(refund, [command_of(refund.life.step, refund)])


async def _known(connection: Connection, wish: Wish) -> Refund | None:
    """The refund of the wish's id. Raises `RefundExistsWithDifferentContent`."""
    known = await store.find_refund(connection, wish.participant_id, wish.refund_id)
    if known is not None:
        check_repeat(wish, known.ask)
    return known
