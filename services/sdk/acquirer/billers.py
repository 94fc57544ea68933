"""Payments of bills, as the biller's acquirer sees them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.core.money import Money
from services.pb.kawase.gateway.v1 import bill_service_pb2 as pb
from services.pb.kawase.gateway.v1.bill_service_pb2_grpc import BillServiceStub
from services.sdk.line import Line
from services.sdk.model import PAYMENT_STATES, PaymentState
from services.sdk.values import money_in, money_of, pages, time_of


@dataclass(frozen=True, slots=True)
class BillPayment:
    """`payment_reference` names it for refunds; `reference` is the bill's."""

    payment_reference: str
    biller_id: str
    reference: str
    state: PaymentState
    amount: Money
    refunded: Money | None
    create_time: datetime


class Billers:
    """`kawase.billers`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def payments(self, biller_id: str, reference: str = "") -> AsyncIterator[BillPayment]:
        """Payments of a biller's bills, newest first; with `reference` of one bill."""
        request = pb.ListBillPaymentsRequest(biller_id=biller_id, reference=reference)
        return pages(self._ask, request, "bill_payments", _payment_of)

    async def _ask(self, request: Any) -> Any:
        return await self._line.ask(BillServiceStub, "ListBillPayments", request)


def _payment_of(message: pb.BillPayment) -> BillPayment:
    return BillPayment(
        payment_reference=message.payment_reference,
        biller_id=message.biller_id,
        reference=message.reference,
        state=PAYMENT_STATES.of(message.state),
        amount=money_of(message.target),
        refunded=money_in(message, "refunded"),
        create_time=time_of(message.create_time),
    )
