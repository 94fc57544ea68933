"""The routes of `PresentedService`, as those of payments are made."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.core.clock import Clock
from services.gateway.access.keys import Caller
from services.gateway.calls import require_wallet
from services.gateway.http.calling import caller_for
from services.gateway.http.events import STREAM_ANSWERS, EventStream, Stream, Streams
from services.gateway.http.headers import chosen_id, wait_seconds
from services.gateway.http.operations import (
    UNCHANGED,
    WITH_BODY,
    LimitedRoute,
    WaitingRoute,
    answered,
    answered_tagged,
    declared,
    drawing,
)
from services.gateway.http.requests import IdempotencyKey, IfNoneMatch, LastEventId, Prefer
from services.gateway.presenting import documents as docs
from services.gateway.presenting.charging import Charging, require_acquirer
from services.gateway.presenting.codes import Codes
from services.gateway.presenting.drawing import CONTENT_TYPES, Form, Picture
from services.gateway.presenting.messages import code_message, key_message, policy_message
from services.gateway.presenting.model import Policy

CODES = "/v1/payment-codes"
KEYS = "/v1/offline-keys"
POLICY = "/v1/presenting-policy"
PRESENTED = "/v1/presented-payments"
# Beside those of payments, of which a process has up to 1000.
STREAM_LIMIT = 500


class CodeRoutes:
    """What wallets ask for."""

    def __init__(self, codes: Codes, clock: Clock) -> None:
        self._codes = codes
        self._clock = clock

    async def create(
        self,
        caller: Annotated[Caller, Depends(caller_for("CreatePaymentCode"))],
        body: Annotated[docs.CreatePaymentCodeRequest, Body(examples=[docs.CREATE_CODE])],
        key: IdempotencyKey = None,
    ) -> Response:
        """A code for a payer to show: as a QR code and as a barcode, used once, good for a minute
        where your country says nothing else."""
        wallet = require_wallet(caller.participant)
        code_id = chosen_id("code_id", body.code_id, key)
        code = await self._codes.create(
            wallet, code_id, body.payer_id, body.country_code, body.valid_seconds
        )
        told = docs.code_told(code_message(code, self._clock.now()))
        return answered(told, 201, {"location": f"{CODES}/{code_id}"})

    async def get(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetPaymentCode"))],
        code_id: docs.CodeIdPath,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """A code as it is now, and the payment it was used for."""
        code = await self._codes.get(require_wallet(caller.participant), code_id)
        told = docs.code_told(code_message(code, self._clock.now()))
        return answered_tagged(told, if_none_match)

    async def draw(
        self,
        caller: Annotated[Caller, Depends(caller_for("DrawPaymentCode"))],
        code_id: docs.CodeIdPath,
        form: docs.DrawnForm = Form.QR,
        wanted: docs.DrawnFormat = Picture.PNG,
    ) -> Response:
        """A code as a picture to show while it may be charged: its text as a QR code, or its number
        as a barcode."""
        wallet = require_wallet(caller.participant)
        content = await self._codes.draw(wallet, code_id, form, wanted)
        return Response(content, media_type=CONTENT_TYPES[wanted])

    async def cancel(
        self,
        caller: Annotated[Caller, Depends(caller_for("CancelPaymentCode"))],
        code_id: docs.CodeIdPath,
    ) -> Response:
        """Take back a code that was not charged; again changes nothing."""
        code = await self._codes.cancel(require_wallet(caller.participant), code_id)
        return answered(docs.code_told(code_message(code, self._clock.now())))

    async def provision(
        self,
        caller: Annotated[Caller, Depends(caller_for("ProvisionOfflineCodes"))],
        body: Annotated[docs.ProvisionOfflineCodesRequest, Body(examples=[docs.PROVISION])],
        key: IdempotencyKey = None,
    ) -> Response:
        """A secret for one phone, which makes codes with it while it has no network. It is in this
        answer alone."""
        wallet = require_wallet(caller.participant)
        key_id = chosen_id("offline_key_id", body.offline_key_id, key)
        made, secret = await self._codes.provision(
            wallet, key_id, body.payer_id, body.code_count, body.valid_days
        )
        return answered(docs.key_told(key_message(made), secret), 201)

    async def revoke(
        self,
        caller: Annotated[Caller, Depends(caller_for("RevokeOfflineCodes"))],
        offline_key_id: docs.KeyIdPath,
    ) -> Response:
        """Take no more codes of a phone."""
        await self._codes.revoke(require_wallet(caller.participant), offline_key_id)
        return Response(status_code=204)

    async def put_policy(
        self,
        caller: Annotated[Caller, Depends(caller_for("PutPresentingPolicy"))],
        body: Annotated[docs.PresentingPolicy, Body(examples=[docs.POLICY])],
    ) -> Response:
        """Say above which amount your payers confirm on the phone, and up to which codes made by
        phones are taken."""
        wallet = require_wallet(caller.participant)
        policy = await self._codes.put_policy(
            Policy(
                wallet.participant_id,
                body.confirm_above_minor_units,
                body.offline_maximum_minor_units,
                body.jpqr_operator_code,
            )
        )
        return answered(docs.policy_told(policy_message(policy)))

    async def get_policy(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetPresentingPolicy"))],
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """What you have put; until then payers confirm every payment."""
        policy = await self._codes.policy(require_wallet(caller.participant))
        return answered_tagged(docs.policy_told(policy_message(policy)), if_none_match)


class PresentedRoutes:
    """What acquirers ask for."""

    def __init__(self, charging: Charging) -> None:
        self._charging = charging
        self._streams = Streams(STREAM_LIMIT)

    async def charge(
        self,
        caller: Annotated[Caller, Depends(caller_for("ChargePaymentCode"))],
        body: Annotated[docs.ChargePaymentCodeRequest, Body(examples=[docs.CHARGE])],
        key: IdempotencyKey = None,
        prefer: Prefer = None,
    ) -> Response:
        """Charge the code that a payer shows at a shop of yours, and wait for the end, for the
        payer to be asked, or as long as you prefer. A repeat charges nothing twice."""
        acquirer = require_acquirer(caller.participant)
        payment_id = chosen_id("payment_id", body.payment_id, key)
        seconds = wait_seconds(prefer)
        payment = await self._charging.charge(
            acquirer,
            payment_id,
            body.code,
            body.merchant_id,
            body.amount.money,
            lambda: float(seconds),
        )
        headers = {"location": f"{PRESENTED}/{payment_id}"}
        if prefer:
            headers["preference-applied"] = f"wait={seconds}"
        return answered(docs.presented_told(payment), 201, headers)

    async def get(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetPresentedPayment"))],
        payment_id: docs.PresentedIdPath,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """A presented payment as it is now."""
        payment = await self._charging.get(require_acquirer(caller.participant), payment_id)
        return answered_tagged(docs.presented_told(payment), if_none_match)

    async def cancel(
        self,
        caller: Annotated[Caller, Depends(caller_for("CancelPresentedPayment"))],
        payment_id: docs.PresentedIdPath,
    ) -> Response:
        """Do not wait for the payer any longer: from now on they cannot confirm. Again changes
        nothing; what is confirmed is refused."""
        payment = await self._charging.cancel(require_acquirer(caller.participant), payment_id)
        return answered(docs.presented_told(payment))

    async def watch(
        self,
        request: Request,
        caller: Annotated[Caller, Depends(caller_for("WatchPresentedPayment"))],
        payment_id: docs.PresentedIdPath,
        last_event_id: LastEventId = None,
    ) -> Response:
        """Server-sent events: the payment now and at each state until it is final, then the stream
        ends. Who comes back having seen the final state gets 204."""
        watched = self._charging.watch(require_acquirer(caller.participant), payment_id)
        closing = request.app.state.closing
        return await self._streams.open(
            Stream(watched, closing, last_event_id, docs.presented_told)
        )


def presented_router(codes: Codes, charging: Charging, clock: Clock) -> APIRouter:
    """The routes of payers' codes, for `app.make_app`."""
    wallets, acquirers = CodeRoutes(codes, clock), PresentedRoutes(charging)
    router = APIRouter(route_class=LimitedRoute, tags=["Presented payments"])
    add, post, get = router.add_api_route, ["POST"], ["GET"]
    add(CODES, wallets.create, methods=post, **_CREATE)
    add(f"{CODES}/{{code_id}}", wallets.get, methods=get, **_GET_CODE)
    add(f"{CODES}/{{code_id}}/image", wallets.draw, methods=get, **_DRAW)
    add(f"{CODES}/{{code_id}}/cancel", wallets.cancel, methods=post, **_CANCEL)
    add(KEYS, wallets.provision, methods=post, **_PROVISION)
    add(f"{KEYS}/{{offline_key_id}}", wallets.revoke, methods=["DELETE"], **_REVOKE)
    add(POLICY, wallets.put_policy, methods=["PUT"], **_PUT_POLICY)
    add(POLICY, wallets.get_policy, methods=get, **_GET_POLICY)
    add(PRESENTED, acquirers.charge, methods=post, route_class_override=WaitingRoute, **_CHARGE)
    add(f"{PRESENTED}/{{payment_id}}", acquirers.get, methods=get, **_GET)
    add(f"{PRESENTED}/{{payment_id}}/cancel", acquirers.cancel, methods=post, **_GIVE_UP)
    add(
        f"{PRESENTED}/{{payment_id}}/events",
        acquirers.watch,
        methods=get,
        response_class=EventStream,
        **_WATCH,
    )
    return router


