"""Codes by which a hosted wallet's own payers are paid, and what they were paid."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.core.money import Money
from services.pb.kawase.gateway.v1 import personal_service_pb2 as pb
from services.pb.kawase.gateway.v1.personal_service_pb2_grpc import PersonalServiceStub
from services.sdk.drawing import DrawingFormat, format_number
from services.sdk.line import Line
from services.sdk.values import money_in, money_of, pages, time_in, time_of


@dataclass(frozen=True, slots=True)
class PersonalCode:
    """A person's code: `code` is the EMVCo text, `shown_name` what payers are shown, `token` how
    payments name it as their merchant. `revoke_time` is None while it is good."""

    code_id: str
    payer_id: str
    shown_name: str
    currency: str
    code: str
    token: str
    create_time: datetime
    revoke_time: datetime | None


@dataclass(frozen=True, slots=True)
class PersonalReceipt:
    """What a person was paid by a code. Of who paid nothing is told; `refunded` None: nothing."""

    reference: str
    code_id: str
    payer_id: str
    amount: Money
    refunded: Money | None
    create_time: datetime
    update_time: datetime


class Persons:
    """`kawase.persons`. A receipt is given back by `kawase.refund` with its reference."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def create(
        self, code_id: str, payer_id: str, *, display_name: str = "", real_name: str = ""
    ) -> PersonalCode:
        """A code of a payer's own, under the name they want to be called by or, masked, their real
        one: say one of them."""
        request = pb.CreatePersonalCodeRequest(code_id=code_id, payer_id=payer_id)
        if display_name:
            request.display_name = display_name
        if real_name:
            request.real_name = real_name
        return _code_of((await self._ask("CreatePersonalCode", request)).personal_code)

    async def get(self, code_id: str) -> PersonalCode:
        """A code as it is now."""
        request = pb.GetPersonalCodeRequest(code_id=code_id)
        return _code_of((await self._ask("GetPersonalCode", request)).personal_code)

    def list(self, payer_id: str = "") -> AsyncIterator[PersonalCode]:
        """Your payers' codes, or one payer's, in the order of their ids; pages come as needed."""
        request = pb.ListPersonalCodesRequest(payer_id=payer_id)
        return pages(
            lambda asked: self._ask("ListPersonalCodes", asked),
            request,
            "personal_codes",
            _code_of,
        )

    async def draw(self, code_id: str, form: DrawingFormat = DrawingFormat.PNG) -> bytes:
        """A code as a picture, or on a sheet to hang up."""
        request = pb.DrawPersonalCodeRequest(code_id=code_id, format=format_number(form))
        return bytes((await self._ask("DrawPersonalCode", request)).drawing.content)

    async def revoke(self, code_id: str) -> PersonalCode:
        """Nothing is paid by it from now on; there is no way back."""
        request = pb.RevokePersonalCodeRequest(code_id=code_id)
        return _code_of((await self._ask("RevokePersonalCode", request)).personal_code)

    def receipts(self, payer_id: str) -> AsyncIterator[PersonalReceipt]:
        """What a payer was paid, newest first; pages come as needed."""
        request = pb.ListPersonalReceiptsRequest(payer_id=payer_id)
        return pages(
            lambda asked: self._ask("ListPersonalReceipts", asked),
            request,
            "personal_receipts",
            _receipt_of,
        )

    async def _ask(self, method: str, request: Any) -> Any:
        return await self._line.ask(PersonalServiceStub, method, request)


def _code_of(message: pb.PersonalCode) -> PersonalCode:
    return PersonalCode(
        code_id=message.code_id,
        payer_id=message.payer_id,
        shown_name=message.shown_name,
        currency=message.currency_code,
        code=message.code,
        token=message.token,
        create_time=time_of(message.create_time),
        revoke_time=time_in(message, "revoke_time"),
    )


def _receipt_of(message: pb.PersonalReceipt) -> PersonalReceipt:
    return PersonalReceipt(
        reference=message.reference,
        code_id=message.code_id,
        payer_id=message.payer_id,
        amount=money_of(message.amount),
        refunded=money_in(message, "refunded"),
        create_time=time_of(message.create_time),
        update_time=time_of(message.update_time),
    )
