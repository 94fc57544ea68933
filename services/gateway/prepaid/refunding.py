"""What ends orders nobody picks up, and asks back what was paid for those that ended unserved.

An order is ended in one unit with the note that its money is due; the refund is asked for next,
under an id that follows from the order, and only then the note goes. Whoever is interrupted in
between, or does it twice, asks for the same refund.
"""

from datetime import timedelta

import structlog

from services.core.clock import Clock
from services.core.errors import Conflict, Refused
from services.gateway.prepaid import store
from services.gateway.prepaid.model import Order, State, expired
from services.gateway.reference import RefundPolicy
from services.gateway.reference.board import ReferenceBoard
from services.gateway.refunds.handlers import RefundHandlers
from services.gateway.refunds.refusals import NothingLeftToRefund
from services.gateway.repeating import each_second
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb

log = structlog.get_logger()

BATCH = 200
# What was refused is refused again until a person or a dispute's end changes something.
REFUSED_WAIT = timedelta(minutes=10)
_REASONS = {
    State.CANCELLED: "The payer cancelled the order before the shop began.",
    State.EXPIRED: "The order was not picked up in time.",
}
# Whole, at the rate it was paid at, however late and whatever the corridor's refunds keep.
_WHOLE = RefundPolicy()


class Refunding:
    """Ends orders and asks for their refunds. `refunds` must not wait for their ends."""

    def __init__(
        self, units: Units, board: ReferenceBoard, clock: Clock, refunds: RefundHandlers
    ) -> None:
        self._units = units
        self._board = board
        self._clock = clock
        self._refunds = refunds

    async def run(self) -> None:
        """A pass a second, for ever; passes over what is away."""
        await each_second(self.sweep, "prepaid_sweep_delayed")

    async def sweep(self) -> int:
        """End what is due and ask for refunds; how many orders ended."""
        ended = (await self._units.write(self._end)).answer
        async with self._units.pool.acquire() as connection:
            due = await store.list_refunds_due(connection, BATCH)
        for order in due:
            await self.ask(order)
        return ended

    async def _end(self, connection: Connection) -> Decided[int]:
        now = self._clock.now()
        orders = await store.take_over(connection, now, BATCH)
        moved = [end for order in orders if (end := expired(order, now)) is not None]
        if moved:
            await store.store_moves(connection, moved)
        return Decided(len(moved))

    async def ask(self, order: Order) -> None:
        """Ask for the refund of an order that has ended; what is away is asked by a later pass."""
        wallet = self._board.current.participants[order.participant_id]
        request = pb.CreateRefundRequest(
            refund_id=order.refund_id, payment_id=order.payment_id, reason=_REASONS[order.state]
        )
        try:
            await self._refunds.create(wallet, request, _WHOLE)
        except NothingLeftToRefund:
            log.info("prepaid_refunded_before", reference=order.payment_reference)
        except (Refused, Conflict) as refusal:
            # A person looks at it: the note stays.
            log.error(
                "prepaid_refund_refused",
                reference=order.payment_reference,
                reason=refusal.reason,
            )
            async with self._units.pool.acquire() as connection:
                await store.put_off(connection, order.payment_reference, REFUSED_WAIT)
            return
        async with self._units.pool.acquire() as connection:
            await store.refund_asked(connection, order.payment_reference)
