"""The routes of authorisations."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.responses import Response

from services.gateway.access.keys import Caller
from services.gateway.calls import Calls
from services.gateway.holding import documents
from services.gateway.holding.documents import authorisation_told
from services.gateway.holding.handlers import HoldingHandlers
from services.gateway.http import answers, examples
from services.gateway.http.calling import caller_for
from services.gateway.http.headers import wait_seconds
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
from services.gateway.http.payments import ONE, told_ended
from services.gateway.http.requests import IfNoneMatch, PaymentIdPath, Prefer, given_money

PATH = "/v1/authorisations/{payment_id}"


class HoldingRoutes:
    """What the routes do."""

    def __init__(self, calls: Calls, holding: HoldingHandlers) -> None:
        self._calls = calls
        self._holding = holding

    async def authorise(
        self,
        caller: Annotated[Caller, Depends(caller_for("AuthorisePayment"))],
        payment_id: PaymentIdPath,
        prefer: Prefer = None,
    ) -> Response:
        """Say yes to a quote, to be charged later: the funds are held at the agreed price until the
        merchant's acquirer captures all or a part of them. Where the wait is over before, answers
        with 202 and the state so far. `cancel` gives an authorised payment up."""
        seconds = wait_seconds(prefer)
        payment = await self._calls.authorise_payment(
            caller.participant, payment_id, lambda: float(seconds)
        )
        return told_ended(payment, prefer, seconds)

    async def capture(
        self,
        caller: Annotated[Caller, Depends(caller_for("CapturePayment"))],
        payment_id: documents.ReferencePath,
        body: Annotated[documents.CaptureInput, Body(examples=[documents.CAPTURE])],
    ) -> Response:
        """Take what is owed, all or a part; the rest is released, and the payment is completed. One
        capture ends an authorisation: the same amount again gives the same answer, another amount
        is refused."""
        amount = given_money(body.amount)
        held = await self._holding.capture(caller.participant, payment_id, amount)
        return answered(authorisation_told(held))

    async def void(
        self,
        caller: Annotated[Caller, Depends(caller_for("VoidAuthorisation"))],
        payment_id: documents.ReferencePath,
    ) -> Response:
        """Take nothing: all that is held is released."""
        held = await self._holding.void(caller.participant, payment_id)
        return answered(authorisation_told(held))

    async def get(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetAuthorisation"))],
        payment_id: documents.EitherPath,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """An authorisation as it is now."""
        held = await self._holding.get(caller.participant, payment_id)
        return answered_tagged(authorisation_told(held), if_none_match)


def holding_router(calls: Calls, holding: HoldingHandlers) -> APIRouter:
    """The routes of authorisations, for `app.make_app`."""
    routes = HoldingRoutes(calls, holding)
    router = APIRouter(route_class=LimitedRoute, tags=["Authorisations"])
    post = ["POST"]
    router.add_api_route(
        f"{ONE}/authorise",
        routes.authorise,
        methods=post,
        route_class_override=WaitingRoute,
        **_AUTHORISE,
    )
    router.add_api_route(f"{PATH}/capture", routes.capture, methods=post, **_CAPTURE)
    router.add_api_route(f"{PATH}/void", routes.void, methods=post, **_VOID)
    router.add_api_route(PATH, routes.get, methods=["GET"], **_GET)
    return router


_AUTHORISE = declared(
    "AuthorisePayment",
    "Authorise a payment",
    answers.Payment,
    documents.AUTHORISED,
    refusals=(404, 409, 422),
    also={202: also_told("Still under way.", answers.Payment, examples.CONFIRMED)},
)
_CAPTURE = declared(
    "CapturePayment",
    "Capture an authorised payment",
    documents.Authorisation,
    documents.CAPTURED,
    refusals=(404, 409, 422, *WITH_BODY),
)
_VOID = declared(
    "VoidAuthorisation",
    "Void an authorisation",
    documents.Authorisation,
    documents.VOIDED,
    refusals=(404, 409, 422),
)
_GET = declared(
    "GetAuthorisation",
    "Get an authorisation",
    documents.Authorisation,
    documents.HELD,
    headers=("ETag",),
    refusals=(404, 422),
    also=UNCHANGED,
)
