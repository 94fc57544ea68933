"""The routes of escrows. `ResolveEscrowDispute` is over gRPC alone, where a second person is asked
for."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.responses import Response

from services.gateway.access.keys import Caller
from services.gateway.calls import Calls
from services.gateway.escrow.handlers import EscrowHandlers
from services.gateway.escrow.messages import escrow_message, release_message
from services.gateway.escrow.model import Escrow
from services.gateway.escrow.serving import documents as docs
from services.gateway.http import answers, examples
from services.gateway.http.calling import caller_for
from services.gateway.http.headers import chosen_id, wait_seconds
from services.gateway.http.operations import (
    UNCHANGED,
    WITH_BODY,
    LimitedRoute,
    WaitingRoute,
    also_told,
    answered,
    answered_tagged,
    declared,
)
from services.gateway.http.payments import ONE as PAYMENT
from services.gateway.http.payments import told_ended
from services.gateway.http.requests import (
    IdempotencyKey,
    IfNoneMatch,
    PaymentIdPath,
    Prefer,
    given_money,
)
from services.gateway.pages import last_id_of, next_token
from services.gateway.reference import Participant
from services.gateway.refunds.asking import Wish
from services.gateway.refunds.messages import shown_message

PATH = "/v1/escrows"
ONE = f"{PATH}/{{payment_id}}"


class EscrowRoutes:
    """What the routes do."""

    def __init__(self, calls: Calls, escrows: EscrowHandlers) -> None:
        self._calls = calls
        self._escrows = escrows

    async def confirm(
        self,
        caller: Annotated[Caller, Depends(caller_for("ConfirmIntoEscrow"))],
        payment_id: PaymentIdPath,
        prefer: Prefer = None,
    ) -> Response:
        """Say yes to a quote, instead of `confirm`: the payer pays, and the merchant gets the money
        when the buyer has confirmed receipt, or when the days of the corridor are over. Where the
        wait is over before, answers with 202 and the state so far."""
        seconds = wait_seconds(prefer)
        payment = await self._calls.confirm_into_escrow(
            caller.participant, payment_id, lambda: float(seconds)
        )
        return told_ended(payment, prefer, seconds)

    async def release(
        self,
        caller: Annotated[Caller, Depends(caller_for("ReleaseEscrow"))],
        payment_id: PaymentIdPath,
        body: Annotated[docs.ReleaseInput, Body(examples=[docs.RELEASE])],
        key: IdempotencyKey = None,
    ) -> Response:
        """The buyer has received all or a part: that much becomes the merchant's. The same id and
        amount give the same answer. While it is disputed nothing is released."""
        release_id = chosen_id("release_id", body.release_id, key)
        kept, part = await self._escrows.release(
            caller.participant, payment_id, release_id, given_money(body.amount)
        )
        told = docs.release_told(release_message(part))
        return answered(docs.Released(escrow=_told(kept, caller.participant), release=told))

    async def dispute(
        self,
        caller: Annotated[Caller, Depends(caller_for("DisputeEscrow"))],
        payment_id: PaymentIdPath,
        body: Annotated[docs.DisputeInput, Body(examples=[docs.DISPUTE])],
    ) -> Response:
        """The buyer has not received what they bought: the clock stands until the dispute is
        withdrawn or the operator has decided it."""
        kept = await self._escrows.dispute(caller.participant, payment_id, body.reason)
        return answered(_told(kept, caller.participant))

    async def withdraw(
        self,
        caller: Annotated[Caller, Depends(caller_for("WithdrawEscrowDispute"))],
        payment_id: PaymentIdPath,
    ) -> Response:
        """The clock goes on where it was stopped."""
        kept = await self._escrows.withdraw(caller.participant, payment_id)
        return answered(_told(kept, caller.participant))

    async def give_back(
        self,
        caller: Annotated[Caller, Depends(caller_for("ReturnEscrow"))],
        payment_id: docs.EitherPath,
        body: Annotated[docs.ReturnInput, Body(examples=[docs.RETURN])],
        key: IdempotencyKey = None,
    ) -> Response:
        """Give back all or a part of what is held, at the rate it was paid at and without a fee. It
        is a refund, and is looked up as one."""
        refund_id = chosen_id("refund_id", body.refund_id, key)
        names = (caller.participant.participant_id, refund_id, payment_id)
        wish = Wish(*names, given_money(body.amount), body.reason)
        refund = await self._escrows.give_back(caller.participant, wish)
        location = {"location": f"/v1/refunds/{refund_id}"}
        return answered(answers.refund_told(shown_message(refund)), 201, location)

    async def get(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetEscrow"))],
        payment_id: docs.EitherPath,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """An escrow as it is now."""
        kept = await self._escrows.get(caller.participant, payment_id)
        return answered_tagged(_told(kept, caller.participant), if_none_match)

    async def page(
        self,
        caller: Annotated[Caller, Depends(caller_for("ListEscrows"))],
        query: docs.EscrowsQuery,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Yours, a page at a time, in the order of their references."""
        reader = caller.participant
        after = last_id_of(query.page_token)
        found = await self._escrows.page(reader, query.disputed, after, query.page_size)
        token = next_token([kept.reference for kept in found], query.page_size) or None
        page = docs.EscrowPage(
            escrows=[_told(kept, reader) for kept in found], next_page_token=token
        )
        return answered_tagged(page, if_none_match, query.link(PATH, token))


