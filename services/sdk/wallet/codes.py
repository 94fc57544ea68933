"""Codes that payers show and shops charge: made by the gateway, or by a phone without a network."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.pb.kawase.gateway.v1 import presented_service_pb2 as pb
from services.pb.kawase.gateway.v1.presented_service_pb2_grpc import PresentedServiceStub
from services.sdk.line import Line
from services.sdk.values import States, time_of
from services.sdk.wallet.offline import OfflineKey


class PayerCodeState(StrEnum):
    """What a code is good for now."""

    ACTIVE = "active"
    USED = "used"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PayerCode:
    """Shown once, until `expire_time`: `code` as a QR code, `barcode_number` as Code 128.
    `payment_id` of a used one is your payment."""

    code_id: str
    payer_id: str
    country_code: str
    code: str
    barcode_number: str
    state: PayerCodeState
    expire_time: datetime
    payment_id: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What you wish for all your payers, in minor units of your home currency.

    Above `confirm_above` the payer confirms on the phone; 0: always. Above `offline_maximum` a code
    made by a phone is not taken; 0: none is.
    """

    confirm_above: int
    offline_maximum: int = 0
    jpqr_operator_code: str = ""


_STATES = States(pb.PaymentCodeState, "PAYMENT_CODE_STATE", PayerCodeState)


class PayerCodes:
    """`kawase.codes`. What a shop charges is a payment of yours: watch, confirm or cancel it."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def create(
        self, code_id: str, payer_id: str, country_code: str, valid_seconds: int = 0
    ) -> PayerCode:
        """A code to show in shops of `country_code`; 0 seconds: as long as usual."""
        request = pb.CreatePaymentCodeRequest(
            code_id=code_id,
            payer_id=payer_id,
            country_code=country_code,
            valid_seconds=valid_seconds,
        )
        return _code_of((await self._ask("CreatePaymentCode", request)).payment_code)

    async def get(self, code_id: str) -> PayerCode:
        """A code as it is now."""
        request = pb.GetPaymentCodeRequest(code_id=code_id)
        return _code_of((await self._ask("GetPaymentCode", request)).payment_code)

    async def draw_qr(self, code_id: str, *, svg: bool = False) -> bytes:
        """A code as a QR code, in PNG or SVG, while it may be charged."""
        return await self._draw(code_id, pb.PAYMENT_CODE_FORM_QR, svg)

    async def draw_barcode(self, code_id: str, *, svg: bool = False) -> bytes:
        """A code's number as Code 128, in PNG or SVG, while it may be charged."""
        return await self._draw(code_id, pb.PAYMENT_CODE_FORM_BARCODE, svg)

    async def _draw(self, code_id: str, form: Any, svg: bool) -> bytes:
        wanted = pb.PICTURE_FORMAT_SVG if svg else pb.PICTURE_FORMAT_PNG
        request = pb.DrawPaymentCodeRequest(code_id=code_id, form=form, format=wanted)
        return bytes((await self._ask("DrawPaymentCode", request)).content)

    async def cancel(self, code_id: str) -> PayerCode:
        """Take back a code that was not charged."""
        request = pb.CancelPaymentCodeRequest(code_id=code_id)
        return _code_of((await self._ask("CancelPaymentCode", request)).payment_code)

    async def provision(
        self, offline_key_id: str, payer_id: str, code_count: int = 0, valid_days: int = 0
    ) -> OfflineKey:
        """A key with which one phone makes codes without a network; 0: 20 codes, 7 days.

        Its secret is in the first answer alone: where that is lost, revoke the key and make another
        under a fresh id.
        """
        request = pb.ProvisionOfflineCodesRequest(
            offline_key_id=offline_key_id,
            payer_id=payer_id,
            code_count=code_count,
            valid_days=valid_days,
        )
        answer = await self._ask("ProvisionOfflineCodes", request)
        key = answer.offline_key
        return OfflineKey(
            offline_key_id=key.offline_key_id,
            payer_id=key.payer_id,
            key_number=key.key_number,
            code_count=key.code_count,
            step_seconds=key.step_seconds,
            create_time=time_of(key.create_time),
            expire_time=time_of(key.expire_time),
            secret=answer.secret,
        )

    async def revoke(self, offline_key_id: str) -> None:
        """No code of the key is taken from now on."""
        request = pb.RevokeOfflineCodesRequest(offline_key_id=offline_key_id)
        await self._ask("RevokeOfflineCodes", request)

    async def put_policy(self, policy: Policy) -> Policy:
        """Say what you wish for all your payers."""
        message = pb.PresentingPolicy(
            confirm_above_minor_units=policy.confirm_above,
            offline_maximum_minor_units=policy.offline_maximum,
            jpqr_operator_code=policy.jpqr_operator_code,
        )
        request = pb.PutPresentingPolicyRequest(policy=message)
        return _policy_of((await self._ask("PutPresentingPolicy", request)).policy)

    async def get_policy(self) -> Policy:
        """What you have wished."""
        answer = await self._ask("GetPresentingPolicy", pb.GetPresentingPolicyRequest())
        return _policy_of(answer.policy)

    async def _ask(self, method: str, request: Any) -> Any:
        return await self._line.ask(PresentedServiceStub, method, request)


def _code_of(message: pb.PaymentCode) -> PayerCode:
    return PayerCode(
        code_id=message.code_id,
        payer_id=message.payer_id,
        country_code=message.country_code,
        code=message.code,
        barcode_number=message.barcode_number,
        state=_STATES.of(message.state),
        expire_time=time_of(message.expire_time),
        payment_id=message.payment_id,
    )


def _policy_of(message: pb.PresentingPolicy) -> Policy:
    return Policy(
        message.confirm_above_minor_units,
        message.offline_maximum_minor_units,
        message.jpqr_operator_code,
    )
