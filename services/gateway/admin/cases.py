"""ListCases, ResolveCase, ListDisputes and AnswerDispute, for the operator alone."""

from typing import Any

import grpc

from services.gateway.access.keys import Keys
from services.gateway.admin.codec import choice, money_to
from services.gateway.admin.pages import page_size
from services.gateway.cases.handlers import Case, CaseHandlers
from services.gateway.cases.store import Word
from services.gateway.disputes.handlers import DisputeHandlers
from services.gateway.disputes.messages import dispute_message
from services.gateway.payments.messages import timestamp
from services.gateway.resources.model import Resolution
from services.kit.rpc import answers
from services.pb.kawase.gateway.v1 import admin_service_pb2 as pb
from services.pb.kawase.gateway.v1.admin_service_pb2_grpc import AdminServiceServicer

Context = grpc.aio.ServicerContext[Any, Any]

_RESOLUTIONS: dict[int, Resolution] = {
    pb.CASE_RESOLUTION_RETRY: Resolution.RETRY,
    pb.CASE_RESOLUTION_SETTLED: Resolution.SETTLED,
    pb.CASE_RESOLUTION_WRITE_OFF: Resolution.WRITE_OFF,
}


class CaseMethods(AdminServiceServicer):
    """The methods of `AdminServer` about cases and disputes."""

    _keys: Keys
    _cases: CaseHandlers
    _disputes: DisputeHandlers

    @answers
    async def ListCases(
        self, request: pb.ListCasesRequest, context: Context
    ) -> pb.ListCasesResponse:
        self._keys.require_operator(context)
        cases = await self._cases.list(page_size(request.page_size))
        return pb.ListCasesResponse(cases=[_message(case) for case in cases])

    @answers
    async def ResolveCase(
        self, request: pb.ResolveCaseRequest, context: Context
    ) -> pb.ResolveCaseResponse:
        caller = self._keys.require_operator(context)
        resolution = choice(_RESOLUTIONS, request.resolution, "resolution")
        word = Word(resolution, request.operator, request.reason, caller.key_id)
        case = await self._cases.resolve(request.resource_id, word)
        return pb.ResolveCaseResponse(case=_message(case))

    @answers
    async def ListDisputes(
        self, request: pb.ListDisputesRequest, context: Context
    ) -> pb.ListDisputesResponse:
        self._keys.require_operator(context)
        found = await self._disputes.list(request.open_only, page_size(request.page_size))
        return pb.ListDisputesResponse(disputes=[dispute_message(each) for each in found])

    @answers
    async def AnswerDispute(
        self, request: pb.AnswerDisputeRequest, context: Context
    ) -> pb.AnswerDisputeResponse:
        caller = self._keys.require_operator(context)
        dispute = await self._disputes.answer(
            request.dispute_id, request.accept, request.evidence, request.operator, caller.key_id
        )
        return pb.AnswerDisputeResponse(dispute=dispute_message(dispute))


def _message(case: Case) -> pb.Case:
    return pb.Case(
        resource_id=case.resource_id,
        payment_reference=case.file.payment_reference,
        participant_id=case.file.participant_id,
        partner_id=case.file.partner_id,
        amount=money_to(case.file.amount),
        reason=case.reason,
        message=case.message,
        since_time=timestamp(case.since_time),
        step=case.step,
    )
