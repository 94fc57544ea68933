"""Bills over HTTP: what is asked and told, as pydantic models, with their examples."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import Field

from services.gateway.bills import rules
from services.gateway.bills.checkdigits import CheckMethod, CheckTen
from services.gateway.bills.handlers import FILTER_MAXIMUM
from services.gateway.bills.model import (
    DEFAULT_REPEAT_DAYS,
    Alphabet,
    Amounts,
    Biller,
    DueForm,
    ReferenceFormat,
)
from services.gateway.bills.reading import LONGEST_TYPED
from services.gateway.http.answers import Money, TellCountry, TellCurrency, Told
from services.gateway.http.requests import (
    ID_FORM,
    LARGEST_MINOR_UNITS,
    TEXT_FORM,
    Asked,
    CallerId,
    CurrencyCode,
    ListQuery,
    MoneyInput,
    PaymentStateName,
)

CheckMethodName = Literal["none", "luhn", "mod11", "mod97"]
CheckTenName = Literal["letter_x", "zero", "unused"]
DueFormName = Literal["yymmdd", "yyyymmdd"]
_Text = Annotated[
    str, Field(min_length=1, max_length=rules.LONGEST_TEXT, pattern=r"^[^\x00-\x1f\x7f]+$")
]
_Units = Annotated[int, Field(ge=0, le=LARGEST_MINOR_UNITS)]
_Typed = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_TYPED,
        pattern=TEXT_FORM,
        description="As it is printed; spaces, hyphens and width make no difference.",
    ),
]


class ReferenceFormatInput(Asked):
    """How a biller's references look, without spaces and hyphens."""

    minimum_length: int = Field(ge=1, le=rules.LONGEST_REFERENCE)
    maximum_length: int = Field(ge=1, le=rules.LONGEST_REFERENCE)
    alphabet: Literal["digits", "alphanumeric"] = "digits"
    check_method: CheckMethodName = Field(
        description="By which rule the last characters follow from those before."
    )
    weights: list[Annotated[int, Field(ge=1, le=10)]] = Field(
        default_factory=list,
        max_length=rules.MOST_WEIGHTS,
        description="For mod11, from the right; empty: 2, 3, 4, 5, 6, 7.",
    )
    check_ten: CheckTenName | None = Field(
        default=None, description="For mod11: what stands for a check digit of ten."
    )
    due_date_position: int = Field(
        default=0, ge=0, le=rules.LONGEST_REFERENCE, description="From 1; 0: there is none."
    )
    due_date_form: DueFormName | None = None
    accepts_overdue: bool = False


class BillAmountsInput(Asked):
    """What bills may come to, in minor units; zero says nothing."""

    fixed_minor_units: _Units = 0
    minimum_minor_units: _Units = 0
    maximum_minor_units: _Units = 0


class BillerInput(Asked):
    """What an acquirer says of a biller."""

    name: _Text
    kana_name: _Text = Field(description="Its reading, in katakana.")
    category_code: str = Field(pattern=r"^[0-9]{4}$", description="ISO 18245.")
    city: _Text
    country_code: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166.")
    currency_code: CurrencyCode
    time_zone: str = Field(
        max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$", description="IANA; of its due dates."
    )
    reference_format: ReferenceFormatInput
    amounts: BillAmountsInput = BillAmountsInput()
    repeat_days: int = Field(
        default=DEFAULT_REPEAT_DAYS,
        ge=1,
        le=rules.LONGEST_REPEAT_DAYS,
        description="For how many days a bill that was paid is not paid again unless asked for.",
    )


class CheckBillRequest(Asked):
    """A bill to be looked at."""

    biller_id: CallerId
    reference: _Typed
    amount: MoneyInput | None = None


class PayBillRequest(CheckBillRequest):
    """A bill to be priced or paid."""

    payment_id: CallerId | None = Field(
        default=None,
        description="Your own id, unique among your payments: the idempotency key. Without it the "
        "Idempotency-Key header is the id.",
    )
    payer_id: CallerId = Field(description="Who pays, as you know them.")
    again: bool = Field(default=False, description="Pay once more what was paid not long ago.")
    maximum: MoneyInput | None = Field(
        default=None,
        description="The most that the payer agrees to pay, all told, in home currency: pays at "
        "once. Without it only a price is made, which a confirm pays.",
    )


