"""Billers and bills as HTTP answers."""

from services.gateway.bills.model import Biller, BillPayment, DueForm
from services.gateway.bills.paying import Checked
from services.gateway.bills.serving.documents import (
    BillFinding,
    BillPrice,
    CheckedBill,
    DueFormName,
    ToldBiller,
    ToldBillPayment,
    ToldReferenceFormat,
)
from services.gateway.bills.serving.messages import price_message
from services.gateway.http.answers import Money, money_told
from services.gateway.payments.messages import money
from services.gateway.payments.model import Terms

_DUE_FORMS: dict[DueForm, DueFormName | None] = {
    DueForm.NONE: None,
    DueForm.YYMMDD: "yymmdd",
    DueForm.YYYYMMDD: "yyyymmdd",
}


def biller_told(biller: Biller, *, with_terms: bool) -> ToldBiller:
    """A biller; `with_terms` also what is between acquirer and operator."""
    form, amounts = biller.form, biller.amounts
    return ToldBiller(
        biller_id=biller.biller_id,
        acquirer_id=biller.acquirer_id,
        name=biller.name,
        kana_name=biller.kana_name,
        category_code=biller.category_code,
        city=biller.city,
        country_code=biller.country_code,
        currency_code=biller.currency,
        time_zone=biller.time_zone,
        reference_format=ToldReferenceFormat(
            minimum_length=form.minimum_length,
            maximum_length=form.maximum_length,
            alphabet=form.alphabet.value,
            check_method=form.check_method.value,
            weights=list(form.weights),
            check_ten=form.check_ten.value if form.check_ten else None,
            due_date_position=form.due_position,
            due_date_form=_DUE_FORMS[form.due_form],
            accepts_overdue=form.accepts_overdue,
        ),
        fixed_amount=_some(amounts.fixed, biller.currency),
        minimum_amount=_some(amounts.minimum, biller.currency),
        maximum_amount=_some(amounts.maximum, biller.currency),
        repeat_days=biller.repeat_days,
        open=biller.open,
        fee_plan_id=(biller.fee_plan_id or None) if with_terms else None,
    )


def checked_told(checked: Checked) -> CheckedBill:
    """What was found of a bill."""
    return CheckedBill(
        reference=checked.read.reference,
        payable=not checked.findings,
        findings=[
            BillFinding(code=each.code, position=each.position, message=each.message)
            for each in checked.findings
        ],
        due_date=checked.read.due,
        price=_price(checked.terms) if checked.terms else None,
    )


def _price(terms: Terms) -> BillPrice:
    price = price_message(terms)
    return BillPrice(
        target=money_told(price.target),
        home=money_told(price.home),
        spread=money_told(price.spread),
        mid=price.mid,
    )


def bill_payment_told(payment: BillPayment) -> ToldBillPayment:
    """The merchant's side of a payment."""
    target, refunded = payment.target, payment.refunded
    return ToldBillPayment(
        payment_reference=payment.payment_reference,
        biller_id=payment.biller_id,
        reference=payment.bill_reference,
        state=payment.state.value,
        target=money_told(money(target.minor, target.currency)),
        refunded=_some(refunded.minor, refunded.currency),
        create_time=payment.create_time,
        update_time=payment.update_time,
    )


def _some(minor: int, currency: str) -> Money | None:
    return money_told(money(minor, currency)) if minor else None
