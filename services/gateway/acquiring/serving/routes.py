"""The routes of `AcquirerService` that acquirers call, as those of payments are made.

What operators decide comes by gRPC, as all that operators do.
"""

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.responses import Response

from services.gateway.access.keys import Caller
from services.gateway.acquiring.codes.drawing import CONTENT_TYPES, Format
from services.gateway.acquiring.codes.messages import format_number
from services.gateway.acquiring.serving import answers
from services.gateway.acquiring.serving import documents as docs
from services.gateway.acquiring.serving.calls import AcquirerCalls
from services.gateway.http.calling import caller_for
from services.gateway.http.headers import chosen_id, next_link
from services.gateway.http.operations import (
    UNCHANGED,
    WITH_BODY,
    LimitedRoute,
    answered,
    answered_tagged,
    declared,
    drawing,
)
from services.gateway.http.requests import IdempotencyKey, IfNoneMatch, MoneyInput
from services.gateway.payments.messages import money
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from services.pb.kawase.money.v1 import money_pb2

MERCHANTS = "/v1/merchants"
CODES = "/v1/codes"
ORDERS = "/v1/orders"
PAYMENTS = "/v1/shop-payments"


class AcquirerRoutes:
    """What the routes do."""

    def __init__(self, calls: AcquirerCalls) -> None:
        self._calls = calls

    async def propose(
        self,
        caller: Annotated[Caller, Depends(caller_for("ProposeMerchant"))],
        body: Annotated[docs.ProposeMerchantInput, Body(examples=[docs.PROPOSE_MERCHANT])],
        key: IdempotencyKey = None,
    ) -> Response:
        """Put a shop forward. It takes payments once an operator has approved it."""
        name = chosen_id("merchant_id", body.merchant_id, key)
        request = pb.ProposeMerchantRequest(content=_content(name, body))
        told = await self._calls.propose_merchant(caller, request)
        return answered(answers.merchant_told(told), 201, {"location": f"{MERCHANTS}/{name}"})

    async def update(
        self,
        caller: Annotated[Caller, Depends(caller_for("UpdateMerchant"))],
        merchant_id: docs.MerchantIdPath,
        body: Annotated[docs.MerchantInput, Body(examples=[docs.UPDATE_MERCHANT])],
    ) -> Response:
        """The whole content anew. Names and address are in force at once (`approved`); all else
        waits for an operator (`pending`), and what was in force stays so meanwhile."""
        request = pb.UpdateMerchantRequest(content=_content(merchant_id, body))
        return answered(answers.merchant_told(await self._calls.update_merchant(caller, request)))

    async def get(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetMerchant"))],
        merchant_id: docs.MerchantIdPath,
        named: docs.Named = "",
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """A shop: its latest version, and the one in force where it is another."""
        request = pb.GetMerchantRequest(merchant_id=merchant_id, participant_id=named)
        found = await self._calls.get_merchant(caller, request)
        in_force = answers.merchant_told(found.in_force) if found.HasField("in_force") else None
        told = answers.MerchantWithChange(
            merchant=answers.merchant_told(found.merchant), in_force=in_force
        )
        return answered_tagged(told, if_none_match)

    async def page(
        self,
        caller: Annotated[Caller, Depends(caller_for("ListMerchants"))],
        page_size: docs.PageSize = 100,
        page_token: docs.PageToken = "",
        pending_only: docs.PendingOnly = False,
        named: docs.Named = "",
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Your shops by id, a page at a time."""
        request = pb.ListMerchantsRequest(
            page_size=page_size,
            page_token=page_token,
            pending_only=pending_only,
            participant_id=named,
        )
        found = await self._calls.list_merchants(caller, request)
        token = found.next_page_token or None
        kept = {"page_size": str(page_size)} | ({"pending_only": "true"} if pending_only else {})
        kept |= {"participant_id": named} if named else {}
        link = {"link": next_link(MERCHANTS, kept, token)} if token else {}
        told = [answers.merchant_told(version) for version in found.merchants]
        page = answers.MerchantPage(merchants=told, next_page_token=token)
        return answered_tagged(page, if_none_match, link)

    async def create_code(
        self,
        caller: Annotated[Caller, Depends(caller_for("CreateCode"))],
        body: Annotated[docs.CreateCodeInput, Body(examples=[docs.CREATE_CODE])],
        key: IdempotencyKey = None,
    ) -> Response:
        """A code to hang up or, with an amount, to show."""
        name = chosen_id("code_id", body.code_id, key)
        request = pb.CreateCodeRequest(
            code_id=name,
            merchant_id=body.merchant_id,
            terminal_label=body.terminal_label,
            amount=None if body.amount is None else _money(body.amount),
        )
        code = await self._calls.create_code(caller, request)
        location = {"location": f"{CODES}/{name}/image"}
        return answered(answers.code_told(code), 201, location)

    async def draw_code(
        self,
        caller: Annotated[Caller, Depends(caller_for("DrawCode"))],
        code_id: docs.CodeIdPath,
        wanted: docs.Drawn = Format.PNG,
    ) -> Response:
        """A code as a picture, or as a sheet to hang up."""
        request = pb.DrawCodeRequest(code_id=code_id, format=format_number(wanted))
        return _picture(await self._calls.draw_code(caller, request))

    async def create_order(
        self,
        caller: Annotated[Caller, Depends(caller_for("CreateOrder"))],
        body: Annotated[docs.CreateOrderInput, Body(examples=[docs.CREATE_ORDER])],
        key: IdempotencyKey = None,
    ) -> Response:
        """A code with its amount that is paid once, until it expires."""
        name = chosen_id("order_id", body.order_id, key)
        request = pb.CreateOrderRequest(
            order_id=name,
            merchant_id=body.merchant_id,
            amount=_money(body.amount),
            note=body.note,
            valid_seconds=body.valid_seconds,
        )
        order = await self._calls.create_order(caller, request)
        return answered(answers.order_told(order), 201, {"location": f"{ORDERS}/{name}"})

    async def get_order(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetOrder"))],
        order_id: docs.OrderIdPath,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """An order as it is now, and the payment that pays it."""
        order = await self._calls.get_order(caller, pb.GetOrderRequest(order_id=order_id))
        return answered_tagged(answers.order_told(order), if_none_match)

    async def page_orders(
        self,
        caller: Annotated[Caller, Depends(caller_for("ListOrders"))],
        query: docs.OrderQuery,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Your orders by id, a page at a time, of one shop or in one state where you name it."""
        request = pb.ListOrdersRequest(
            page_size=query.page_size, page_token=query.page_token, merchant_id=query.merchant_id
        )
        if query.state is not None:
            request.state = pb.OrderState.Value(f"ORDER_STATE_{query.state.upper()}")
        found = await self._calls.list_orders(caller, request)
        token = found.next_page_token or None
        kept = {name: str(value) for name, value in query if value and name != "page_token"}
        link = {"link": next_link(ORDERS, kept, token)} if token else {}
        told = [answers.order_told(order) for order in found.orders]
        page = answers.OrderPage(orders=told, next_page_token=token)
        return answered_tagged(page, if_none_match, link)

    async def close_order(
        self,
        caller: Annotated[Caller, Depends(caller_for("CloseOrder"))],
        order_id: docs.OrderIdPath,
    ) -> Response:
        """Take an order back that nobody has paid or is paying; again changes nothing."""
        order = await self._calls.close_order(caller, pb.CloseOrderRequest(order_id=order_id))
        return answered(answers.order_told(order))

    async def draw_order(
        self,
        caller: Annotated[Caller, Depends(caller_for("DrawOrder"))],
        order_id: docs.OrderIdPath,
        wanted: docs.Drawn = Format.PNG,
    ) -> Response:
        """An order's code as a picture, or on a sheet with its amount."""
        request = pb.DrawOrderRequest(order_id=order_id, format=format_number(wanted))
        return _picture(await self._calls.draw_order(caller, request))

    async def get_payment(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetShopPayment"))],
        reference: docs.ReferencePath,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """A payment at one of your shops as it is now, whichever way it was made; what webhooks
        tell you of it."""
        request = pb.GetShopPaymentRequest(reference=reference)
        payment = await self._calls.get_shop_payment(caller, request)
        return answered_tagged(answers.shop_payment_told(payment), if_none_match)


def _money(given: MoneyInput) -> money_pb2.Money:
    return money(given.minor_units, given.currency_code)


def _content(merchant_id: str, body: docs.MerchantInput) -> pb.MerchantContent:
    fields = body.model_dump(exclude={"merchant_id", "payout_account"}, exclude_none=True)
    content = pb.MerchantContent(merchant_id=merchant_id, **fields)
    if body.payout_account is not None:
        content.payout_account.CopyFrom(pb.PayoutAccount(**body.payout_account.model_dump()))
    return content


def _picture(drawing: pb.Drawing) -> Response:
    return Response(drawing.content, media_type=drawing.content_type)


def acquirer_router(calls: AcquirerCalls) -> APIRouter:
    """The routes of acquirers, for `app.make_app`."""
    routes = AcquirerRoutes(calls)
    router = APIRouter(route_class=LimitedRoute, tags=["Acquirers"])
    add = router.add_api_route
    add(MERCHANTS, routes.propose, methods=["POST"], **_PROPOSE)
    add(MERCHANTS, routes.page, methods=["GET"], **_PAGE)
    add(f"{MERCHANTS}/{{merchant_id}}", routes.update, methods=["PUT"], **_UPDATE)
    add(f"{MERCHANTS}/{{merchant_id}}", routes.get, methods=["GET"], **_GET)
    add(CODES, routes.create_code, methods=["POST"], **_CREATE_CODE)
    add(f"{CODES}/{{code_id}}/image", routes.draw_code, methods=["GET"], **_DRAW_CODE)
    add(ORDERS, routes.create_order, methods=["POST"], **_CREATE_ORDER)
    add(ORDERS, routes.page_orders, methods=["GET"], **_LIST_ORDERS)
    add(f"{ORDERS}/{{order_id}}/close", routes.close_order, methods=["POST"], **_CLOSE_ORDER)
    add(f"{ORDERS}/{{order_id}}", routes.get_order, methods=["GET"], **_GET_ORDER)
    add(f"{ORDERS}/{{order_id}}/image", routes.draw_order, methods=["GET"], **_DRAW_ORDER)
    add(f"{PAYMENTS}/{{reference}}", routes.get_payment, methods=["GET"], **_GET_PAYMENT)
    return router


_PROPOSE = declared(
    "ProposeMerchant",
    "Propose a merchant",
    answers.MerchantVersion,
    answers.MERCHANT,
    status=201,
    headers=("Location",),
    refusals=(404, 409, 422, *WITH_BODY),
)
_UPDATE = declared(
    "UpdateMerchant",
    "Change a merchant",
    answers.MerchantVersion,
    answers.MERCHANT,
    refusals=(404, 409, 422, *WITH_BODY),
)
_GET = declared(
    "GetMerchant",
    "Get a merchant",
    answers.MerchantWithChange,
    answers.CHANGED_MERCHANT,
    headers=("ETag",),
    refusals=(404,),
    also=UNCHANGED,
)
_PAGE = declared(
    "ListMerchants",
    "List merchants",
    answers.MerchantPage,
    answers.MERCHANTS,
    headers=("ETag", "Link"),
    refusals=(404,),
    also=UNCHANGED,
)
_CREATE_CODE = declared(
    "CreateCode",
    "Create a merchant's code",
    answers.MerchantCode,
    answers.CODE,
    status=201,
    headers=("Location",),
    refusals=(404, 409, 422, *WITH_BODY),
)
_CREATE_ORDER = declared(
    "CreateOrder",
    "Create an order",
    answers.Order,
    answers.ORDER,
    status=201,
    headers=("Location",),
    refusals=(404, 409, 422, *WITH_BODY),
)
_GET_ORDER = declared(
    "GetOrder",
    "Get an order",
    answers.Order,
    answers.ORDER,
    headers=("ETag",),
    refusals=(404,),
    also=UNCHANGED,
)
_LIST_ORDERS = declared(
    "ListOrders",
    "List orders",
    answers.OrderPage,
    answers.ORDERS,
    headers=("ETag", "Link"),
    also=UNCHANGED,
)
_CLOSE_ORDER = declared(
    "CloseOrder",
    "Close an order",
    answers.Order,
    answers.CLOSED_ORDER,
    refusals=(404, 409, 422),
)
_PICTURES = tuple(CONTENT_TYPES.values())
_DRAW_CODE = drawing("DrawCode", "Draw a code", _PICTURES, refusals=(404, 422))
_DRAW_ORDER = drawing("DrawOrder", "Draw an order's code", _PICTURES, refusals=(404, 422))
_GET_PAYMENT = declared(
    "GetShopPayment",
    "Get a payment at a shop",
    answers.ShopPayment,
    answers.SHOP_PAYMENT,
    headers=("ETag",),
    refusals=(404,),
    also=UNCHANGED,
)
