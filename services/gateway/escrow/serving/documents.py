"""Escrows over HTTP: what is asked and told, as pydantic models, with their examples."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import Field

from services.gateway.escrow.messages import CAUSES, STATES
from services.gateway.escrow.refusals import REASON_MAXIMUM
from services.gateway.http import examples
from services.gateway.http.answers import Money, Told, money_told, time_told
from services.gateway.http.requests import ID_FORM, Asked, CallerId, ListQuery, MoneyInput
from services.gateway.refunds.refusals import NOTE_MAXIMUM
from services.pb.kawase.gateway.v1 import escrow_pb2 as pb

StateName = Literal["pending", "held", "disputed", "released", "returned", "divided", "declined"]
CauseName = Literal["buyer", "time", "operator"]
EitherPath = Annotated[
    str,
    Path(
        pattern=ID_FORM,
        description="A wallet names its payment by its own id, others by our reference.",
    ),
]


class ReleaseInput(Asked):
    """What the buyer has received."""

    release_id: CallerId | None = Field(
        default=None,
        description="Your own id, unique per payment: the idempotency key. Without it the "
        "Idempotency-Key header is the id.",
    )
    amount: MoneyInput | None = Field(
        default=None, description="At most what is held; without it all of it."
    )


class DisputeInput(Asked):
    """What is wrong."""

    reason: str = Field(min_length=1, max_length=REASON_MAXIMUM, pattern=r"^[^\x00]*\S[^\x00]*$")


class ReturnInput(Asked):
    """What goes back."""

    refund_id: CallerId | None = Field(
        default=None,
        description="Your own id: the idempotency key, as of a refund. Without it the "
        "Idempotency-Key header is the id.",
    )
    amount: MoneyInput | None = Field(
        default=None, description="At most what is held; without it all of it."
    )
    reason: str = Field(default="", max_length=NOTE_MAXIMUM, pattern=r"^[^\x00]*$")


class ListEscrowsQuery(ListQuery):
    """Which page."""

    disputed: bool = Field(default=False, description="Only those whose clock stands.")


EscrowsQuery = Annotated[ListEscrowsQuery, Query()]


class Escrow(Told):
    """What is kept of a payment: total = held + released + returned."""

    reference: str = Field(description="Of the payment, 26 characters.")
    payment_id: str | None = Field(description="For the wallet alone.")
    state: StateName
    merchant_id: str
    total: Money = Field(description="Before the merchant's fee.")
    held: Money
    released: Money = Field(description="The merchant's, less the fee of that part.")
    returned: Money = Field(description="Given back out of escrow, or about to be.")
    release_time: datetime | None = Field(
        description="What is held is released then; null while the clock stands."
    )
    dispute_time: datetime | None
    dispute_reason: str | None
    create_time: datetime
    update_time: datetime


class EscrowRelease(Told):
    """A part, or all, that has become the merchant's."""

    reference: str
    release_id: str | None = Field(description="Null where time has released.")
    cause: CauseName
    amount: Money = Field(description="Before the merchant's fee.")
    left: Money = Field(description="What is held after it.")
    create_time: datetime


class Released(Told):
    """A release, and the escrow as it is now."""

    escrow: Escrow
    release: EscrowRelease


class EscrowPage(Told):
    """Escrows in the order of their references."""

    escrows: list[Escrow]
    next_page_token: str | None = Field(description="Null on the last page.")


def escrow_told(kept: pb.Escrow) -> Escrow:
    """An escrow as it is shown."""
    return Escrow(
        reference=kept.reference,
        payment_id=kept.payment_id or None,
        state=STATES[kept.state].value,
        merchant_id=kept.merchant_id,
        total=money_told(kept.total),
        held=money_told(kept.held),
        released=money_told(kept.released),
        returned=money_told(kept.returned),
        release_time=time_told(kept.release_time) if kept.HasField("release_time") else None,
        dispute_time=time_told(kept.dispute_time) if kept.HasField("dispute_time") else None,
        dispute_reason=kept.dispute_reason or None,
        create_time=time_told(kept.create_time),
        update_time=time_told(kept.update_time),
    )


def release_told(release: pb.EscrowRelease) -> EscrowRelease:
    """A release as it is shown."""
    return EscrowRelease(
        reference=release.reference,
        release_id=release.release_id or None,
        cause=CAUSES[release.cause].value,
        amount=money_told(release.amount),
        left=money_told(release.left),
        create_time=time_told(release.create_time),
    )


def _yen(minor: int) -> dict[str, Any]:
    return {"currency_code": "JPY", "minor_units": minor, "display": f"¥{minor:,}"}


_PART = {"currency_code": "JPY", "minor_units": 400}
RELEASE = {"release_id": "received-1", "amount": _PART}
DISPUTE = {"reason": "One of two bowls came broken."}
RETURN = {"refund_id": "back-1", "amount": _PART, "reason": "One was sold out."}
CONFIRMED = {**examples.COMPLETED, "in_escrow": True}
HELD: dict[str, Any] = {
    "reference": "01K8TB3ZJ0A5V1Q2W3E4R5T6Y7",
    "payment_id": "order-1",
    "state": "held",
    "merchant_id": "shokudo",
    "total": _yen(1200),
    "held": _yen(1200),
    "released": _yen(0),
    "returned": _yen(0),
    "release_time": "2026-11-13T09:00:14Z",
    "dispute_time": None,
    "dispute_reason": None,
    "create_time": "2026-10-30T09:00:14Z",
    "update_time": "2026-10-30T09:00:14Z",
}
DISPUTED = {
    **HELD,
    "state": "disputed",
    "release_time": None,
    "dispute_time": "2026-11-02T10:00:00Z",
    "dispute_reason": "One of two bowls came broken.",
}
RELEASED = {
    "escrow": {**HELD, "held": _yen(800), "released": _yen(400)},
    "release": {
        "reference": "01K8V0Q2M6C4X8N2B6V0Z4L8K2",
        "release_id": "received-1",
        "cause": "buyer",
        "amount": _yen(400),
        "left": _yen(800),
        "create_time": "2026-11-01T10:00:00Z",
    },
}
REFUND = {**examples.REFUND, "from_escrow": examples.REFUND["target"]}
PAGE = {"escrows": [{**HELD, "payment_id": None}], "next_page_token": None}
