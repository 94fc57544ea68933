"""Persons' codes over HTTP: what is asked and told, as pydantic models, with their examples."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import Field

from services.gateway.acquiring.codes.drawing import Format
from services.gateway.http.answers import Money, TellCurrency, Told, money_told, time_told
from services.gateway.http.requests import ID_FORM, TEXT_FORM, Asked, CallerId, ListQuery
from services.gateway.personal.names import LONGEST_NAME, LONGEST_REAL_NAME
from services.pb.kawase.gateway.v1 import personal_service_pb2 as pb

_IN_THE_HEADER = "Without it the Idempotency-Key header is the id."


class CreatePersonalCodeInput(Asked):
    """Whose code, and what payers are shown: one of the two names."""

    code_id: CallerId | None = Field(
        default=None, description=f"Your own id of it. {_IN_THE_HEADER}"
    )
    payer_id: CallerId = Field(description="Who is paid, as you know them.")
    display_name: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_NAME,
        pattern=TEXT_FORM,
        description="What the person wants to be called: shown as it is.",
    )
    real_name: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_REAL_NAME,
        pattern=TEXT_FORM,
        description="Shown, and kept, with the first character of each word alone: `Y*** T***`.",
    )


class CodesPageQuery(ListQuery):
    """Which page of codes."""

    payer_id: str = Field(
        default="",
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]*$",
        description="Only of this payer.",
    )


CodesQuery = Annotated[CodesPageQuery, Query()]
ReceiptsQuery = Annotated[ListQuery, Query()]
PayerIdPath = Annotated[str, Path(pattern=ID_FORM, description="Who was paid, as you know them.")]
CodeIdPath = Annotated[str, Path(pattern=ID_FORM, description="Your id of the code.")]
Drawn = Annotated[
    Format,
    Query(alias="format", description="`sheet` is a page of A6 to hang up, as PDF."),
]


class PersonalCode(Told):
    """A person's code."""

    code_id: str
    payer_id: str
    shown_name: str = Field(description="What payers are shown.")
    currency_code: TellCurrency
    code: str = Field(description="EMVCo text.")
    token: str = Field(description="How payments name the code: their merchant_id.")
    create_time: datetime
    revoke_time: datetime | None = Field(description="Null while it is good.")


class PersonalCodePage(Told):
    """A page of codes, in the order of their ids."""

    personal_codes: list[PersonalCode]
    next_page_token: str | None = Field(description="Null on the last page.")


class PersonalReceipt(Told):
    """What a person was paid. Of who paid it nothing is told."""

    reference: str = Field(description="Ours; a refund names the payment by it.")
    code_id: str
    payer_id: str = Field(description="Who was paid.")
    amount: Money
    refunded: Money | None
    create_time: datetime
    update_time: datetime


class PersonalReceiptPage(Told):
    """A page of receipts, newest first."""

    personal_receipts: list[PersonalReceipt]
    next_page_token: str | None = Field(description="Null on the last page.")


def code_told(code: pb.PersonalCode) -> PersonalCode:
    """A code."""
    return PersonalCode(
        code_id=code.code_id,
        payer_id=code.payer_id,
        shown_name=code.shown_name,
        currency_code=code.currency_code,
        code=code.code,
        token=code.token,
        create_time=time_told(code.create_time),
        revoke_time=time_told(code.revoke_time) if code.HasField("revoke_time") else None,
    )


def receipt_told(receipt: pb.PersonalReceipt) -> PersonalReceipt:
    """A receipt."""
    return PersonalReceipt(
        reference=receipt.reference,
        code_id=receipt.code_id,
        payer_id=receipt.payer_id,
        amount=money_told(receipt.amount),
        refunded=money_told(receipt.refunded) if receipt.HasField("refunded") else None,
        create_time=time_told(receipt.create_time),
        update_time=time_told(receipt.update_time),
    )


CREATE_CODE: dict[str, Any] = {
    "code_id": "guitar-case",
    "payer_id": "hanako",
    "display_name": "Hanako",
}
_TIME = "2026-10-30T09:00:00Z"
EXAMPLE_PAYLOAD = (
    "000201010211266600325d2f7a4e91c84b0fa36be07c18d9f425012601K8TB3ZJ0A5V1Q2W3E4R5T6Y7"
    "5204000053033925802JP5906Hanako6002JP63041995"
)
CODE: dict[str, Any] = {
    "code_id": "guitar-case",
    "payer_id": "hanako",
    "shown_name": "Hanako",
    "currency_code": "JPY",
    "code": EXAMPLE_PAYLOAD,
    "token": "01K8TB3ZJ0A5V1Q2W3E4R5T6Y7",
    "create_time": _TIME,
    "revoke_time": None,
}
REVOKED = CODE | {"revoke_time": "2026-10-31T09:00:00Z"}
CODES = {"personal_codes": [CODE], "next_page_token": None}
RECEIPTS = {
    "personal_receipts": [
        {
            "reference": "01K8TB3ZJ0A5V1Q2W3E4R5T6Y8",
            "code_id": "guitar-case",
            "payer_id": "hanako",
            "amount": {"currency_code": "JPY", "minor_units": 500, "display": "¥500"},
            "refunded": None,
            "create_time": _TIME,
            "update_time": _TIME,
        }
    ],
    "next_page_token": None,
}