_CREATE = declared(
    "CreatePaymentCode",
    "Make a code for a payer",
    docs.PaymentCode,
    docs.CODE,
    status=201,
    headers=("Location",),
    refusals=(409, 422, *WITH_BODY),
)
_GET_CODE = declared(
    "GetPaymentCode",
    "Get a payer's code",
    docs.PaymentCode,
    docs.CODE,
    headers=("ETag",),
    refusals=(404,),
    also=UNCHANGED,
)
_DRAW = drawing(
    "DrawPaymentCode", "Draw a payer's code", sorted(CONTENT_TYPES.values()), refusals=(404, 422)
)
_CANCEL = declared(
    "CancelPaymentCode",
    "Take a payer's code back",
    docs.PaymentCode,
    docs.CANCELLED_CODE,
    refusals=(404, 409, 422),
)
_PROVISION = declared(
    "ProvisionOfflineCodes",
    "Give a phone a key for codes",
    docs.OfflineKey,
    docs.OFFLINE_KEY,
    status=201,
    refusals=(409, *WITH_BODY),
)
_REVOKE = declared(
    "RevokeOfflineCodes",
    "Revoke a phone's key",
    None,
    None,
    status=204,
    refusals=(404, 409),
    also={204: {"description": "No code of it is taken."}},
)
_PUT_POLICY = declared(
    "PutPresentingPolicy",
    "Say when payers confirm",
    docs.PresentingPolicy,
    docs.POLICY,
    refusals=(409, *WITH_BODY),
)
_GET_POLICY = declared(
    "GetPresentingPolicy",
    "Get what you said of codes",
    docs.PresentingPolicy,
    docs.POLICY,
    headers=("ETag",),
    also=UNCHANGED,
)
_CHARGE = declared(
    "ChargePaymentCode",
    "Charge a payer's code",
    docs.PresentedPayment,
    docs.PRESENTED,
    status=201,
    headers=("Location",),
    refusals=(404, 409, 422, *WITH_BODY),
)
_GET = declared(
    "GetPresentedPayment",
    "Get a presented payment",
    docs.PresentedPayment,
    docs.PRESENTED,
    headers=("ETag",),
    refusals=(404,),
    also=UNCHANGED,
)
_GIVE_UP = declared(
    "CancelPresentedPayment",
    "Give up a presented payment",
    docs.PresentedPayment,
    docs.GIVEN_UP,
    refusals=(404, 409, 422),
)
_WATCH = declared(
    "WatchPresentedPayment",
    "Watch a presented payment",
    None,
    None,
    refusals=(404,),
    also=STREAM_ANSWERS,
)
