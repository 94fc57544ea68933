"""PersonalService over gRPC: find the caller, call, answer."""

from typing import Any

import grpc

from services.gateway.access.keys import Keys
from services.gateway.personal.serving.calls import PersonalCalls
from services.kit.rpc import answers
from services.pb.kawase.gateway.v1 import personal_service_pb2 as pb
from services.pb.kawase.gateway.v1.personal_service_pb2_grpc import PersonalServiceServicer

NAME = "kawase.gateway.v1.PersonalService"
Context = grpc.aio.ServicerContext[Any, Any]


class PersonalServer(PersonalServiceServicer):
    """The methods of `PersonalService`."""

    def __init__(self, keys: Keys, calls: PersonalCalls) -> None:
        self._keys = keys
        self._calls = calls

    @answers
    async def CreatePersonalCode(
        self, request: pb.CreatePersonalCodeRequest, context: Context
    ) -> pb.CreatePersonalCodeResponse:
        code = await self._calls.create(self._keys.participant_of(context), request)
        return pb.CreatePersonalCodeResponse(personal_code=code)

    @answers
    async def GetPersonalCode(
        self, request: pb.GetPersonalCodeRequest, context: Context
    ) -> pb.GetPersonalCodeResponse:
        code = await self._calls.get(self._keys.participant_of(context), request)
        return pb.GetPersonalCodeResponse(personal_code=code)

    @answers
    async def ListPersonalCodes(
        self, request: pb.ListPersonalCodesRequest, context: Context
    ) -> pb.ListPersonalCodesResponse:
        return await self._calls.page(self._keys.participant_of(context), request)

    @answers
    async def DrawPersonalCode(
        self, request: pb.DrawPersonalCodeRequest, context: Context
    ) -> pb.DrawPersonalCodeResponse:
        drawing = await self._calls.draw(self._keys.participant_of(context), request)
        return pb.DrawPersonalCodeResponse(drawing=drawing)

    @answers
    async def RevokePersonalCode(
        self, request: pb.RevokePersonalCodeRequest, context: Context
    ) -> pb.RevokePersonalCodeResponse:
        code = await self._calls.revoke(self._keys.participant_of(context), request)
        return pb.RevokePersonalCodeResponse(personal_code=code)

    @answers
    async def ListPersonalReceipts(
        self, request: pb.ListPersonalReceiptsRequest, context: Context
    ) -> pb.ListPersonalReceiptsResponse:
        return await self._calls.receipts(self._keys.participant_of(context), request)
