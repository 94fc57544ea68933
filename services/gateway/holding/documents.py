"""Authorisations over HTTP: what is asked and told, as pydantic models, with their examples."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import Field

from services.gateway.http import examples
from services.gateway.http.answers import Money, Told, money_told, time_told
from services.gateway.http.requests import ID_FORM, Asked, MoneyInput, PaymentStateName
from services.gateway.payments.messages import STATES
from services.pb.kawase.gateway.v1 import holding_service_pb2 as pb

ReferencePath = Annotated[
    str, Path(pattern=ID_FORM, description="Our reference of the payment, 26 characters.")
]
EitherPath = Annotated[
    str,
    Path(
        pattern=ID_FORM,
        description="A wallet names its payment by its own id, an acquirer by our reference.",
    ),
]


class CaptureInput(Asked):
    """What is owed of what is held."""

    amount: MoneyInput | None = Field(
        default=None,
        description="In the merchant's currency, at most what is authorised; without it all of it.",
    )


class Authorisation(Told):
    """An authorised payment."""

    reference: str = Field(description="Of the payment, 26 characters.")
    state: PaymentStateName = Field(
        description="`authorised` until it is captured (`completed`), given up (`cancelled`) or "
        "over (`expired`)."
    )
    merchant_id: str
    authorised: Money = Field(description="What the merchant may be paid, before its fee.")
    captured: Money | None = Field(description="What it was paid; null until the capture.")
    expire_time: datetime = Field(description="No capture is taken from then on.")
    create_time: datetime
    update_time: datetime


def authorisation_told(held: pb.Authorisation) -> Authorisation:
    """An authorisation as it is shown."""
    return Authorisation(
        reference=held.reference,
        state=STATES[held.state].value,
        merchant_id=held.merchant_id,
        authorised=money_told(held.authorised),
        captured=money_told(held.captured) if held.HasField("captured") else None,
        expire_time=time_told(held.expire_time),
        create_time=time_told(held.create_time),
        update_time=time_told(held.update_time),
    )


AUTHORISED = {**examples.QUOTED, "state": "authorised", "update_time": "2026-10-30T09:00:14.5Z"}
CAPTURE = {"amount": {"currency_code": "JPY", "minor_units": 900}}
HELD: dict[str, Any] = {
    "reference": "01K8TB3ZJ0A5V1Q2W3E4R5T6Y7",
    "state": "authorised",
    "merchant_id": "shokudo",
    "authorised": {"currency_code": "JPY", "minor_units": 1200, "display": "¥1,200"},
    "captured": None,
    "expire_time": "2026-11-06T09:00:14Z",
    "create_time": "2026-10-30T09:00:14Z",
    "update_time": "2026-10-30T09:00:14.5Z",
}
CAPTURED = {
    **HELD,
    "state": "completed",
    "captured": {"currency_code": "JPY", "minor_units": 900, "display": "¥900"},
}
VOIDED = {**HELD, "state": "cancelled"}
