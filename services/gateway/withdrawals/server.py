"""WithdrawalService over gRPC: find the caller, call, answer."""

from functools import partial
from typing import Any

import grpc

from services.gateway.access.keys import Keys
from services.gateway.server import wait_seconds
from services.gateway.withdrawals.handlers import WithdrawalHandlers
from services.kit.rpc import answers
from services.pb.kawase.gateway.v1 import withdrawal_service_pb2 as pb
from services.pb.kawase.gateway.v1.withdrawal_service_pb2_grpc import WithdrawalServiceServicer

NAME = "kawase.gateway.v1.WithdrawalService"
Context = grpc.aio.ServicerContext[Any, Any]


class WithdrawalServer(WithdrawalServiceServicer):
    """The methods of `WithdrawalService`."""

    def __init__(self, keys: Keys, withdrawals: WithdrawalHandlers) -> None:
        self._keys = keys
        self._withdrawals = withdrawals

    @answers
    async def CreateWithdrawal(
        self, request: pb.CreateWithdrawalRequest, context: Context
    ) -> pb.CreateWithdrawalResponse:
        caller = self._keys.participant_of(context)
        left = partial(wait_seconds, context)
        made = await self._withdrawals.create(caller, request, left)
        return pb.CreateWithdrawalResponse(withdrawal=made)

    @answers
    async def GetWithdrawal(
        self, request: pb.GetWithdrawalRequest, context: Context
    ) -> pb.GetWithdrawalResponse:
        caller = self._keys.participant_of(context)
        found = await self._withdrawals.get(caller, request.withdrawal_id)
        return pb.GetWithdrawalResponse(withdrawal=found)

    @answers
    async def ListWithdrawals(
        self, request: pb.ListWithdrawalsRequest, context: Context
    ) -> pb.ListWithdrawalsResponse:
        caller = self._keys.participant_of(context)
        return await self._withdrawals.page(caller, request)