class ListBillersQuery(ListQuery):
    """Which page of the directory."""

    query: str = Field(
        default="",
        max_length=FILTER_MAXIMUM,
        pattern=TEXT_FORM,
        description="Part of the name or its reading.",
    )
    category_code: str = Field(default="", pattern=r"^([0-9]{4})?$")
    country_code: str = Field(default="", pattern=r"^([A-Z]{2})?$")


class ListBillPaymentsQuery(ListQuery):
    """Which page of a biller's payments."""

    reference: str = Field(
        default="", max_length=LONGEST_TYPED, pattern=TEXT_FORM, description="Only of this bill."
    )


class ToldReferenceFormat(Told):
    """How a biller's references look, without spaces and hyphens."""

    minimum_length: int
    maximum_length: int
    alphabet: Literal["digits", "alphanumeric"]
    check_method: CheckMethodName
    weights: list[int]
    check_ten: CheckTenName | None
    due_date_position: int
    due_date_form: DueFormName | None
    accepts_overdue: bool


class ToldBiller(Told):
    """Who sends bills."""

    biller_id: str
    acquirer_id: str
    name: str
    kana_name: str
    category_code: str
    city: str
    country_code: TellCountry
    currency_code: TellCurrency
    time_zone: str
    reference_format: ToldReferenceFormat
    fixed_amount: Money | None
    minimum_amount: Money | None
    maximum_amount: Money | None
    repeat_days: int
    open: bool = Field(description="Whether it takes payments; the operator says so.")
    fee_plan_id: str | None = Field(description="Told to its acquirer.")


class BillerPage(Told):
    """A page of the directory, in the order of ids."""

    billers: list[ToldBiller]
    next_page_token: str | None = Field(description="Null on the last page.")


class BillFinding(Told):
    """What is wrong with a bill."""

    code: str = Field(description="Such as CHECK_DIGIT_WRONG.")
    position: int = Field(description="In the reference, from 1; 0: all of it.")
    message: str


class BillPrice(Told):
    """What paying a bill would cost at this moment."""

    target: Money
    home: Money
    spread: Money
    mid: str


class CheckedBill(Told):
    """What was found of a bill."""

    reference: str = Field(description="As it is kept: narrow, in capitals, nothing between.")
    payable: bool
    findings: list[BillFinding]
    due_date: date | None
    price: BillPrice | None = Field(description="Where it is payable and its amount is known.")


class ToldBillPayment(Told):
    """The merchant's side of a payment of a bill."""

    payment_reference: str = Field(description="Ours: by it you refund.")
    biller_id: str
    reference: str = Field(description="Of the bill.")
    state: PaymentStateName
    target: Money
    refunded: Money | None
    create_time: datetime
    update_time: datetime


class BillPaymentPage(Told):
    """Payments of a biller's bills, newest first."""

    bill_payments: list[ToldBillPayment]
    next_page_token: str | None = Field(description="Null on the last page.")


BillerIdPath = Annotated[str, Path(pattern=ID_FORM, description="The acquirer's id of the biller.")]
BillersQuery = Annotated[ListBillersQuery, Query()]
BillPaymentsQuery = Annotated[ListBillPaymentsQuery, Query()]


def biller_of(asked: BillerInput, biller_id: str, acquirer_id: str) -> Biller:
    """What an acquirer says of a biller."""
    form, amounts = asked.reference_format, asked.amounts
    return Biller(
        biller_id,
        acquirer_id,
        asked.name,
        asked.kana_name,
        asked.category_code,
        asked.city,
        asked.country_code,
        asked.currency_code,
        asked.time_zone,
        ReferenceFormat(
            form.minimum_length,
            form.maximum_length,
            Alphabet(form.alphabet),
            CheckMethod(form.check_method),
            tuple(form.weights),
            CheckTen(form.check_ten) if form.check_ten else None,
            form.due_date_position,
            DueForm(form.due_date_form or ""),
            form.accepts_overdue,
        ),
        Amounts(
            amounts.fixed_minor_units, amounts.minimum_minor_units, amounts.maximum_minor_units
        ),
        asked.repeat_days,
    )
