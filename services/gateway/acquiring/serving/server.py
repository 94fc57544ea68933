"""AcquirerService over gRPC: find the caller, call, answer."""

from typing import Any

import grpc

from services.gateway.access.keys import Keys
from services.gateway.acquiring.serving.calls import AcquirerCalls
from services.kit.rpc import answers
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from services.pb.kawase.gateway.v1.acquirer_service_pb2_grpc import AcquirerServiceServicer

NAME = "kawase.gateway.v1.AcquirerService"
Context = grpc.aio.ServicerContext[Any, Any]


class AcquirerServer(AcquirerServiceServicer):
    """The methods of `AcquirerService`."""

    def __init__(self, keys: Keys, calls: AcquirerCalls) -> None:
        self._keys = keys
        self._calls = calls

    @answers
    async def ProposeMerchant(
        self, request: pb.ProposeMerchantRequest, context: Context
    ) -> pb.ProposeMerchantResponse:
        merchant = await self._calls.propose_merchant(self._keys.calling(context), request)
        return pb.ProposeMerchantResponse(merchant=merchant)

    @answers
    async def UpdateMerchant(
        self, request: pb.UpdateMerchantRequest, context: Context
    ) -> pb.UpdateMerchantResponse:
        merchant = await self._calls.update_merchant(self._keys.calling(context), request)
        return pb.UpdateMerchantResponse(merchant=merchant)

    @answers
    async def GetMerchant(
        self, request: pb.GetMerchantRequest, context: Context
    ) -> pb.GetMerchantResponse:
        return await self._calls.get_merchant(self._keys.calling(context), request)

    @answers
    async def ListMerchants(
        self, request: pb.ListMerchantsRequest, context: Context
    ) -> pb.ListMerchantsResponse:
        return await self._calls.list_merchants(self._keys.calling(context), request)

    @answers
    async def ApproveMerchant(
        self, request: pb.ApproveMerchantRequest, context: Context
    ) -> pb.ApproveMerchantResponse:
        caller = self._keys.require_operator(context)
        merchant = await self._calls.approve_merchant(caller, request)
        return pb.ApproveMerchantResponse(merchant=merchant)

    @answers
    async def RejectMerchant(
        self, request: pb.RejectMerchantRequest, context: Context
    ) -> pb.RejectMerchantResponse:
        caller = self._keys.require_operator(context)
        merchant = await self._calls.reject_merchant(caller, request)
        return pb.RejectMerchantResponse(merchant=merchant)

    @answers
    async def CreateCode(
        self, request: pb.CreateCodeRequest, context: Context
    ) -> pb.CreateCodeResponse:
        code = await self._calls.create_code(self._keys.calling(context), request)
        return pb.CreateCodeResponse(code=code)

    @answers
    async def DrawCode(self, request: pb.DrawCodeRequest, context: Context) -> pb.DrawCodeResponse:
        drawing = await self._calls.draw_code(self._keys.calling(context), request)
        return pb.DrawCodeResponse(drawing=drawing)

    @answers
    async def CreateOrder(
        self, request: pb.CreateOrderRequest, context: Context
    ) -> pb.CreateOrderResponse:
        order = await self._calls.create_order(self._keys.calling(context), request)
        return pb.CreateOrderResponse(order=order)

    @answers
    async def GetOrder(self, request: pb.GetOrderRequest, context: Context) -> pb.GetOrderResponse:
        order = await self._calls.get_order(self._keys.calling(context), request)
        return pb.GetOrderResponse(order=order)

    @answers
    async def ListOrders(
        self, request: pb.ListOrdersRequest, context: Context
    ) -> pb.ListOrdersResponse:
        return await self._calls.list_orders(self._keys.calling(context), request)

    @answers
    async def CloseOrder(
        self, request: pb.CloseOrderRequest, context: Context
    ) -> pb.CloseOrderResponse:
        order = await self._calls.close_order(self._keys.calling(context), request)
        return pb.CloseOrderResponse(order=order)

    @answers
    async def DrawOrder(
        self, request: pb.DrawOrderRequest, context: Context
    ) -> pb.DrawOrderResponse:
        drawing = await self._calls.draw_order(self._keys.calling(context), request)
        return pb.DrawOrderResponse(drawing=drawing)

    @answers
    async def GetShopPayment(
        self, request: pb.GetShopPaymentRequest, context: Context
    ) -> pb.GetShopPaymentResponse:
        payment = await self._calls.get_shop_payment(self._keys.calling(context), request)
        return pb.GetShopPaymentResponse(payment=payment)
