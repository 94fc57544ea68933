"""The routes of `PrepaidService`, as those of payments are made."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.responses import Response

from services.gateway.access.keys import Caller
from services.gateway.http.answers import payment_told
from services.gateway.http.calling import caller_for
from services.gateway.http.headers import chosen_id, wait_seconds
from services.gateway.http.operations import (
    UNCHANGED,
    WITH_BODY,
    LimitedRoute,
    WaitingRoute,
    answered,
    answered_tagged,
    declared,
)
from services.gateway.http.requests import IdempotencyKey, IfNoneMatch, Prefer
from services.gateway.pages import last_id_of, next_token
from services.gateway.prepaid.handlers import Basket, PrepaidOrders
from services.gateway.prepaid.serving import documents as docs

PATH = "/v1/prepaid-orders"
ONE = f"{PATH}/{{payment_id}}"


class PrepaidRoutes:
    """What the routes do."""

    def __init__(self, orders: PrepaidOrders) -> None:
        self._orders = orders

    async def place(
        self,
        caller: Annotated[Caller, Depends(caller_for("PlaceOrder"))],
        body: Annotated[docs.PlaceOrderRequest, Body(examples=[docs.PLACE])],
        key: IdempotencyKey = None,
        prefer: Prefer = None,
    ) -> Response:
        """Order and pay at once. The payer shows the pick-up code; what is not picked up in time
        is refunded whole. A price above `maximum` is refused as PRICE_ABOVE_MAXIMUM: the order is
        then paid by a confirm, or not at all."""
        payment_id = chosen_id("payment_id", body.payment_id, key)
        basket = Basket(
            body.payer_id,
            body.merchant_id,
            body.amount.money,
            body.lines,
            body.pick_up_until_time,
            body.maximum.money,
        )
        seconds = wait_seconds(prefer)
        order, payment = await self._orders.place(
            caller.participant, payment_id, basket, lambda: float(seconds)
        )
        told = docs.order_told(order, caller.participant)
        placed = docs.PlacedOrder(order=told, payment=payment_told(payment))
        return answered(placed, 201, {"location": f"{PATH}/{payment_id}"})

    async def get(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetPrepaidOrder"))],
        payment_id: docs.OrderPath,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """An order as it is now."""
        order = await self._orders.get(caller.participant, payment_id)
        return answered_tagged(docs.order_told(order, caller.participant), if_none_match)

    async def page(
        self,
        caller: Annotated[Caller, Depends(caller_for("ListPrepaidOrders"))],
        query: docs.OrdersQuery,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Paid orders that wait at your shops, a page at a time."""
        reader = caller.participant
        after = last_id_of(query.page_token)
        found = await self._orders.page(reader, query.merchant_id, after, query.page_size)
        ids = [order.payment_reference for order in found]
        token = next_token(ids, query.page_size) or None
        page = docs.PrepaidOrderPage(
            orders=[docs.order_told(order, reader) for order in found], next_page_token=token
        )
        return answered_tagged(page, if_none_match, query.link(PATH, token))

    async def accept(
        self,
        caller: Annotated[Caller, Depends(caller_for("AcceptOrder"))],
        payment_id: docs.OrderPath,
    ) -> Response:
        """The shop begins: from now on the payer cannot cancel."""
        order = await self._orders.accept(caller.participant, payment_id)
        return answered(docs.order_told(order, caller.participant))

    async def cancel(
        self,
        caller: Annotated[Caller, Depends(caller_for("CancelOrder"))],
        payment_id: docs.OrderPath,
    ) -> Response:
        """Give a paid order up that the shop has not accepted: it is refunded."""
        order = await self._orders.cancel(caller.participant, payment_id)
        return answered(docs.order_told(order, caller.participant))

    async def redeem(
        self,
        caller: Annotated[Caller, Depends(caller_for("RedeemOrder"))],
        body: Annotated[docs.RedeemOrderRequest, Body(examples=[docs.REDEEM])],
    ) -> Response:
        """The payer is there: hand the order out, once. The same redemption is answered again,
        another is refused as ORDER_PICKED_UP."""
        order = await self._orders.redeem(caller.participant, body.pick_up_code, body.redemption_id)
        return answered(docs.order_told(order, caller.participant))


def prepaid_router(orders: PrepaidOrders) -> APIRouter:
    """The routes of prepaid orders, for `app.make_app`."""
    routes = PrepaidRoutes(orders)
    router = APIRouter(route_class=LimitedRoute, tags=["Prepaid orders"])
    add = router.add_api_route
    add(PATH, routes.place, methods=["POST"], route_class_override=WaitingRoute, **_PLACE)
    add(PATH, routes.page, methods=["GET"], **_LIST)
    add(ONE, routes.get, methods=["GET"], **_GET)
    add(f"{ONE}/accept", routes.accept, methods=["POST"], **_ACCEPT)
    add(f"{ONE}/cancel", routes.cancel, methods=["POST"], **_CANCEL)
    add("/v1/pick-ups", routes.redeem, methods=["POST"], **_REDEEM)
    return router


_PLACE = declared(
    "PlaceOrder",
    "Order and pay",
    docs.PlacedOrder,
    docs.PLACED,
    status=201,
    headers=("Location",),
    refusals=(404, 409, 422, *WITH_BODY),
)
_LIST = declared(
    "ListPrepaidOrders",
    "List orders that wait",
    docs.PrepaidOrderPage,
    docs.ORDERS,
    headers=("ETag", "Link"),
    also=UNCHANGED,
)
_GET = declared(
    "GetPrepaidOrder",
    "Get an order",
    docs.PrepaidOrder,
    docs.ORDER,
    headers=("ETag",),
    refusals=(404,),
    also=UNCHANGED,
)
_ACCEPT = declared(
    "AcceptOrder", "Accept an order", docs.PrepaidOrder, docs.AT_THE_SHOP, refusals=(404, 409, 422)
)
_CANCEL = declared(
    "CancelOrder", "Cancel an order", docs.PrepaidOrder, docs.ORDER, refusals=(404, 409, 422)
)
_REDEEM = declared(
    "RedeemOrder",
    "Hand an order out",
    docs.PrepaidOrder,
    docs.AT_THE_SHOP,
    refusals=(404, 409, 422, *WITH_BODY),
)
