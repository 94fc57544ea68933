"""The routes of hosted wallets: bank links and top-ups."""

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
    CreateTopUpRequest,
    IdempotencyKey,
    IfNoneMatch,
    LinkBankAccountRequest,
    TopUpIdPath,
)
from services.gateway.payments.messages import money
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb

PATH = "/v1/top-ups"


class TopUpRoutes:
    """What the routes do."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def link(
        self,
        caller: Annotated[Caller, Depends(caller_for("LinkBankAccount"))],
        body: Annotated[LinkBankAccountRequest, Body(examples=[examples.LINK_BANK_ACCOUNT])],
        key: IdempotencyKey = None,
    ) -> Response:
        """Link a payer's bank account to a hosted wallet."""
        link_id = chosen_id("bank_link_id", body.bank_link_id, key)
        fields = body.model_dump(exclude={"bank_link_id"})
        asked = pb.LinkBankAccountRequest(bank_link_id=link_id, **fields)
        link = await self._calls.link_bank_account(caller.participant, asked)
        return answered(answers.bank_link_told(link), 201)

    async def create(
        self,
        caller: Annotated[Caller, Depends(caller_for("CreateTopUp"))],
        body: Annotated[CreateTopUpRequest, Body(examples=[examples.CREATE_TOP_UP])],
        key: IdempotencyKey = None,
    ) -> Response:
        """Draw money from a linked bank account into the hosted wallet, and wait a few seconds for
        the end: `pending` says that it is still under way."""
        top_up_id = chosen_id("top_up_id", body.top_up_id, key)
        asked = pb.CreateTopUpRequest(
            top_up_id=top_up_id,
            bank_link_id=body.bank_link_id,
            amount=money(body.amount.minor_units, body.amount.currency_code),
        )
        top_up = await self._calls.create_top_up(caller.participant, asked)
        return answered(answers.top_up_told(top_up), 201, {"location": f"{PATH}/{top_up_id}"})

    async def get(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetTopUp"))],
        top_up_id: TopUpIdPath,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """A top-up as it is now."""
        top_up = await self._calls.get_top_up(caller.participant, top_up_id)
        return answered_tagged(answers.top_up_told(top_up), if_none_match)


def top_up_router(calls: Calls) -> APIRouter:
    """The routes of bank links and top-ups, for `app.make_app`."""
    routes = TopUpRoutes(calls)
    router = APIRouter(route_class=LimitedRoute, tags=["Top-ups"])
    router.add_api_route("/v1/bank-links", routes.link, methods=["POST"], **_LINK)
    router.add_api_route(PATH, routes.create, methods=["POST"], **_CREATE)
    router.add_api_route(f"{PATH}/{{top_up_id}}", routes.get, methods=["GET"], **_GET)
    return router


_LINK = declared(
    "LinkBankAccount",
    "Link a bank account",
    answers.BankLink,
    examples.BANK_LINK,
    status=201,
    refusals=(404, 409, 422, *WITH_BODY),
)
_CREATE = declared(
    "CreateTopUp",
    "Top up",
    answers.TopUp,
    examples.TOP_UP,
    status=201,
    headers=("Location",),
    refusals=(404, 409, 422, *WITH_BODY),
)
_GET = declared(
    "GetTopUp",
    "Get a top-up",
    answers.TopUp,
    examples.TOP_UP,
    headers=("ETag",),
    refusals=(404,),
    also=UNCHANGED,
)
