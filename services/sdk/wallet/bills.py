"""Billers and bills, as a wallet pays them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from services.core.money import Money
from services.pb.kawase.gateway.v1 import bill_service_pb2 as pb
from services.pb.kawase.gateway.v1.bill_service_pb2_grpc import BillServiceStub
from services.sdk.line import Line
from services.sdk.model import Payment, payment_of
from services.sdk.values import money_message, money_of, pages


@dataclass(frozen=True, slots=True)
class Biller:
    """Who sends bills."""

    biller_id: str
    name: str
    kana_name: str
    category_code: str
    country_code: str
    currency_code: str


@dataclass(frozen=True, slots=True)
class BillFinding:
    """What is wrong with a bill: for programs, at which character from 1, and for people."""

    code: str
    position: int
    message: str


@dataclass(frozen=True, slots=True)
class CheckedBill:
    """`reference` as it is kept. `home` is what paying would cost at this moment, where the bill is
    payable and its amount is known."""

    reference: str
    is_payable: bool
    findings: tuple[BillFinding, ...]
    due_date: str
    home: Money | None


class Bills:
    """`kawase.bills`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def find(
        self, query: str = "", category_code: str = "", country_code: str = ""
    ) -> AsyncIterator[Biller]:
        """Billers that take payments, by part of a name or its reading; pages come as needed."""
        request = pb.ListBillersRequest(
            query=query, category_code=category_code, country_code=country_code
        )
        return pages(lambda asked: self._ask("ListBillers", asked), request, "billers", _biller_of)

    async def check(
        self, biller_id: str, reference: str, amount: Money | None = None
    ) -> CheckedBill:
        """What is wrong with a reference, and what paying it would cost. Nothing is kept."""
        request = pb.CheckBillRequest(
            biller_id=biller_id, reference=reference, amount=money_message(amount)
        )
        found = await self._ask("CheckBill", request)
        return CheckedBill(
            reference=found.reference,
            is_payable=found.payable,
            findings=tuple(
                BillFinding(each.code, each.position, each.message) for each in found.findings
            ),
            due_date=found.due_date,
            home=money_of(found.price.home) if found.HasField("price") else None,
        )

    async def pay(
        self,
        payment_id: str,
        payer_id: str,
        biller_id: str,
        reference: str,
        amount: Money | None = None,
        maximum: Money | None = None,
        *,
        again: bool = False,
    ) -> Payment:
        """Pay a bill up to `maximum` in home money; without one it is priced, and `confirm` pays.

        Raises `Refused` with BILL_PAID where it was paid not long ago, unless `again`.
        """
        request = pb.PayBillRequest(
            payment_id=payment_id,
            payer_id=payer_id,
            biller_id=biller_id,
            reference=reference,
            amount=money_message(amount),
            maximum=money_message(maximum),
            again=again,
        )
        return payment_of((await self._ask("PayBill", request)).payment)

    async def _ask(self, method: str, request: Any) -> Any:
        return await self._line.ask(BillServiceStub, method, request)


def _biller_of(message: pb.Biller) -> Biller:
    return Biller(
        biller_id=message.biller_id,
        name=message.name,
        kana_name=message.kana_name,
        category_code=message.category_code,
        country_code=message.country_code,
        currency_code=message.currency_code,
    )
