"""BillService over gRPC: decode, call, encode."""

from typing import Any

import grpc

from services.gateway.access.keys import Keys
from services.gateway.admin.pages import page_size
from services.gateway.bills.handlers import Billers
from services.gateway.bills.paying import BillPaying, Slip
from services.gateway.bills.serving.messages import (
    bill_payment_message,
    biller_from,
    biller_message,
    directory_message,
    finding_message,
    price_message,
)
from services.gateway.pages import last_id_of, next_token
from services.gateway.payments.messages import money_of
from services.gateway.reference import ParticipantKind
from services.gateway.server import wait_seconds
from services.kit.rpc import answers
from services.pb.kawase.gateway.v1 import bill_service_pb2 as pb
from services.pb.kawase.gateway.v1.bill_service_pb2_grpc import BillServiceServicer

NAME = "kawase.gateway.v1.BillService"
Context = grpc.aio.ServicerContext[Any, Any]


class BillServer(BillServiceServicer):
    """The methods of `BillService`."""

    def __init__(self, keys: Keys, billers: Billers, paying: BillPaying) -> None:
        self._keys = keys
        self._billers = billers
        self._paying = paying

    @answers
    async def PutBiller(
        self, request: pb.PutBillerRequest, context: Context
    ) -> pb.PutBillerResponse:
        caller = self._keys.calling(context)
        new = biller_from(request.biller, caller.participant.participant_id)
        return pb.PutBillerResponse(biller=biller_message(await self._billers.put(caller, new)))

    @answers
    async def OpenBiller(
        self, request: pb.OpenBillerRequest, context: Context
    ) -> pb.OpenBillerResponse:
        caller = self._keys.require_operator(context)
        opened = await self._billers.open(
            caller,
            request.biller_id,
            is_open=request.open,
            fee_plan_id=request.fee_plan_id,
            debit_limit=request.net_debit_limit,
        )
        return pb.OpenBillerResponse(biller=biller_message(opened))

    @answers
    async def ListBillers(
        self, request: pb.ListBillersRequest, context: Context
    ) -> pb.ListBillersResponse:
        caller = self._keys.participant_of(context)
        size = page_size(request.page_size)
        found = await self._billers.page(
            caller,
            request.query,
            request.category_code,
            request.country_code,
            last_id_of(request.page_token),
            size,
        )
        told = directory_message if caller.kind is ParticipantKind.WALLET else biller_message
        return pb.ListBillersResponse(
            billers=[told(biller) for biller in found],
            next_page_token=next_token([biller.biller_id for biller in found], size),
        )

    @answers
    async def CheckBill(
        self, request: pb.CheckBillRequest, context: Context
    ) -> pb.CheckBillResponse:
        caller = self._keys.participant_of(context)
        checked = await self._paying.check(caller, _slip(request, ""))
        due = checked.read.due
        return pb.CheckBillResponse(
            reference=checked.read.reference,
            payable=not checked.findings,
            findings=[finding_message(finding) for finding in checked.findings],
            due_date=due.isoformat() if due else "",
            price=price_message(checked.terms) if checked.terms else None,
        )

    @answers
    async def PayBill(self, request: pb.PayBillRequest, context: Context) -> pb.PayBillResponse:
        caller = self._keys.participant_of(context)
        payment, reference = await self._paying.pay(
            caller,
            request.payment_id,
            _slip(request, request.payer_id),
            again=request.again,
            maximum=money_of(request.maximum) if request.HasField("maximum") else None,
            wait_seconds=lambda: wait_seconds(context),
        )
        return pb.PayBillResponse(payment=payment, reference=reference)

    @answers
    async def ListBillPayments(
        self, request: pb.ListBillPaymentsRequest, context: Context
    ) -> pb.ListBillPaymentsResponse:
        caller = self._keys.participant_of(context)
        size = page_size(request.page_size)
        found = await self._billers.payments(
            caller, request.biller_id, request.reference, last_id_of(request.page_token), size
        )
        return pb.ListBillPaymentsResponse(
            bill_payments=[bill_payment_message(payment) for payment in found],
            next_page_token=next_token([payment.payment_reference for payment in found], size),
        )


def _slip(request: pb.CheckBillRequest | pb.PayBillRequest, payer_id: str) -> Slip:
    amount = money_of(request.amount) if request.HasField("amount") else None
    return Slip(payer_id, request.biller_id, request.reference, amount)
