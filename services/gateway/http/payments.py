"""The routes of codes and payments."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.access.keys import Caller
from services.gateway.calls import Calls
from services.gateway.http import answers, examples
from services.gateway.http.calling import caller_for
from services.gateway.http.events import STREAM_ANSWERS, EventStream, Stream, Streams
from services.gateway.http.headers import chosen_id, next_link, wait_seconds
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
from services.gateway.http.requests import (
    CreatePaymentRequest,
    DecodeCodeRequest,
    IdempotencyKey,
    IfNoneMatch,
    LastEventId,
    MoneyInput,
    PageQuery,
    PaymentIdPath,
    PayRequest,
    Prefer,
)
from services.gateway.payments.messages import STATE_NUMBERS, money
from services.gateway.payments.model import State
from services.gateway.payments.waiters import Snapshot
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1 import money_pb2

PATH = "/v1/payments"
ONE = f"{PATH}/{{payment_id}}"


class PaymentRoutes:
    """What the routes do: find what was asked in the request, call, and tell."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._streams = Streams()

    async def decode(
        self,
        caller: Annotated[Caller, Depends(caller_for("DecodeCode"))],
        body: Annotated[DecodeCodeRequest, Body(examples=[examples.DECODE_CODE])],
    ) -> Response:
        """What a scanned code says, and what is wrong with it. Nothing is kept of it."""
        code = self._calls.decode_code(pb.DecodeCodeRequest(code=body.code))
        return answered(answers.code_told(code))

    async def create(
        self,
        caller: Annotated[Caller, Depends(caller_for("CreatePayment"))],
        body: Annotated[CreatePaymentRequest, Body(examples=[examples.CREATE_PAYMENT])],
        key: IdempotencyKey = None,
    ) -> Response:
        """Price a payment: the code is decoded and its merchant found, and the price in home money
        is held until `quote_expire_time`. The same id and content give the same payment, as it is
        by then; the same id with other content is refused."""
        payment_id = chosen_id("payment_id", body.payment_id, key)
        asked = pb.CreatePaymentRequest(
            payment_id=payment_id,
            payer_id=body.payer_id,
            code=body.code,
            amount=_money(body.amount),
        )
        payment = await self._calls.create_payment(caller.participant, asked)
        told = answers.payment_told(payment)
        return answered(told, 201, {"location": f"{PATH}/{payment_id}"})

    async def pay(
        self,
        caller: Annotated[Caller, Depends(caller_for("Pay"))],
        body: Annotated[PayRequest, Body(examples=[examples.PAY])],
        key: IdempotencyKey = None,
        prefer: Prefer = None,
    ) -> Response:
        """Price and pay in one call. A price above `maximum` is refused as PRICE_ABOVE_MAXIMUM and
        nothing is taken: the quote stands, to be confirmed until it expires. Answers as a confirm
        does; a repeat pays nothing twice."""
        asked = pb.PayRequest(
            payment_id=chosen_id("payment_id", body.payment_id, key),
            payer_id=body.payer_id,
            code=body.code,
            amount=_money(body.amount),
            maximum=_money(body.maximum),
        )
        seconds = wait_seconds(prefer)
        payment = await self._calls.pay(caller.participant, asked, lambda: float(seconds))
        return told_ended(payment, prefer, seconds)

    async def confirm(
        self,
        caller: Annotated[Caller, Depends(caller_for("ConfirmPayment"))],
        payment_id: PaymentIdPath,
        prefer: Prefer = None,
    ) -> Response:
        """Pay. Answers with the final state or with `action_required`; where the wait is over
        before, with 202 and the state so far. A repeat pays nothing twice: the payment's id is the
        idempotency key."""
        seconds = wait_seconds(prefer)
        payment = await self._calls.confirm_payment(
            caller.participant, payment_id, lambda: float(seconds)
        )
        return told_ended(payment, prefer, seconds)

    async def cancel(
        self,
        caller: Annotated[Caller, Depends(caller_for("CancelPayment"))],
        payment_id: PaymentIdPath,
    ) -> Response:
        """Give up a payment that has not been confirmed."""
        payment = await self._calls.cancel_payment(caller.participant, payment_id)
        return answered(answers.payment_told(payment))

    async def get(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetPayment"))],
        payment_id: PaymentIdPath,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """A payment as it is now, and its moves so far."""
        payment, moves = await self._calls.get_payment(caller.participant, payment_id)
        return answered_tagged(answers.payment_with_moves_told(payment, moves), if_none_match)

    async def page(
        self,
        caller: Annotated[Caller, Depends(caller_for("ListPayments"))],
        query: PageQuery,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Your payments, a page at a time in the order of your ids. The Link header leads to the
        next page."""
        asked = pb.ListPaymentsRequest(page_size=query.page_size, page_token=query.page_token)
        if query.state is not None:
            asked.state = STATE_NUMBERS[State(query.state)]
        page = await self._calls.list_payments(caller.participant, asked)
        token = page.next_page_token or None
        told = answers.PaymentPage(
            payments=[answers.payment_told(each) for each in page.payments], next_page_token=token
        )
        kept = {"page_size": str(query.page_size)}
        if query.state is not None:
            kept["state"] = query.state
        link = {"link": next_link(PATH, kept, token)} if token else {}
        return answered_tagged(told, if_none_match, link)

    async def watch(
        self,
        request: Request,
        caller: Annotated[Caller, Depends(caller_for("WatchPayment"))],
        payment_id: PaymentIdPath,
        last_event_id: LastEventId = None,
    ) -> Response:
        """Server-sent events: the payment now and at each state until it is final, then the stream
        ends. Who comes back having seen the final state gets 204."""
        watched = self._calls.watch_payment(caller.participant, payment_id)
        stream = Stream(watched, request.app.state.closing, last_event_id)
        return await self._streams.open(stream)


def _money(given: MoneyInput | None) -> money_pb2.Money | None:
    return None if given is None else money(given.minor_units, given.currency_code)


def told_ended(payment: Snapshot, prefer: str | None, seconds: int) -> Response:
    """A payment whose end was waited for."""
    going = payment.state == payment_pb2.PAYMENT_STATE_CONFIRMED
    applied = {"preference-applied": f"wait={seconds}"} if prefer else {}
    return answered(answers.payment_told(payment), 202 if going else 200, applied)


def payment_router(calls: Calls) -> APIRouter:
    """The routes of codes and payments, for `app.make_app`."""
    routes = PaymentRoutes(calls)
    router = APIRouter(route_class=LimitedRoute, tags=["Payments"])
    post, get = ["POST"], ["GET"]
    router.add_api_route("/v1/codes/decode", routes.decode, methods=post, **_DECODE)
    router.add_api_route(PATH, routes.create, methods=post, **_CREATE)
    router.add_api_route(PATH, routes.page, methods=get, **_LIST)
    router.add_api_route(ONE, routes.get, methods=get, **_GET)
    router.add_api_route(
        f"{ONE}/confirm",
        routes.confirm,
        methods=post,
        route_class_override=WaitingRoute,
        **_CONFIRM,
    )
    router.add_api_route(
        "/v1/pay", routes.pay, methods=post, route_class_override=WaitingRoute, **_PAY
    )
    router.add_api_route(f"{ONE}/cancel", routes.cancel, methods=post, **_CANCEL)
    router.add_api_route(
        f"{ONE}/events", routes.watch, methods=get, response_class=EventStream, **_WATCH
    )
    return router


_DECODE = declared(
    "DecodeCode",
    "Decode a code",
    answers.DecodedCode,
    examples.DECODED_CODE,
    refusals=WITH_BODY,
)
_CREATE = declared(
    "CreatePayment",
    "Price a payment",
    answers.Payment,
    examples.QUOTED,
    status=201,
    headers=("Location",),
    refusals=(404, 409, 422, *WITH_BODY),
)
_LIST = declared(
    "ListPayments",
    "List payments",
    answers.PaymentPage,
    examples.PAGE,
    headers=("ETag", "Link"),
    also=UNCHANGED,
)
_GET = declared(
    "GetPayment",
    "Get a payment",
    answers.PaymentWithMoves,
    examples.COMPLETED_WITH_MOVES,
    headers=("ETag",),
    refusals=(404,),
    also=UNCHANGED,
)
_CONFIRM = declared(
    "ConfirmPayment",
    "Pay",
    answers.Payment,
    examples.COMPLETED,
    headers=("Preference-Applied",),
    refusals=(404, 409, 422),
    also={202: also_told("Under way still.", answers.Payment, examples.CONFIRMED)},
)
_PAY = declared(
    "Pay",
    "Price and pay in one call",
    answers.Payment,
    examples.COMPLETED,
    headers=("Preference-Applied",),
    refusals=(404, 409, 422, *WITH_BODY),
    also={202: also_told("Under way still.", answers.Payment, examples.CONFIRMED)},
)
_CANCEL = declared(
    "CancelPayment",
    "Give up a payment",
    answers.Payment,
    examples.CANCELLED,
    refusals=(404, 409, 422),
)
_WATCH = declared(
    "WatchPayment",
    "Watch a payment",
    None,
    None,
    refusals=(404,),
    also=STREAM_ANSWERS,
)
