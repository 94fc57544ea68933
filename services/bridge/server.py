"""The bridge's gRPC API: decode, call, encode."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from services.bridge.accounts import AccountBook
from services.bridge.codes import CodeBook
from services.bridge.domain.charge import Charge, State
from services.bridge.guard.calls import PartnerCalls
from services.bridge.messages import TOPIC, money_message, timestamp_message
from services.bridge.operators import ChargeNotFound, Operators, Queue
from services.bridge.partner import BankAccount
from services.bridge.payouts.calls import PayoutCalls
from services.bridge.statements import StatementCalls
from services.bridge.store.attempts import Attempt, attempts_of
from services.bridge.store.charges import get_charge
from services.kit.facts.serving import fill_facts
from services.kit.rpc import answers
from services.kit.unit import Units
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as pb
from services.pb.kawase.bridge.v1.bridge_service_pb2_grpc import BridgeServiceServicer

PAGE_LIMIT = 1000
PAGE_SIZE = 100


class BridgeServer(BridgeServiceServicer):
    """Answers questions about charges, codes and accounts."""

    def __init__(
        self,
        units: Units,
        codes: CodeBook,
        accounts: AccountBook,
        operators: Operators,
        queue: Queue,
        partners: PartnerCalls,
        payouts: PayoutCalls,
        statements: StatementCalls,
    ) -> None:
        self._pool = units.pool
        self._queue = queue
        self._partners = partners
        self._payouts = payouts
        self._statements = statements
        self._codes = codes
        self._accounts = accounts
        self._operators = operators

    @answers
    async def ResolveCode(self, request: pb.ResolveCodeRequest, context: Any) -> Any:
        merchant = await self._codes.resolve(request.partner_id, request.payload)
        return pb.ResolveCodeResponse(
            merchant_reference=merchant.merchant_reference,
            merchant_name=merchant.name,
            merchant_city=merchant.city,
            country_code=merchant.country_code,
            currency_code=merchant.currency_code,
            amount=None if merchant.amount is None else money_message(merchant.amount),
        )

    @answers
    async def LinkAccount(self, request: pb.LinkAccountRequest, context: Any) -> Any:
        linked = await self._accounts.link(
            BankAccount(
                request.link_id,
                request.partner_id,
                request.bank_code,
                request.branch_code,
                request.account_type,
                request.account_number,
                request.holder_name,
            )
        )
        return pb.LinkAccountResponse(
            payer_reference=linked.payer_reference, display_name=linked.display_name
        )

    @answers
    async def GetCharge(self, request: pb.GetChargeRequest, context: Any) -> Any:
        async with self._pool.acquire() as connection:
            charge = await get_charge(connection, request.charge_id)
            if charge is None:
                raise ChargeNotFound(request.charge_id)
            attempts = await attempts_of(connection, [charge.charge_id])
        return pb.GetChargeResponse(charge=_charge_message(charge, attempts))

    @answers
    async def ListUnknownCharges(
        self,
        request: pb.ListUnknownChargesRequest,
        context: Any,
    ) -> Any:
        limit = min(request.page_size or PAGE_SIZE, PAGE_LIMIT)
        seconds = request.minimum_age_seconds
        age = timedelta(seconds=seconds) if seconds > 0 else None
        charges = await self._queue.list(age, request.partner_id, limit)
        async with self._pool.acquire() as connection:
            attempts = await attempts_of(connection, [charge.charge_id for charge in charges])
        return pb.ListUnknownChargesResponse(
            charges=[_charge_message(charge, attempts) for charge in charges]
        )

    @answers
    async def ResolveCharge(self, request: pb.ResolveChargeRequest, context: Any) -> Any:
        charge = await self._operators.resolve(
            request.charge_id, int(request.state), request.operator, request.reason
        )
        async with self._pool.acquire() as connection:
            attempts = await attempts_of(connection, [charge.charge_id])
        return pb.ResolveChargeResponse(charge=_charge_message(charge, attempts))

    @answers
    async def ListPartners(self, request: pb.ListPartnersRequest, context: Any) -> Any:
        return await self._partners.list(request)

    @answers
    async def SetPartnerAvailability(
        self, request: pb.SetPartnerAvailabilityRequest, context: Any
    ) -> Any:
        return await self._partners.set(request)

    @answers
    async def GetPayout(self, request: pb.GetPayoutRequest, context: Any) -> Any:
        return await self._payouts.get(request)

    @answers
    async def ListOpenPayouts(self, request: pb.ListOpenPayoutsRequest, context: Any) -> Any:
        return await self._payouts.list_open(request)

    @answers
    async def ResolvePayout(self, request: pb.ResolvePayoutRequest, context: Any) -> Any:
        return await self._payouts.resolve(request)

    @answers
    async def ListStatementEntries(
        self, request: pb.ListStatementEntriesRequest, context: Any
    ) -> Any:
        return await self._statements.list_entries(request)

    @answers
    async def FetchPartnerFile(self, request: pb.FetchPartnerFileRequest, context: Any) -> Any:
        async for part in self._statements.fetch_file(request):
            yield part

    @answers
    async def ListFacts(self, request: pb.ListFactsRequest, context: Any) -> pb.ListFactsResponse:
        return await fill_facts(self._pool, TOPIC, request, pb.ListFactsResponse())


def _charge_message(charge: Charge, attempts: Sequence[Attempt]) -> pb.Charge:
    order = charge.order
    return pb.Charge(
        charge_id=order.charge_id,
        resource_id=order.resource_id,
        kind=order.kind.value,  # type: ignore[arg-type]
        partner_id=order.partner_id,
        amount=money_message(order.amount),
        state=State(charge.state).value,  # type: ignore[arg-type]
        partner_reference=charge.partner_reference,
        reason=charge.reason,
        create_time=timestamp_message(charge.create_time),
        update_time=timestamp_message(charge.update_time),
        attempts=[
            pb.Attempt(
                operation=attempt.operation,
                call_time=timestamp_message(attempt.call_time),
                outcome=attempt.outcome,
                detail=attempt.detail,
            )
            for attempt in attempts
            if attempt.charge_id == order.charge_id
        ],
    )
