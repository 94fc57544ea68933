"""Agreements, payouts and statements over gRPC."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from services.core.errors import Malformed, NotFound
from services.kit.rpc import answers
from services.pb.kawase.settlement.v1 import payout_service_pb2 as pb
from services.pb.kawase.settlement.v1 import payout_service_pb2_grpc
from services.settlement.domain.agreements import Agreement
from services.settlement.domain.statements import Line, StatementMalformed
from services.settlement.messages import (
    agreement_message,
    movement_message,
    read_agreement,
    stamp,
)
from services.settlement.payouts import store
from services.settlement.payouts.messages import STATES, payout_message
from services.settlement.payouts.model import Outcome
from services.settlement.payouts.operators import PayoutNotFound, PayoutOperators
from services.settlement.payouts.releasing import PayoutReleases
from services.settlement.statements import Statements
from services.settlement.store.agreements import get_agreement, list_agreements
from services.settlement.store.shops import shops_joined

NAME = "kawase.settlement.v1.PayoutService"
PAGE_SIZE = 50
PAGE_LIMIT = 500
LINE_LIMIT = 1000
# Accounts named in one answer, but for those of its last agreement; at most 200 bytes each.
NAMED_LIMIT = 10_000
_OUTCOMES = {pb.PayoutOutcome.Value(f"PAYOUT_OUTCOME_{each.name}"): each for each in Outcome}
_STATE_NAMES = {number: str(state) for state, number in STATES.items()}


class PayoutStateUnknown(Malformed):
    """The state to list by is none that this service knows."""


class AgreementNotFound(NotFound):
    """There is no agreement of this id."""

    def __init__(self, agreement_id: str) -> None:
        super().__init__(
            f"There is no agreement {agreement_id[:80]!r}; `kawase settlement agreements` lists "
            "those there are.",
            agreement_id=agreement_id[:80],
        )


class PayoutServer(payout_service_pb2_grpc.PayoutServiceServicer):
    """Decodes, calls, encodes."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        operators: PayoutOperators,
        releases: PayoutReleases,
        statements: Statements,
    ) -> None:
        self._pool = pool
        self._operators = operators
        self._releases = releases
        self._statements = statements

    @answers
    async def PutAgreement(
        self, request: pb.PutAgreementRequest, _context: Any
    ) -> pb.PutAgreementResponse:
        agreement = await self._operators.put(read_agreement(request.agreement))
        return pb.PutAgreementResponse(agreement=agreement_message(agreement))

    @answers
    async def GetAgreement(
        self, request: pb.GetAgreementRequest, _context: Any
    ) -> pb.GetAgreementResponse:
        size = min(request.page_size, LINE_LIMIT) if request.page_size > 0 else LINE_LIMIT
        async with self._pool.acquire() as connection:
            agreement = await get_agreement(connection, request.agreement_id)
            if agreement is None:
                raise AgreementNotFound(request.agreement_id)
            shops = await shops_joined(connection, agreement.agreement_id, request.page_token, size)
        return pb.GetAgreementResponse(
            agreement=agreement_message(agreement),
            shop_account_ids=shops,
            next_page_token=shops[-1] if len(shops) == size else "",
        )

    @answers
    async def ListAgreements(
        self, request: pb.ListAgreementsRequest, _context: Any
    ) -> pb.ListAgreementsResponse:
        size = min(request.page_size, PAGE_LIMIT) if request.page_size > 0 else PAGE_LIMIT
        async with self._pool.acquire() as connection:
            found = await list_agreements(connection, request.page_token, size)
        shown = _fitting(found)
        is_more = len(shown) < len(found) or len(found) == size
        return pb.ListAgreementsResponse(
            agreements=[agreement_message(each) for each in shown],
            next_page_token=shown[-1].agreement_id if shown and is_more else "",
        )

    @answers
    async def ListPayouts(
        self, request: pb.ListPayoutsRequest, _context: Any
    ) -> pb.ListPayoutsResponse:
        """Newest first."""
        size = min(request.page_size, PAGE_LIMIT) if request.page_size > 0 else PAGE_SIZE
        state = ""
        if request.state:
            if request.state not in _STATE_NAMES:
                raise PayoutStateUnknown(f"{request.state} is no state of a payout.", field="state")
            state = _STATE_NAMES[request.state]
        async with self._pool.acquire() as connection:
            found = await store.list_payouts(
                connection, request.participant_id, state, request.page_token, size
            )
        return pb.ListPayoutsResponse(
            payouts=[payout_message(each) for each in found],
            next_page_token=found[-1].payout_id if len(found) == size else "",
        )

    @answers
    async def GetPayout(self, request: pb.GetPayoutRequest, _context: Any) -> pb.GetPayoutResponse:
        async with self._pool.acquire() as connection:
            found = await store.get_payout(connection, request.payout_id)
        if found is None:
            raise PayoutNotFound(request.payout_id)
        shares = [
            pb.PayoutShare(account_id=each.account_id, amount_minor=each.amount_minor)
            for each in found.shares
        ]
        return pb.GetPayoutResponse(payout=payout_message(found), shares=shares)

    @answers
    async def RetryPayout(
        self, request: pb.RetryPayoutRequest, _context: Any
    ) -> pb.RetryPayoutResponse:
        payout = await self._operators.retry(request.payout_id, request.operator, request.reason)
        return pb.RetryPayoutResponse(payout=payout_message(payout))

    @answers
    async def ResolvePayout(
        self, request: pb.ResolvePayoutRequest, _context: Any
    ) -> pb.ResolvePayoutResponse:
        payout = await self._operators.resolve(
            request.payout_id, _OUTCOMES.get(request.outcome), request.operator, request.reason
        )
        return pb.ResolvePayoutResponse(payout=payout_message(payout))

    @answers
    async def ProposePayoutRelease(
        self, request: pb.ProposePayoutReleaseRequest, _context: Any
    ) -> pb.ProposePayoutReleaseResponse:
        payout = await self._releases.propose(request.payout_id, request.operator, request.reason)
        return pb.ProposePayoutReleaseResponse(payout=payout_message(payout))

    @answers
    async def ApprovePayoutRelease(
        self, request: pb.ApprovePayoutReleaseRequest, _context: Any
    ) -> pb.ApprovePayoutReleaseResponse:
        payout = await self._releases.approve(request.payout_id, request.operator)
        return pb.ApprovePayoutReleaseResponse(payout=payout_message(payout))

    @answers
    async def GetStatement(
        self, request: pb.GetStatementRequest, _context: Any
    ) -> pb.GetStatementResponse:
        """Movements come with the first page."""
        if bool(request.day) == bool(request.window_id):
            raise StatementMalformed("Name a day or a window.", field="day")
        size = min(request.page_size, LINE_LIMIT) if request.page_size > 0 else LINE_LIMIT
        find, of = (
            (self._statements.of_day, request.day)
            if request.day
            else (self._statements.of_window, request.window_id)
        )
        found = await find(request.participant_id, of, request.page_token, size)
        return pb.GetStatementResponse(
            movements=[movement_message(each) for each in found.movements],
            lines=[_line_message(each) for each in found.lines],
            next_page_token=found.next_token,
        )


def _fitting(agreements: Sequence[Agreement]) -> Sequence[Agreement]:
    """As many of them, at least one, as an answer holds with the accounts they name."""
    room = NAMED_LIMIT
    for number, each in enumerate(agreements):
        if room <= 0:
            return agreements[:number]
        room -= len(each.account_ids)
    return agreements


def _line_message(line: Line) -> pb.StatementLine:
    return pb.StatementLine(
        resource_id=line.link_id,
        account_id=line.account_id,
        kind=line.kind,
        amount_minor=line.minor,
        currency_code=line.currency,
        stripe=line.key.stripe,
        posting_sequence=line.key.sequence,
        post_time=stamp(line.key.post_time),
    )
