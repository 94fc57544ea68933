"""The routes of refunds."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.responses import Response

from services.gateway.access.keys import Caller
from services.gateway.calls import Calls
from services.gateway.http import answers, examples
from services.gateway.http.calling import caller_for
from services.gateway.http.headers import chosen_id
from services.gateway.http.operations import (
    UNCHANGED,
    WITH_BODY,
    LimitedRoute,
    answered,
    answered_tagged,
    declared,
)
from services.gateway.http.requests import (
    CreateRefundRequest,
    IdempotencyKey,
    IfNoneMatch,
    RefundIdPath,
)
from services.gateway.payments.messages import money
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb

PATH = "/v1/refunds"


class RefundRoutes:
    """What the routes do."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def create(
        self,
        caller: Annotated[Caller, Depends(caller_for("CreateRefund"))],
        body: Annotated[CreateRefundRequest, Body(examples=[examples.CREATE_REFUND])],
        key: IdempotencyKey = None,
    ) -> Response:
        """Give back a completed payment, whole or in part, and wait a few seconds for the end:
        `pending` says that it is still under way."""
        refund_id = chosen_id("refund_id", body.refund_id, key)
        asked = pb.CreateRefundRequest(
            refund_id=refund_id, payment_id=body.payment_id, reason=body.reason
        )
        if body.amount is not None:
            asked.amount.CopyFrom(money(body.amount.minor_units, body.amount.currency_code))
        refund = await self._calls.create_refund(caller.participant, asked)
        return answered(answers.refund_told(refund), 201, {"location": f"{PATH}/{refund_id}"})

    async def get(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetRefund"))],
        refund_id: RefundIdPath,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """A refund as it is now."""
        refund = await self._calls.get_refund(caller.participant, refund_id)
        return answered_tagged(answers.refund_told(refund), if_none_match)


def refund_router(calls: Calls) -> APIRouter:
    """The routes of refunds, for `app.make_app`."""
    routes = RefundRoutes(calls)
    router = APIRouter(route_class=LimitedRoute, tags=["Refunds"])
    router.add_api_route(PATH, routes.create, methods=["POST"], **_CREATE)
    router.add_api_route(f"{PATH}/{{refund_id}}", routes.get, methods=["GET"], **_GET)
    return router


_CREATE = declared(
    "CreateRefund",
    "Refund a payment",
    answers.Refund,
    examples.REFUND,
    status=201,
    headers=("Location",),
    refusals=(404, 409, 422, *WITH_BODY),
)
_GET = declared(
    "GetRefund",
    "Get a refund",
    answers.Refund,
    examples.REFUND,
    headers=("ETag",),
    refusals=(404,),
    also=UNCHANGED,
)
