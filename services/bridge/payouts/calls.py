"""The gRPC calls about payouts: decode, call, encode."""

from collections.abc import Sequence
from datetime import timedelta

from services.bridge.messages import money_message, timestamp_message
from services.bridge.payouts.model import Payout, PayoutState
from services.bridge.payouts.operators import PayoutNotFound, PayoutOperators
from services.bridge.payouts.store import (
    PayoutAttempt,
    get_payout,
    list_open_payouts,
    payout_attempts_of,
)
from services.core.clock import Clock
from services.kit.unit import Units
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as pb

PAGE_LIMIT = 1000
PAGE_SIZE = 100
DIGITS_SHOWN = 3


class PayoutCalls:
    """Answers what the bridge's server is asked about payouts. `clock` is the house's."""

    def __init__(self, units: Units, operators: PayoutOperators, clock: Clock) -> None:
        self._pool = units.pool
        self._operators = operators
        self._clock = clock

    async def get(self, request: pb.GetPayoutRequest) -> pb.GetPayoutResponse:
        """Raises `PayoutNotFound`."""
        async with self._pool.acquire() as connection:
            payout = await get_payout(connection, request.payout_id)
            if payout is None:
                raise PayoutNotFound(request.payout_id)
            attempts = await payout_attempts_of(connection, [payout.payout_id])
        return pb.GetPayoutResponse(payout=payout_message(payout, attempts))

    async def list_open(self, request: pb.ListOpenPayoutsRequest) -> pb.ListOpenPayoutsResponse:
        """Without the bank's last word for at least the age asked for, oldest first."""
        limit = min(request.page_size or PAGE_SIZE, PAGE_LIMIT)
        until = self._clock.now() - timedelta(seconds=max(0, request.minimum_age_seconds))
        async with self._pool.acquire() as connection:
            payouts = await list_open_payouts(connection, until, limit)
            ids = [payout.payout_id for payout in payouts]
            attempts = await payout_attempts_of(connection, ids)
        return pb.ListOpenPayoutsResponse(
            payouts=[payout_message(payout, attempts) for payout in payouts]
        )

    async def resolve(self, request: pb.ResolvePayoutRequest) -> pb.ResolvePayoutResponse:
        """Raises what `PayoutOperators.resolve` does."""
        payout = await self._operators.resolve(
            request.payout_id, int(request.state), request.operator, request.reason
        )
        async with self._pool.acquire() as connection:
            attempts = await payout_attempts_of(connection, [payout.payout_id])
        return pb.ResolvePayoutResponse(payout=payout_message(payout, attempts))


def payout_message(payout: Payout, attempts: Sequence[PayoutAttempt]) -> pb.Payout:
    """The payout with its own among `attempts`; of the payee only what people may be shown."""
    order = payout.order
    shown = order.payee.account_number[-DIGITS_SHOWN:]
    return pb.Payout(
        payout_id=order.payout_id,
        resource_id=order.resource_id,
        partner_id=order.partner_id,
        amount=money_message(order.amount),
        payee=f"{order.payee.bank_code}-{order.payee.branch_code} ***{shown}",
        state=PayoutState(payout.state).value,  # type: ignore[arg-type]
        partner_reference=payout.partner_reference,
        reason=payout.reason,
        message=payout.message,
        create_time=timestamp_message(payout.create_time),
        update_time=timestamp_message(payout.update_time),
        attempts=[
            pb.Attempt(
                operation=attempt.operation,
                call_time=timestamp_message(attempt.call_time),
                outcome=attempt.outcome,
                detail=attempt.detail,
            )
            for attempt in attempts
            if attempt.payout_id == order.payout_id
        ],
    )
