"""The routes of `BillService`, as those of payments are made.

`OpenBiller` is over gRPC alone, where a second person is asked for.
"""

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.responses import Response

from services.gateway.access.keys import Caller
from services.gateway.bills.handlers import Billers
from services.gateway.bills.paying import BillPaying, Slip
from services.gateway.bills.serving import documents as docs
from services.gateway.bills.serving import examples, telling
from services.gateway.http.answers import Payment, payment_told
from services.gateway.http.calling import caller_for
from services.gateway.http.headers import chosen_id, wait_seconds
from services.gateway.http.operations import (
    UNCHANGED,
    WITH_BODY,
    LimitedRoute,
    WaitingRoute,
    also_told,
    answered,
    answered_tagged,
    declared,
)
from services.gateway.http.requests import IdempotencyKey, IfNoneMatch, Prefer, given_money
from services.gateway.pages import last_id_of, next_token
from services.gateway.reference import ParticipantKind
from services.pb.kawase.gateway.v1 import payment_pb2

BILLERS = "/v1/billers"
BILLER = f"{BILLERS}/{{biller_id}}"


class BillRoutes:
    """What the routes do."""

    def __init__(self, billers: Billers, paying: BillPaying) -> None:
        self._billers = billers
        self._paying = paying

    async def put(
        self,
        caller: Annotated[Caller, Depends(caller_for("PutBiller"))],
        biller_id: docs.BillerIdPath,
        body: Annotated[docs.BillerInput, Body(examples=[examples.PUT_BILLER])],
    ) -> Response:
        """Put a biller of yours forward, or say anew what it is. It takes payments once the
        operator has opened it."""
        new = docs.biller_of(body, biller_id, caller.participant.participant_id)
        put = await self._billers.put(caller, new)
        return answered(telling.biller_told(put, with_terms=True))

    async def page(
        self,
        caller: Annotated[Caller, Depends(caller_for("ListBillers"))],
        query: docs.BillersQuery,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """The directory, a page at a time in the order of ids: wallets find billers that are open,
        acquirers their own."""
        found = await self._billers.page(
            caller.participant,
            query.query,
            query.category_code,
            query.country_code,
            last_id_of(query.page_token),
            query.page_size,
        )
        with_terms = caller.participant.kind is not ParticipantKind.WALLET
        token = next_token([biller.biller_id for biller in found], query.page_size) or None
        page = docs.BillerPage(
            billers=[telling.biller_told(biller, with_terms=with_terms) for biller in found],
            next_page_token=token,
        )
        return answered_tagged(page, if_none_match, query.link(BILLERS, token))

    async def check(
        self,
        caller: Annotated[Caller, Depends(caller_for("CheckBill"))],
        body: Annotated[docs.CheckBillRequest, Body(examples=[examples.CHECK_BILL])],
    ) -> Response:
        """What is wrong with a bill, and what paying it would cost. Nothing is kept of it."""
        slip = Slip("", body.biller_id, body.reference, given_money(body.amount))
        return answered(telling.checked_told(await self._paying.check(caller.participant, slip)))

    async def pay(
        self,
        caller: Annotated[Caller, Depends(caller_for("PayBill"))],
        body: Annotated[docs.PayBillRequest, Body(examples=[examples.PAY_BILL])],
        key: IdempotencyKey = None,
        prefer: Prefer = None,
    ) -> Response:
        """Price a bill; with `maximum` pay it at once. A bill that was paid not long ago is refused
        as BILL_PAID unless `again` is true. Of two prices made for a bill only the later one can
        be confirmed."""
        seconds = wait_seconds(prefer)
        payment, _ = await self._paying.pay(
            caller.participant,
            chosen_id("payment_id", body.payment_id, key),
            Slip(body.payer_id, body.biller_id, body.reference, given_money(body.amount)),
            again=body.again,
            maximum=given_money(body.maximum),
            wait_seconds=lambda: float(seconds),
        )
        going = payment.state == payment_pb2.PAYMENT_STATE_CONFIRMED
        return answered(payment_told(payment), 202 if going else 200)

    async def payments(
        self,
        caller: Annotated[Caller, Depends(caller_for("ListBillPayments"))],
        biller_id: docs.BillerIdPath,
        query: docs.BillPaymentsQuery,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Payments of your biller's bills, newest first, a page at a time."""
        found = await self._billers.payments(
            caller.participant,
            biller_id,
            query.reference,
            last_id_of(query.page_token),
            query.page_size,
        )
        ids = [payment.payment_reference for payment in found]
        token = next_token(ids, query.page_size) or None
        page = docs.BillPaymentPage(
            bill_payments=[telling.bill_payment_told(payment) for payment in found],
            next_page_token=token,
        )
        path = f"{BILLERS}/{biller_id}/payments"
        return answered_tagged(page, if_none_match, query.link(path, token))


def bill_router(billers: Billers, paying: BillPaying) -> APIRouter:
    """The routes of bills, for `app.make_app`."""
    routes = BillRoutes(billers, paying)
    router = APIRouter(route_class=LimitedRoute, tags=["Bills"])
    add = router.add_api_route
    add(BILLER, routes.put, methods=["PUT"], **_PUT)
    add(BILLERS, routes.page, methods=["GET"], **_LIST)
    add("/v1/bills/check", routes.check, methods=["POST"], **_CHECK)
    add(
        "/v1/bills/pay",
        routes.pay,
        methods=["POST"],
        route_class_override=WaitingRoute,
        **_PAY,
    )
    add(f"{BILLER}/payments", routes.payments, methods=["GET"], **_PAYMENTS)
    return router


_PUT = declared(
    "PutBiller",
    "Put a biller",
    docs.ToldBiller,
    examples.BILLER,
    refusals=(409, 422, *WITH_BODY),
)
_LIST = declared(
    "ListBillers",
    "Find billers",
    docs.BillerPage,
    examples.BILLERS,
    headers=("ETag", "Link"),
    also=UNCHANGED,
)
_CHECK = declared(
    "CheckBill",
    "Check a bill",
    docs.CheckedBill,
    examples.CHECKED,
    refusals=(404, 422, *WITH_BODY),
)
_PAY = declared(
    "PayBill",
    "Price or pay a bill",
    Payment,
    examples.PAID,
    refusals=(404, 409, 422, *WITH_BODY),
    also={202: also_told("Under way still.", Payment, examples.CONFIRMED)},
)
_PAYMENTS = declared(
    "ListBillPayments",
    "List payments of bills",
    docs.BillPaymentPage,
    examples.BILL_PAYMENTS,
    headers=("ETag", "Link"),
    refusals=(404,),
    also=UNCHANGED,
)
