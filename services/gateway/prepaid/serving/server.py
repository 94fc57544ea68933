"""PrepaidService over gRPC: decode, call, encode."""

from datetime import UTC, datetime
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from services.gateway.access.keys import Keys
from services.gateway.admin.pages import page_size
from services.gateway.pages import last_id_of, next_token
from services.gateway.payments.messages import STATE_NUMBERS, money, money_of, timestamp
from services.gateway.payments.model import State as PaymentState
from services.gateway.payments.refusals import MaximumRequired
from services.gateway.prepaid.codes import shown
from services.gateway.prepaid.handlers import LONGEST_DAYS, Basket, PrepaidOrders
from services.gateway.prepaid.model import Order, State, is_refunded
from services.gateway.prepaid.refusals import PickUpTimeMalformed
from services.gateway.reference import Participant, ParticipantKind
from services.gateway.server import wait_seconds
from services.kit.rpc import answers
from services.pb.kawase.gateway.v1 import prepaid_service_pb2 as pb
from services.pb.kawase.gateway.v1.prepaid_service_pb2_grpc import PrepaidServiceServicer

NAME = "kawase.gateway.v1.PrepaidService"
Context = grpc.aio.ServicerContext[Any, Any]

_STATES = {
    state: pb.PrepaidOrderState.Value(f"PREPAID_ORDER_STATE_{state.name}") for state in State
}


def order_message(order: Order, reader: Participant) -> pb.PrepaidOrder:
    """An order as its wallet sees it, or as the shop's acquirer does: without the code."""
    told = pb.PrepaidOrder(
        payment_reference=order.payment_reference,
        merchant_id=order.merchant_id,
        state=_STATES[order.state],
        payment_state=STATE_NUMBERS[order.payment_state],
        amount=money(order.amount.minor, order.amount.currency),
        lines=order.lines,
        pick_up_until_time=timestamp(order.pick_up_until),
        create_time=timestamp(order.create_time),
        update_time=timestamp(order.update_time),
    )
    if reader.kind is ParticipantKind.WALLET:
        told.payment_id = order.payment_id
        if is_refunded(order):
            told.refund_id = order.refund_id
        if order.payment_state is PaymentState.COMPLETED:
            told.pick_up_code = shown(order.pick_up_code)
    return told


class PrepaidServer(PrepaidServiceServicer):
    """The methods of `PrepaidService`."""

    def __init__(self, keys: Keys, orders: PrepaidOrders) -> None:
        self._keys = keys
        self._orders = orders

    @answers
    async def PlaceOrder(
        self, request: pb.PlaceOrderRequest, context: Context
    ) -> pb.PlaceOrderResponse:
        caller = self._keys.participant_of(context)
        if not request.HasField("maximum"):
            raise MaximumRequired
        basket = Basket(
            request.payer_id,
            request.merchant_id,
            money_of(request.amount),
            request.lines,
            _instant(request.pick_up_until_time),
            money_of(request.maximum),
        )
        order, payment = await self._orders.place(
            caller, request.payment_id, basket, lambda: wait_seconds(context)
        )
        return pb.PlaceOrderResponse(order=order_message(order, caller), payment=payment)

    @answers
    async def GetPrepaidOrder(
        self, request: pb.GetPrepaidOrderRequest, context: Context
    ) -> pb.GetPrepaidOrderResponse:
        caller = self._keys.participant_of(context)
        order = await self._orders.get(caller, request.payment_id)
        return pb.GetPrepaidOrderResponse(order=order_message(order, caller))

    @answers
    async def ListPrepaidOrders(
        self, request: pb.ListPrepaidOrdersRequest, context: Context
    ) -> pb.ListPrepaidOrdersResponse:
        caller = self._keys.participant_of(context)
        size = page_size(request.page_size)
        after = last_id_of(request.page_token)
        found = await self._orders.page(caller, request.merchant_id, after, size)
        return pb.ListPrepaidOrdersResponse(
            orders=[order_message(order, caller) for order in found],
            next_page_token=next_token([order.payment_reference for order in found], size),
        )

    @answers
    async def AcceptOrder(
        self, request: pb.AcceptOrderRequest, context: Context
    ) -> pb.AcceptOrderResponse:
        caller = self._keys.participant_of(context)
        order = await self._orders.accept(caller, request.payment_reference)
        return pb.AcceptOrderResponse(order=order_message(order, caller))

    @answers
    async def RedeemOrder(
        self, request: pb.RedeemOrderRequest, context: Context
    ) -> pb.RedeemOrderResponse:
        caller = self._keys.participant_of(context)
        order = await self._orders.redeem(caller, request.pick_up_code, request.redemption_id)
        return pb.RedeemOrderResponse(order=order_message(order, caller))

    @answers
    async def CancelOrder(
        self, request: pb.CancelOrderRequest, context: Context
    ) -> pb.CancelOrderResponse:
        caller = self._keys.participant_of(context)
        order = await self._orders.cancel(caller, request.payment_id)
        return pb.CancelOrderResponse(order=order_message(order, caller))


def _instant(message: Timestamp) -> datetime:
    try:
        return message.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise PickUpTimeMalformed(LONGEST_DAYS) from None
