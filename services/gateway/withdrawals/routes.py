"""The routes of `WithdrawalService`, as those of payments are made."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query
from starlette.responses import Response

from services.gateway.access.keys import Caller
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
from services.gateway.http.requests import IdempotencyKey, IfNoneMatch
from services.gateway.payments.messages import money
from services.gateway.withdrawals import documents as docs
from services.gateway.withdrawals.handlers import WithdrawalHandlers
from services.pb.kawase.gateway.v1 import withdrawal_service_pb2 as pb

PATH = "/v1/withdrawals"


class WithdrawalRoutes:
    """What the routes do."""

    def __init__(self, withdrawals: WithdrawalHandlers) -> None:
        self._withdrawals = withdrawals

    async def create(
        self,
        caller: Annotated[Caller, Depends(caller_for("CreateWithdrawal"))],
        body: Annotated[docs.CreateWithdrawalInput, Body(examples=[docs.CREATE])],
        key: IdempotencyKey = None,
    ) -> Response:
        """Draw money from the hosted wallet to a linked bank account, and wait a few seconds for
        the end: `pending` says that the bank has not carried it out yet."""
        withdrawal_id = chosen_id("withdrawal_id", body.withdrawal_id, key)
        asked = pb.CreateWithdrawalRequest(
            withdrawal_id=withdrawal_id,
            bank_link_id=body.bank_link_id,
            amount=money(body.amount.minor_units, body.amount.currency_code),
        )
        made = await self._withdrawals.create(caller.participant, asked)
        location = {"location": f"{PATH}/{withdrawal_id}"}
        return answered(docs.withdrawal_told(made), 201, location)

    async def get(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetWithdrawal"))],
        withdrawal_id: docs.WithdrawalIdPath,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """A withdrawal as it is now."""
        found = await self._withdrawals.get(caller.participant, withdrawal_id)
        return answered_tagged(docs.withdrawal_told(found), if_none_match)

    async def page(
        self,
        caller: Annotated[Caller, Depends(caller_for("ListWithdrawals"))],
        query: Annotated[docs.WithdrawalsQuery, Query()],
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Your payers' withdrawals, or those of one, in the order of your ids."""
        asked = pb.ListWithdrawalsRequest(**query.model_dump())
        page = await self._withdrawals.page(caller.participant, asked)
        token = page.next_page_token
        return answered_tagged(
            docs.page_told(page.withdrawals, token), if_none_match, query.link(PATH, token)
        )


def withdrawal_router(withdrawals: WithdrawalHandlers) -> APIRouter:
    """The routes of withdrawals, for `app.make_app`."""
    routes = WithdrawalRoutes(withdrawals)
    router = APIRouter(route_class=LimitedRoute, tags=["Withdrawals"])
    router.add_api_route(PATH, routes.create, methods=["POST"], **_CREATE)
    router.add_api_route(PATH, routes.page, methods=["GET"], **_PAGE)
    router.add_api_route(f"{PATH}/{{withdrawal_id}}", routes.get, methods=["GET"], **_GET)
    return router


_CREATE = declared(
    "CreateWithdrawal",
    "Withdraw to a bank account",
    docs.Withdrawal,
    docs.EXAMPLE,
    status=201,
    headers=("Location",),
    refusals=(404, 409, 422, *WITH_BODY),
)
_PAGE = declared(
    "ListWithdrawals",
    "List withdrawals",
    docs.WithdrawalPage,
    docs.PAGE,
    headers=("ETag", "Link"),
    also=UNCHANGED,
)
_GET = declared(
    "GetWithdrawal",
    "Get a withdrawal",
    docs.Withdrawal,
    docs.EXAMPLE,
    headers=("ETag",),
    refusals=(404,),
    also=UNCHANGED,
)
