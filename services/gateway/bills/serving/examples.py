"""What the API's document shows of bills: a tourist's flat in Tokyo, and its electricity."""

from typing import Any

from services.gateway.http import examples

_AMOUNT = {"currency_code": "JPY", "minor_units": 4980}
_SHOWN = {**_AMOUNT, "display": "¥4,980"}
_HOME = {"currency_code": "CNY", "minor_units": 23758, "display": "CN¥237.58"}
_SPREAD = {"currency_code": "CNY", "minor_units": 352, "display": "CN¥3.52"}
_SAID: dict[str, Any] = {
    "name": "東京電灯",
    "kana_name": "トウキョウデントウ",
    "category_code": "4900",
    "city": "TOKYO",
    "country_code": "JP",
    "currency_code": "JPY",
    "time_zone": "Asia/Tokyo",
}
_FORM = {
    "minimum_length": 11,
    "maximum_length": 11,
    "alphabet": "digits",
    "check_method": "luhn",
    "weights": [],
    "check_ten": None,
    "due_date_position": 0,
    "due_date_form": None,
    "accepts_overdue": False,
}
PUT_BILLER = {
    **_SAID,
    "reference_format": {"minimum_length": 11, "maximum_length": 11, "check_method": "luhn"},
    "amounts": {"maximum_minor_units": 300000},
}
BILLER = {
    "biller_id": "tokyo-light",
    "acquirer_id": "edo",
    **_SAID,
    "reference_format": _FORM,
    "fixed_amount": None,
    "minimum_amount": None,
    "maximum_amount": {"currency_code": "JPY", "minor_units": 300000, "display": "¥300,000"},
    "repeat_days": 90,
    "open": True,
    "fee_plan_id": "jp-bills",
}
BILLERS = {"billers": [{**BILLER, "fee_plan_id": None}], "next_page_token": None}
CHECK_BILL = {"biller_id": "tokyo-light", "reference": "7992 739 8713", "amount": _AMOUNT}
CHECKED = {
    "reference": "79927398713",
    "payable": True,
    "findings": [],
    "due_date": None,
    "price": {"target": _SHOWN, "home": _HOME, "spread": _SPREAD, "mid": "0.047000000000"},
}
PAY_BILL = {
    "payment_id": "light-10",
    "payer_id": "li-na",
    **CHECK_BILL,
    "maximum": {"currency_code": "CNY", "minor_units": 24000},
}
_MERCHANT = {
    "merchant_id": "tokyo-light",
    "name": "東京電灯",
    "city": "TOKYO",
    "country_code": "JP",
}
PAID: dict[str, Any] = {
    **examples.COMPLETED,
    "payment_id": "light-10",
    "merchant": _MERCHANT,
    "target": _SHOWN,
    "home": _HOME,
    "spread": _SPREAD,
    "bill_reference": "79927398713",
}
CONFIRMED = {**PAID, "state": "confirmed"}
BILL_PAYMENTS = {
    "bill_payments": [
        {
            "payment_reference": "01K8TB3ZJ0A5V1Q2W3E4R5T6Y7",
            "biller_id": "tokyo-light",
            "reference": "79927398713",
            "state": "completed",
            "target": _SHOWN,
            "refunded": None,
            "create_time": "2026-10-30T09:00:00Z",
            "update_time": "2026-10-30T09:00:14Z",
        }
    ],
    "next_page_token": None,
}
