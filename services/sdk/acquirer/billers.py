"""An acquirer's billers: put forward, looked at, and the payments of their bills."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.core.money import Money
from services.pb.kawase.gateway.v1 import bill_service_pb2 as pb
from services.pb.kawase.gateway.v1.bill_service_pb2_grpc import BillServiceStub
from services.sdk.line import Line
from services.sdk.model import PAYMENT_STATES, PaymentState
from services.sdk.values import States, money_in, money_of, pages, time_of


class Alphabet(StrEnum):
    """What references are written in: digits, or digits and capitals."""

    DIGITS = "digits"
    ALPHANUMERIC = "alphanumeric"
    OTHER = "other"


class CheckMethod(StrEnum):
    """By which rule the last characters of a reference follow from those before."""

    NONE = "none"
    LUHN = "luhn"
    MOD11 = "mod11"
    MOD97 = "mod97"
    OTHER = "other"


class CheckTen(StrEnum):
    """What stands for a check digit of ten, with MOD11."""

    UNSPECIFIED = "unspecified"
    LETTER_X = "letter_x"
    ZERO = "zero"
    UNUSED = "unused"
    OTHER = "other"


class DueDateForm(StrEnum):
    """How a due date is written inside a reference."""

    UNSPECIFIED = "unspecified"
    YYMMDD = "yymmdd"
    YYYYMMDD = "yyyymmdd"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ReferenceFormat:
    """How references look, without spaces and hyphens.

    `weights` and `check_ten` are for MOD11; no weights: 2 to 7. A due date begins at
    `due_date_position`, from 1; 0: there is none.
    """

    minimum_length: int
    maximum_length: int
    alphabet: Alphabet = Alphabet.DIGITS
    check_method: CheckMethod = CheckMethod.NONE
    weights: tuple[int, ...] = ()
    check_ten: CheckTen = CheckTen.UNSPECIFIED
    due_date_position: int = 0
    due_date_form: DueDateForm = DueDateForm.UNSPECIFIED
    accepts_overdue: bool = False


@dataclass(frozen=True, slots=True)
class OwnBiller:
    """All that you say of a biller. Amounts are in minor units, 0 says nothing: every bill is of
    `fixed_amount`, or bills come to `minimum_amount` up to `maximum_amount`. A reference is not
    paid again for `repeat_days`, 0: 90. `is_open` is the operator's word, and passed over here."""

    biller_id: str
    name: str
    kana_name: str
    category_code: str
    city: str
    country_code: str
    currency_code: str
    time_zone: str
    reference_format: ReferenceFormat
    fixed_amount: int = 0
    minimum_amount: int = 0
    maximum_amount: int = 0
    repeat_days: int = 0
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class BillPayment:
    """`payment_reference` names it for refunds; `reference` is the bill's."""

    payment_reference: str
    biller_id: str
    reference: str
    state: PaymentState
    amount: Money
    refunded: Money | None
    create_time: datetime


_ALPHABETS = States(pb.ReferenceAlphabet, "REFERENCE_ALPHABET", Alphabet)
_METHODS = States(pb.CheckMethod, "CHECK_METHOD", CheckMethod)
_TENS = States(pb.CheckTen, "CHECK_TEN", CheckTen)
_DUE_FORMS = States(pb.DueDateForm, "DUE_DATE_FORM", DueDateForm)
_SAID = ("biller_id", "name", "kana_name", "category_code", "city", "country_code",
         "currency_code", "time_zone", "repeat_days")  # fmt: skip
_FORMED = ("minimum_length", "maximum_length", "due_date_position", "accepts_overdue")


class Billers:
    """`kawase.billers`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def put(self, biller: OwnBiller) -> OwnBiller:
        """Put a biller forward, or say anew what it is. It takes payments once the operator has
        opened it."""
        answer = await self._ask("PutBiller", pb.PutBillerRequest(biller=_message_of(biller)))
        return _biller_of(answer.biller)

    def list(self) -> AsyncIterator[OwnBiller]:
        """Yours, by id; pages come as needed."""
        request = pb.ListBillersRequest()
        return pages(lambda asked: self._ask("ListBillers", asked), request, "billers", _biller_of)

    def payments(self, biller_id: str, reference: str = "") -> AsyncIterator[BillPayment]:
        """Payments of a biller's bills, newest first; with `reference` of one bill."""
        request = pb.ListBillPaymentsRequest(biller_id=biller_id, reference=reference)
        return pages(
            lambda asked: self._ask("ListBillPayments", asked),
            request,
            "bill_payments",
            _payment_of,
        )

    async def _ask(self, method: str, request: Any) -> Any:
        return await self._line.ask(BillServiceStub, method, request)


def _message_of(biller: OwnBiller) -> pb.Biller:
    form = biller.reference_format
    return pb.Biller(
        **{name: getattr(biller, name) for name in _SAID},
        reference_format=pb.ReferenceFormat(
            **{name: getattr(form, name) for name in _FORMED},
            weights=form.weights,
            alphabet=_ALPHABETS.number(form.alphabet),
            check_method=_METHODS.number(form.check_method),
            check_ten=_TENS.number(form.check_ten),
            due_date_form=_DUE_FORMS.number(form.due_date_form),
        ),
        amounts=pb.BillAmounts(
            fixed_minor_units=biller.fixed_amount,
            minimum_minor_units=biller.minimum_amount,
            maximum_minor_units=biller.maximum_amount,
        ),
    )


def _biller_of(message: pb.Biller) -> OwnBiller:
    form, amounts = message.reference_format, message.amounts
    return OwnBiller(
        **{name: getattr(message, name) for name in _SAID},
        reference_format=ReferenceFormat(
            **{name: getattr(form, name) for name in _FORMED},
            weights=tuple(form.weights),
            alphabet=_ALPHABETS.of(form.alphabet),
            check_method=_METHODS.of(form.check_method),
            check_ten=_TENS.of(form.check_ten),
            due_date_form=_DUE_FORMS.of(form.due_date_form),
        ),
        fixed_amount=amounts.fixed_minor_units,
        minimum_amount=amounts.minimum_minor_units,
        maximum_amount=amounts.maximum_minor_units,
        is_open=message.open,
    )


def _payment_of(message: pb.BillPayment) -> BillPayment:
    return BillPayment(
        payment_reference=message.payment_reference,
        biller_id=message.biller_id,
        reference=message.reference,
        state=PAYMENT_STATES.of(message.state),
        amount=money_of(message.target),
        refunded=money_in(message, "refunded"),
        create_time=time_of(message.create_time),
    )
