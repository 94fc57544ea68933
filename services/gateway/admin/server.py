"""AdminService: the operator's people put reference data, make keys, and look at what is stuck.

Each Put is one unit: the row, its line in the journal with the key that did it, and the command
that opens the ledger accounts it needs. The same content again changes nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc

from services.core.clock import Clock
from services.gateway import opening
from services.gateway.access.changing import AccessChanges
from services.gateway.access.keys import Keys
from services.gateway.access.serving.messages import expiry_from
from services.gateway.admin import codec, rules
from services.gateway.admin.cases import CaseMethods
from services.gateway.admin.limit_rules import LimitRuleMethods
from services.gateway.admin.pages import page_size
from services.gateway.admin.putting import MERCHANT, Kind, Putting
from services.gateway.admin.screenings import ScreeningMethods
from services.gateway.cases.handlers import CaseHandlers, kinds_with
from services.gateway.disputes.handlers import DisputeHandlers
from services.gateway.reference import ApiKey, store
from services.gateway.reference.board import ReferenceBoard
from services.gateway.waking import Wakers
from services.gateway.withdrawals.payees import PayeeBoxes
from services.kit.facts.serving import fill_facts
from services.kit.rpc import answers
from services.kit.unit import Units
from services.pb.kawase.gateway.v1 import admin_service_pb2 as pb

Context = grpc.aio.ServicerContext[Any, Any]
ListStuck = Callable[[int], Awaitable[Sequence[pb.StuckPayment]]]

_PARTICIPANT = Kind(
    "PutParticipant",
    lambda new: new.participant_id,
    lambda known, name: known.participants.get(name),
    rules.check_participant,
    store.put_participant,
    opening.accounts_of_participant,
)
_SCHEME = Kind(
    "PutScheme",
    lambda new: new.scheme,
    lambda known, name: known.schemes.get(name),
    rules.check_scheme,
    store.put_scheme,
    opening.accounts_of_scheme,
)
_FEE_PLAN = Kind(
    "PutFeePlan",
    lambda new: new.fee_plan_id,
    lambda known, name: known.fee_plans.get(name),
    rules.check_fee_plan,
    store.put_fee_plan,
    lambda _new: [],
)
_CORRIDOR = Kind(
    "PutCorridor",
    lambda new: new.corridor_id,
    rules.corridor_named,
    rules.check_corridor,
    store.put_corridor,
    opening.accounts_of_corridor,
)


class AdminServer(CaseMethods, LimitRuleMethods, ScreeningMethods):
    """Every method needs an operator's key. `list_stuck` reads the payments given up repeating."""

    def __init__(
        self,
        keys: Keys,
        board: ReferenceBoard,
        units: Units,
        clock: Clock,
        list_stuck: ListStuck,
        wakers: Wakers,
        boxes: PayeeBoxes,
    ) -> None:
        self._keys = keys
        self._board = board
        self._units = units
        self._clock = clock
        self._list_stuck = list_stuck
        self._cases = CaseHandlers(units, wakers, clock, kinds_with(boxes))
        self._disputes = DisputeHandlers(units, clock)
        self._putting = Putting(board, units, clock)
        self._access = AccessChanges(board, units, clock)

    @answers
    async def PutParticipant(
        self, request: pb.PutParticipantRequest, context: Context
    ) -> pb.PutParticipantResponse:
        caller = self._keys.require_operator(context)
        new = codec.participant_from(request.participant)
        await self._putting.put(caller, _PARTICIPANT, new)
        return pb.PutParticipantResponse(participant=codec.participant_to(new))

    @answers
    async def PutMerchant(
        self, request: pb.PutMerchantRequest, context: Context
    ) -> pb.PutMerchantResponse:
        caller = self._keys.require_operator(context)
        new = codec.merchant_from(request.merchant)
        await self._putting.put(caller, MERCHANT, new)
        return pb.PutMerchantResponse(merchant=codec.merchant_to(new))

    @answers
    async def PutScheme(
        self, request: pb.PutSchemeRequest, context: Context
    ) -> pb.PutSchemeResponse:
        caller = self._keys.require_operator(context)
        new = codec.scheme_from(request.scheme)
        await self._putting.put(caller, _SCHEME, new)
        return pb.PutSchemeResponse(scheme=codec.scheme_to(new))

    @answers
    async def PutFeePlan(
        self, request: pb.PutFeePlanRequest, context: Context
    ) -> pb.PutFeePlanResponse:
        caller = self._keys.require_operator(context)
        new = codec.fee_plan_from(request.fee_plan)
        await self._putting.put(caller, _FEE_PLAN, new)
        return pb.PutFeePlanResponse(fee_plan=codec.fee_plan_to(new))

    @answers
    async def PutCorridor(
        self, request: pb.PutCorridorRequest, context: Context
    ) -> pb.PutCorridorResponse:
        caller = self._keys.require_operator(context)
        new = codec.corridor_from(request.corridor)
        await self._putting.put(caller, _CORRIDOR, new)
        return pb.PutCorridorResponse(corridor=codec.corridor_to(new))

    @answers
    async def CreateApiKey(
        self, request: pb.CreateApiKeyRequest, context: Context
    ) -> pb.CreateApiKeyResponse:
        caller = self._keys.require_operator(context)
        expire_time = expiry_from(request, self._clock.now())
        wanted = ApiKey(
            "",
            request.participant_id,
            b"",
            expire_time,
            revoked=False,
            person_id=request.person_id,
            purpose=request.purpose,
        )
        key_id, text = await self._access.create_key(
            caller, wanted, request.scopes, request.networks
        )
        return pb.CreateApiKeyResponse(key_id=key_id, api_key=text)

    @answers
    async def RevokeApiKey(
        self, request: pb.RevokeApiKeyRequest, context: Context
    ) -> pb.RevokeApiKeyResponse:
        caller = self._keys.require_operator(context)
        await self._access.revoke_key(caller, request.key_id)
        return pb.RevokeApiKeyResponse()

    @answers
    async def ListStuckPayments(
        self, request: pb.ListStuckPaymentsRequest, context: Context
    ) -> pb.ListStuckPaymentsResponse:
        self._keys.require_operator(context)
        payments = await self._list_stuck(page_size(request.page_size))
        return pb.ListStuckPaymentsResponse(payments=payments)

    @answers
    async def ListFacts(
        self, request: pb.ListFactsRequest, context: Context
    ) -> pb.ListFactsResponse:
        self._keys.require_operator(context)
        answer = pb.ListFactsResponse()
        return await fill_facts(self._units.pool, "payment.event", request, answer)
