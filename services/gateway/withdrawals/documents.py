"""Withdrawals over HTTP: what is asked and told, as pydantic models, with their examples."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import Field

from services.gateway.http.answers import Money, Told, money_told, time_told
from services.gateway.http.requests import ID_FORM, Asked, CallerId, ListQuery, MoneyInput
from services.gateway.withdrawals.messages import STATE_NAMES
from services.pb.kawase.gateway.v1 import withdrawal_pb2


class CreateWithdrawalInput(Asked):
    """Money to be paid to a linked bank account."""

    withdrawal_id: CallerId | None = Field(
        default=None,
        description="Your own id, unique among your withdrawals: the idempotency key. Without it "
        "the Idempotency-Key header is the id.",
    )
    bank_link_id: CallerId
    amount: MoneyInput = Field(description="In the wallet's home currency.")


class WithdrawalsQuery(ListQuery):
    """Whose withdrawals, and which page."""

    payer_id: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_-]{0,64}$",
        description="Only this payer's, as you know them; empty: all.",
    )


class Withdrawal(Told):
    """Money paid out of a hosted wallet to a linked bank account."""

    withdrawal_id: str
    reference: str = Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$", description="Ours, 26 characters.")
    bank_link_id: str
    payer_id: str
    state: Literal["pending", "completed", "declined", "returned"]
    amount: Money
    reason: str | None = Field(description="Why it is not completed, in UPPER_SNAKE.")
    message: str | None = Field(description="The same, or where it stands, for people.")
    create_time: datetime
    update_time: datetime


class WithdrawalPage(Told):
    """A page of withdrawals, in the order of your ids."""

    withdrawals: list[Withdrawal]
    next_page_token: str | None = Field(description="Null on the last page.")


WithdrawalIdPath = Annotated[str, Path(pattern=ID_FORM, description="Your id of the withdrawal.")]


def withdrawal_told(withdrawal: withdrawal_pb2.Withdrawal) -> Withdrawal:
    """A withdrawal."""
    return Withdrawal(
        withdrawal_id=withdrawal.withdrawal_id,
        reference=withdrawal.reference,
        bank_link_id=withdrawal.bank_link_id,
        payer_id=withdrawal.payer_id,
        state=STATE_NAMES[withdrawal.state].value,
        amount=money_told(withdrawal.amount),
        reason=withdrawal.reason or None,
        message=withdrawal.message or None,
        create_time=time_told(withdrawal.create_time),
        update_time=time_told(withdrawal.update_time),
    )


def page_told(withdrawals: Iterable[withdrawal_pb2.Withdrawal], token: str) -> WithdrawalPage:
    """A page."""
    told = [withdrawal_told(each) for each in withdrawals]
    return WithdrawalPage(withdrawals=told, next_page_token=token or None)


CREATE: dict[str, Any] = {
    "withdrawal_id": "withdrawal-1",
    "bank_link_id": "link-1",
    "amount": {"currency_code": "JPY", "minor_units": 10000},
}
EXAMPLE: dict[str, Any] = {
    "withdrawal_id": "withdrawal-1",
    "reference": "01K8TBF2R0A1B2C3D4E5F6G7H8",
    "bank_link_id": "link-1",
    "payer_id": "hanako",
    "state": "completed",
    "amount": {"currency_code": "JPY", "minor_units": 10000, "display": "¥10,000"},
    "reason": None,
    "message": None,
    "create_time": "2026-10-30T09:00:00Z",
    "update_time": "2026-10-30T09:00:03Z",
}
PAGE: dict[str, Any] = {"withdrawals": [EXAMPLE], "next_page_token": None}
