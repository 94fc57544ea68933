"""Billers and bills as messages."""

from services.gateway.bills.checkdigits import CheckMethod, CheckTen
from services.gateway.bills.model import (
    DEFAULT_REPEAT_DAYS,
    Alphabet,
    Amounts,
    Biller,
    BillPayment,
    DueForm,
    Finding,
    ReferenceFormat,
)
from services.gateway.bills.refusals import BillerMalformed
from services.gateway.payments.messages import STATE_NUMBERS, money, timestamp
from services.gateway.payments.model import Terms
from services.pb.kawase.gateway.v1 import bill_service_pb2 as pb

ALPHABETS = {
    each: pb.ReferenceAlphabet.Value(f"REFERENCE_ALPHABET_{each.name}") for each in Alphabet
}
METHODS = {each: pb.CheckMethod.Value(f"CHECK_METHOD_{each.name}") for each in CheckMethod}
TENS = {each: pb.CheckTen.Value(f"CHECK_TEN_{each.name}") for each in CheckTen}
DUE_FORMS = {
    DueForm.NONE: pb.DUE_DATE_FORM_UNSPECIFIED,
    DueForm.YYMMDD: pb.DUE_DATE_FORM_YYMMDD,
    DueForm.YYYYMMDD: pb.DUE_DATE_FORM_YYYYMMDD,
}
_ALPHABETS = {number: each for each, number in ALPHABETS.items()}
_METHODS = {number: each for each, number in METHODS.items()}
_TENS = {number: each for each, number in TENS.items()}
_DUE_FORMS = {int(number): each for each, number in DUE_FORMS.items()}


def biller_from(message: pb.Biller, acquirer_id: str) -> Biller:
    """What an acquirer says of a biller; the operator's part is as at first.

    Raises `BillerMalformed`.
    """
    amounts = message.amounts
    return Biller(
        message.biller_id,
        acquirer_id,
        message.name,
        message.kana_name,
        message.category_code,
        message.city,
        message.country_code,
        message.currency_code,
        message.time_zone,
        _form_from(message.reference_format),
        Amounts(
            amounts.fixed_minor_units, amounts.minimum_minor_units, amounts.maximum_minor_units
        ),
        message.repeat_days or DEFAULT_REPEAT_DAYS,
    )


def _form_from(message: pb.ReferenceFormat) -> ReferenceFormat:
    alphabet = _ALPHABETS.get(message.alphabet)
    method = _METHODS.get(message.check_method)
    if alphabet is None:
        raise BillerMalformed("alphabet must be one of those listed.", "reference_format.alphabet")
    if method is None:
        text = "check_method must be one of those listed; NONE where there is none."
        raise BillerMalformed(text, "reference_format.check_method")
    return ReferenceFormat(
        message.minimum_length,
        message.maximum_length,
        alphabet,
        method,
        tuple(message.weights),
        _TENS.get(message.check_ten),
        message.due_date_position,
        _DUE_FORMS.get(message.due_date_form, DueForm.NONE),
        message.accepts_overdue,
    )


def biller_message(biller: Biller) -> pb.Biller:
    """A biller as all its readers see it."""
    form, amounts = biller.form, biller.amounts
    return pb.Biller(
        biller_id=biller.biller_id,
        acquirer_id=biller.acquirer_id,
        name=biller.name,
        kana_name=biller.kana_name,
        category_code=biller.category_code,
        city=biller.city,
        country_code=biller.country_code,
        currency_code=biller.currency,
        time_zone=biller.time_zone,
        reference_format=pb.ReferenceFormat(
            minimum_length=form.minimum_length,
            maximum_length=form.maximum_length,
            alphabet=ALPHABETS[form.alphabet],
            check_method=METHODS[form.check_method],
            weights=form.weights,
            check_ten=TENS[form.check_ten] if form.check_ten else pb.CHECK_TEN_UNSPECIFIED,
            due_date_position=form.due_position,
            due_date_form=DUE_FORMS[form.due_form],
            accepts_overdue=form.accepts_overdue,
        ),
        amounts=pb.BillAmounts(
            fixed_minor_units=amounts.fixed,
            minimum_minor_units=amounts.minimum,
            maximum_minor_units=amounts.maximum,
        ),
        repeat_days=biller.repeat_days,
        open=biller.open,
        fee_plan_id=biller.fee_plan_id,
        net_debit_limit=biller.net_debit_limit,
    )


def directory_message(biller: Biller) -> pb.Biller:
    """A biller as wallets see it: without what is between acquirer and operator."""
    message = biller_message(biller)
    message.fee_plan_id, message.net_debit_limit = "", 0
    return message


def finding_message(finding: Finding) -> pb.BillFinding:
    """What is wrong with a bill."""
    return pb.BillFinding(code=finding.code, position=finding.position, message=finding.message)


def price_message(terms: Terms) -> pb.BillPrice:
    """What a payment would cost."""
    return pb.BillPrice(
        target=money(terms.target_minor, terms.target_currency),
        home=money(terms.home_minor, terms.home_currency),
        spread=money(terms.spread_minor, terms.home_currency),
        mid=f"{terms.mid:.12f}",
    )


def bill_payment_message(payment: BillPayment) -> pb.BillPayment:
    """The merchant's side of a payment of a bill."""
    refunded = payment.refunded
    return pb.BillPayment(
        payment_reference=payment.payment_reference,
        biller_id=payment.biller_id,
        reference=payment.bill_reference,
        state=STATE_NUMBERS[payment.state],
        target=money(payment.target.minor, payment.target.currency),
        refunded=money(refunded.minor, refunded.currency) if refunded.minor else None,
        create_time=timestamp(payment.create_time),
        update_time=timestamp(payment.update_time),
    )
