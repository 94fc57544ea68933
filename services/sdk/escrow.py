"""What is kept in escrow, as wallets and acquirers hold it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.core.money import Money
from services.pb.kawase.gateway.v1 import escrow_pb2
from services.pb.kawase.gateway.v1 import escrow_service_pb2 as pb
from services.pb.kawase.gateway.v1.escrow_service_pb2_grpc import EscrowServiceStub
from services.sdk.line import Line
from services.sdk.values import States, money_of, pages, time_in, time_of


class EscrowState(StrEnum):
    """Where what was paid stands."""

    PENDING = "pending"
    HELD = "held"
    DISPUTED = "disputed"
    RELEASED = "released"
    RETURNED = "returned"
    DIVIDED = "divided"
    DECLINED = "declined"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Escrow:
    """An escrow as it was when it was asked for: total = held + released + returned.

    `payment_id` is for the wallet alone. `release_time` is None while the clock stands.
    """

    reference: str
    payment_id: str
    state: EscrowState
    merchant_id: str
    total: Money
    held: Money
    released: Money
    returned: Money
    release_time: datetime | None
    dispute_time: datetime | None
    dispute_reason: str
    create_time: datetime
    update_time: datetime


_STATES = States(escrow_pb2.EscrowState, "ESCROW_STATE", EscrowState)


def escrow_of(message: escrow_pb2.Escrow) -> Escrow:
    """An escrow as it came."""
    return Escrow(
        reference=message.reference,
        payment_id=message.payment_id,
        state=_STATES.of(message.state),
        merchant_id=message.merchant_id,
        total=money_of(message.total),
        held=money_of(message.held),
        released=money_of(message.released),
        returned=money_of(message.returned),
        release_time=time_in(message, "release_time"),
        dispute_time=time_in(message, "dispute_time"),
        dispute_reason=message.dispute_reason,
        create_time=time_of(message.create_time),
        update_time=time_of(message.update_time),
    )


class Escrows:
    """What wallets and acquirers may look up of their own."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def get(self, payment_id: str) -> Escrow:
        """An escrow as it is now: a wallet names it by its own id of the payment, an acquirer by
        our reference."""
        request = pb.GetEscrowRequest(payment_id=payment_id)
        return escrow_of((await self._line.ask(EscrowServiceStub, "GetEscrow", request)).escrow)

    def list(self, *, disputed: bool = False) -> AsyncIterator[Escrow]:
        """Yours, or those whose clock stands; pages come as needed."""
        request = pb.ListEscrowsRequest(disputed=disputed)
        return pages(
            lambda asked: self._line.ask(EscrowServiceStub, "ListEscrows", asked),
            request,
            "escrows",
            escrow_of,
        )
