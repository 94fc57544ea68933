"""What the API's document shows as examples: one payment of a tourist in Tokyo, and around it."""

from typing import Any

from services.gateway.http.requests import EXAMPLE_CODE


def _money(currency: str, minor: int, display: str) -> dict[str, Any]:
    return {"currency_code": currency, "minor_units": minor, "display": display}


CREATE_PAYMENT = {"payment_id": "order-1", "payer_id": "li-na", "code": EXAMPLE_CODE}
PAY = {
    **CREATE_PAYMENT,
    "payment_id": "order-2",
    "maximum": {"currency_code": "CNY", "minor_units": 6000},
}
CREATE_REFUND = {
    "refund_id": "refund-1",
    "payment_id": "order-1",
    "amount": {"currency_code": "JPY", "minor_units": 500},
    "reason": "One dish was not served.",
}
LINK_BANK_ACCOUNT = {
    "bank_link_id": "link-1",
    "payer_id": "hanako",
    "partner_id": "japan-bank",
    "bank_code": "0310",
    "branch_code": "101",
    "account_type": "1",
    "account_number": "1234567",
    "holder_name": "ヤマダ ハナコ",
}
CREATE_TOP_UP = {
    "top_up_id": "top-up-1",
    "bank_link_id": "link-1",
    "amount": {"currency_code": "JPY", "minor_units": 10000},
}
DECODE_CODE = {"code": EXAMPLE_CODE}

MERCHANT = {
    "merchant_id": "shokudo",
    "name": "TEST SHOKUDO",
    "city": "TOKYO",
    "country_code": "JP",
}
DECODED_CODE = {
    "kind": "emv_mpm",
    "valid": True,
    "scheme": "jpqr",
    "merchant": {**MERCHANT, "merchant_id": "0000000000001.0001.000001.000001"},
    "currency_code": "JPY",
    "amount": _money("JPY", 1200, "¥1,200"),
    "findings": [],
}
QUOTED: dict[str, Any] = {
    "payment_id": "order-1",
    "reference": "01K8TB3ZJ0A5V1Q2W3E4R5T6Y7",
    "state": "quoted",
    "payer_id": "li-na",
    "corridor_id": "panda_edo",
    "merchant": MERCHANT,
    "target": _money("JPY", 1200, "¥1,200"),
    "home": _money("CNY", 5725, "CN¥57.25"),
    "spread": _money("CNY", 85, "CN¥0.85"),
    "mid": "0.047000000000",
    "refunded": None,
    "authorised_target": None,
    "authorised_home": None,
    "bill_reference": None,
    "in_escrow": False,
    "action_url": None,
    "reason": None,
    "message": None,
    "quote_expire_time": "2026-10-30T09:02:00Z",
    "create_time": "2026-10-30T09:00:00Z",
    "update_time": "2026-10-30T09:00:00Z",
}
COMPLETED = {**QUOTED, "state": "completed", "update_time": "2026-10-30T09:00:14.5Z"}
CONFIRMED = {**QUOTED, "state": "confirmed", "update_time": "2026-10-30T09:00:14Z"}
CANCELLED = {**QUOTED, "state": "cancelled", "update_time": "2026-10-30T09:00:30Z"}
COMPLETED_WITH_MOVES = {
    **COMPLETED,
    "moves": [
        {
            "number": 1,
            "state": "quoted",
            "step": "quote",
            "detail": "",
            "move_time": "2026-10-30T09:00:00Z",
        },
    ],
}
PAGE = {"payments": [COMPLETED], "next_page_token": "b3JkZXItMQ=="}
REFUND = {
    "refund_id": "refund-1",
    "payment_id": "order-1",
    "reference": "01K8TBB4M0Q9W8E7R6T5Y4V3N2",
    "state": "completed",
    "target": _money("JPY", 500, "¥500"),
    "home": _money("CNY", 2385, "CN¥23.85"),
    "from_escrow": None,
    "reason": None,
    "message": None,
    "create_time": "2026-10-30T10:00:00Z",
    "update_time": "2026-10-30T10:00:01Z",
}
BANK_LINK = {
    "bank_link_id": "link-1",
    "payer_id": "hanako",
    "display_name": "GMO Aozora ***4567",
    "create_time": "2026-10-30T09:00:00Z",
}
TOP_UP = {
    "top_up_id": "top-up-1",
    "reference": "01K8TBD6P0Z1X2C3V4B5N6M7Q8",
    "bank_link_id": "link-1",
    "state": "completed",
    "amount": _money("JPY", 10000, "¥10,000"),
    "reason": None,
    "message": None,
    "create_time": "2026-10-30T09:00:00Z",
    "update_time": "2026-10-30T09:00:02Z",
}
EVENTS = 'id: completed.1793350814500000\nevent: payment\ndata: {"payment_id":"order-1",…}\n\n'