def _told(kept: Escrow, reader: Participant) -> docs.Escrow:
    return docs.escrow_told(escrow_message(kept, reader))


def escrow_router(calls: Calls, escrows: EscrowHandlers) -> APIRouter:
    """The routes of escrows, for `app.make_app`."""
    routes = EscrowRoutes(calls, escrows)
    router = APIRouter(route_class=LimitedRoute, tags=["Escrow"])
    add = router.add_api_route
    add(
        f"{PAYMENT}/escrow",
        routes.confirm,
        methods=["POST"],
        route_class_override=WaitingRoute,
        **_CONFIRM,
    )
    add(PATH, routes.page, methods=["GET"], **_LIST)
    add(ONE, routes.get, methods=["GET"], **_GET)
    add(f"{ONE}/release", routes.release, methods=["POST"], **_RELEASE)
    add(f"{ONE}/dispute", routes.dispute, methods=["POST"], **_DISPUTE)
    add(f"{ONE}/withdraw-dispute", routes.withdraw, methods=["POST"], **_WITHDRAW)
    add(f"{ONE}/return", routes.give_back, methods=["POST"], **_RETURN)
    return router


_CONFIRM = declared(
    "ConfirmIntoEscrow",
    "Confirm a payment into escrow",
    answers.Payment,
    docs.CONFIRMED,
    refusals=(404, 409, 422),
    also={202: also_told("Still under way.", answers.Payment, examples.CONFIRMED)},
)
_LIST = declared(
    "ListEscrows",
    "List escrows",
    docs.EscrowPage,
    docs.PAGE,
    headers=("ETag", "Link"),
    also=UNCHANGED,
)
_GET = declared(
    "GetEscrow",
    "Get an escrow",
    docs.Escrow,
    docs.HELD,
    headers=("ETag",),
    refusals=(404,),
    also=UNCHANGED,
)
_RELEASE = declared(
    "ReleaseEscrow",
    "Release what is in escrow",
    docs.Released,
    docs.RELEASED,
    refusals=(404, 409, 422, *WITH_BODY),
)
_DISPUTE = declared(
    "DisputeEscrow",
    "Dispute what is in escrow",
    docs.Escrow,
    docs.DISPUTED,
    refusals=(404, 409, 422, *WITH_BODY),
)
_WITHDRAW = declared(
    "WithdrawEscrowDispute",
    "Withdraw a dispute",
    docs.Escrow,
    docs.HELD,
    refusals=(404, 409, 422),
)
_RETURN = declared(
    "ReturnEscrow",
    "Give back what is in escrow",
    answers.Refund,
    docs.REFUND,
    status=201,
    headers=("Location",),
    refusals=(404, 409, 422, *WITH_BODY),
)
