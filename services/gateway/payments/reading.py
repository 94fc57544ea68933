"""Get, list, watch, and what is stuck: reads of payments as messages."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg

from services.gateway.pages import last_id_of, token_of
from services.gateway.payments.messages import STATE_NUMBERS, STATES, payment_message, timestamp
from services.gateway.payments.model import FINAL
from services.gateway.payments.refusals import PaymentUnknown
from services.gateway.payments.shelf import Shelf
from services.gateway.payments.store.payments import (
    Move,
    find_lives,
    list_moves,
    list_payments,
    list_stuck,
)
from services.gateway.payments.sweeping import STUCK_REPEATS
from services.gateway.payments.waiters import Snapshot, Waiters
from services.pb.kawase.gateway.v1 import admin_service_pb2 as admin
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as gateway
from services.pb.kawase.gateway.v1 import payment_pb2

PAGE_SIZE = 100
PAGE_SIZE_MAXIMUM = 500
# How soon a watcher sees a state that another gateway wrote and told nobody of.
LOOK_SECONDS = 1.0


class Reading:
    """Reads for participants, each of its own payments, and for the operator."""

    def __init__(self, pool: asyncpg.Pool, shelf: Shelf, waiters: Waiters) -> None:
        self._pool = pool
        self._shelf = shelf
        self._waiters = waiters

    async def get(
        self, participant_id: str, payment_id: str
    ) -> tuple[Snapshot, list[payment_pb2.PaymentMove]]:
        """A payment and its moves. Raises `PaymentUnknown`."""
        async with self._pool.acquire() as connection:
            found = await find_lives(connection, [(participant_id, payment_id)])
            if not found:
                raise PaymentUnknown(payment_id)
            (one,) = found.values()
            payments = await self._shelf.payments(connection, {one.reference: one.life})
            moves = await list_moves(connection, one.reference)
        return payment_message(payments[one.reference]), [_move(move) for move in moves]

    async def page(
        self, participant_id: str, request: gateway.ListPaymentsRequest
    ) -> gateway.ListPaymentsResponse:
        """A page of payments in the order of the participant's own ids."""
        size = min(request.page_size if request.page_size > 0 else PAGE_SIZE, PAGE_SIZE_MAXIMUM)
        after = last_id_of(request.page_token)
        state = STATES.get(request.state)
        async with self._pool.acquire() as connection:
            payments, last_id = await list_payments(connection, participant_id, after, state, size)
        return gateway.ListPaymentsResponse(
            payments=[payment_message(payment) for payment in payments],
            next_page_token=token_of(last_id) if last_id else "",
        )

    async def watch(self, participant_id: str, payment_id: str) -> AsyncIterator[Snapshot]:
        """The payment now and at every state from now on, until it is final."""
        snapshot, _ = await self.get(participant_id, payment_id)
        queue = self._waiters.watch(snapshot.reference)
        try:
            # Once more: it may have moved before the queue was there.
            snapshot, _ = await self.get(participant_id, payment_id)
            yield snapshot
            while STATES[snapshot.state] not in FINAL:
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        following = await queue.get()
                except TimeoutError:
                    following, _ = await self.get(participant_id, payment_id)
                if _is_news(snapshot, following):
                    snapshot = following
                    yield snapshot
        finally:
            self._waiters.unwatch(snapshot.reference, queue)

    async def list_stuck(self, limit: int) -> list[admin.StuckPayment]:
        """Payments whose command was repeated again and again in vain, oldest first."""
        async with self._pool.acquire() as connection:
            payments = await list_stuck(connection, STUCK_REPEATS, limit)
        return [
            admin.StuckPayment(
                payment=payment_message(payment),
                step=payment.life.step,
                repeat_count=payment.life.repeat_count,
            )
            for payment in payments
        ]


def _is_news(before: Snapshot, after: Snapshot) -> bool:
    """Whether the state changed, or what the payer is asked for; an older snapshot is no news."""
    if (before.state, before.action_url) == (after.state, after.action_url):
        return False
    times = [
        (snapshot.update_time.seconds, snapshot.update_time.nanos) for snapshot in (before, after)
    ]
    return times[1] >= times[0]


def _move(move: Move) -> payment_pb2.PaymentMove:
    return payment_pb2.PaymentMove(
        number=move.number,
        state=STATE_NUMBERS[move.state],
        step=move.step,
        detail=move.detail,
        move_time=timestamp(move.move_time),
    )
