"""The routes of `PersonalService`, as those of payments are made."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.responses import Response

from services.gateway.access.keys import Caller
from services.gateway.acquiring.codes.drawing import CONTENT_TYPES, Format
from services.gateway.acquiring.codes.messages import format_number
from services.gateway.http.calling import caller_for
from services.gateway.http.headers import chosen_id
from services.gateway.http.operations import (
    UNCHANGED,
    WITH_BODY,
    LimitedRoute,
    answered,
    answered_tagged,
    declared,
    drawing,
)
from services.gateway.http.requests import IdempotencyKey, IfNoneMatch
from services.gateway.personal.refusals import PersonalNameUnclear
from services.gateway.personal.serving import documents as docs
from services.gateway.personal.serving.calls import PersonalCalls
from services.pb.kawase.gateway.v1 import personal_service_pb2 as pb

CODES = "/v1/personal-codes"
CODE = f"{CODES}/{{code_id}}"
RECEIPTS = "/v1/persons/{payer_id}/receipts"


class PersonalRoutes:
    """What the routes do."""

    def __init__(self, calls: PersonalCalls) -> None:
        self._calls = calls

    async def create(
        self,
        caller: Annotated[Caller, Depends(caller_for("CreatePersonalCode"))],
        body: Annotated[docs.CreatePersonalCodeInput, Body(examples=[docs.CREATE_CODE])],
        key: IdempotencyKey = None,
    ) -> Response:
        """A static code of a payer of yours: what others pay by it goes into their account."""
        name = chosen_id("code_id", body.code_id, key)
        if body.display_name is not None and body.real_name is not None:
            raise PersonalNameUnclear
        request = pb.CreatePersonalCodeRequest(**body.model_dump(exclude_none=True))
        request.code_id = name
        code = await self._calls.create(caller.participant, request)
        return answered(docs.code_told(code), 201, {"location": f"{CODES}/{name}"})

    async def get(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetPersonalCode"))],
        code_id: docs.CodeIdPath,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """A code as it is now."""
        request = pb.GetPersonalCodeRequest(code_id=code_id)
        code = await self._calls.get(caller.participant, request)
        return answered_tagged(docs.code_told(code), if_none_match)

    async def page(
        self,
        caller: Annotated[Caller, Depends(caller_for("ListPersonalCodes"))],
        query: docs.CodesQuery,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Your payers' codes by id, a page at a time."""
        request = pb.ListPersonalCodesRequest(**query.model_dump())
        found = await self._calls.page(caller.participant, request)
        token = found.next_page_token or None
        told = [docs.code_told(code) for code in found.personal_codes]
        page = docs.PersonalCodePage(personal_codes=told, next_page_token=token)
        return answered_tagged(page, if_none_match, query.link(CODES, token))

    async def draw(
        self,
        caller: Annotated[Caller, Depends(caller_for("DrawPersonalCode"))],
        code_id: docs.CodeIdPath,
        wanted: docs.Drawn = Format.PNG,
    ) -> Response:
        """A code as a picture, or as a sheet to hang up."""
        request = pb.DrawPersonalCodeRequest(code_id=code_id, format=format_number(wanted))
        picture = await self._calls.draw(caller.participant, request)
        return Response(picture.content, media_type=picture.content_type)

    async def revoke(
        self,
        caller: Annotated[Caller, Depends(caller_for("RevokePersonalCode"))],
        code_id: docs.CodeIdPath,
    ) -> Response:
        """From now on nothing is paid by the code, not even what was quoted before."""
        request = pb.RevokePersonalCodeRequest(code_id=code_id)
        return answered(docs.code_told(await self._calls.revoke(caller.participant, request)))

    async def receipts(
        self,
        caller: Annotated[Caller, Depends(caller_for("ListPersonalReceipts"))],
        payer_id: docs.PayerIdPath,
        query: docs.ReceiptsQuery,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """What a payer of yours was paid by codes, newest first, a page at a time."""
        request = pb.ListPersonalReceiptsRequest(payer_id=payer_id, **query.model_dump())
        found = await self._calls.receipts(caller.participant, request)
        token = found.next_page_token or None
        told = [docs.receipt_told(receipt) for receipt in found.personal_receipts]
        page = docs.PersonalReceiptPage(personal_receipts=told, next_page_token=token)
        link = query.link(RECEIPTS.format(payer_id=payer_id), token)
        return answered_tagged(page, if_none_match, link)


def personal_router(calls: PersonalCalls) -> APIRouter:
    """The routes of persons' codes, for `app.make_app`."""
    routes = PersonalRoutes(calls)
    router = APIRouter(route_class=LimitedRoute, tags=["Persons"])
    add = router.add_api_route
    add(CODES, routes.create, methods=["POST"], **_CREATE)
    add(CODES, routes.page, methods=["GET"], **_LIST)
    add(CODE, routes.get, methods=["GET"], **_GET)
    add(f"{CODE}/image", routes.draw, methods=["GET"], **_DRAW)
    add(f"{CODE}/revoke", routes.revoke, methods=["POST"], **_REVOKE)
    add(RECEIPTS, routes.receipts, methods=["GET"], **_RECEIPTS)
    return router


_CREATE = declared(
    "CreatePersonalCode",
    "Create a person's code",
    docs.PersonalCode,
    docs.CODE,
    status=201,
    headers=("Location",),
    refusals=(409, 422, *WITH_BODY),
)
_LIST = declared(
    "ListPersonalCodes",
    "List persons' codes",
    docs.PersonalCodePage,
    docs.CODES,
    headers=("ETag", "Link"),
    also=UNCHANGED,
)
_GET = declared(
    "GetPersonalCode",
    "Get a person's code",
    docs.PersonalCode,
    docs.CODE,
    headers=("ETag",),
    refusals=(404,),
    also=UNCHANGED,
)
_DRAW = drawing(
    "DrawPersonalCode", "Draw a person's code", tuple(CONTENT_TYPES.values()), refusals=(404, 422)
)
_REVOKE = declared(
    "RevokePersonalCode",
    "Revoke a person's code",
    docs.PersonalCode,
    docs.REVOKED,
    refusals=(404,),
)
_RECEIPTS = declared(
    "ListPersonalReceipts",
    "List what a person was paid",
    docs.PersonalReceiptPage,
    docs.RECEIPTS,
    headers=("ETag", "Link"),
    also=UNCHANGED,
)
