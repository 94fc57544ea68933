"""Webhooks as the OpenAPI document describes them: what receivers are sent and answer."""

from typing import Any

from services.gateway.webhooks.events import EVENT_TYPES

_DATA = (
    "What it is about, with the fields that a GET of it answers: of `payment.…` a Payment, of "
    "`refund.…` a Refund, and so on. The acquirer of a shop reads the merchant's side, of a "
    "payment a ShopPayment; what is not about a payment itself names that by `payment_reference`."
)
_EXAMPLE = {
    "type": "refund.completed",
    "timestamp": "2026-10-30T09:00:07.250000Z",
    "data": {
        "reference": "01K8TB45Q2M7N8P9R0S1T2V3W4",
        "state": "completed",
        "target": {"currency_code": "JPY", "minor_units": 400, "display": "¥400"},
        "from_escrow": None,
        "create_time": "2026-10-30T09:00:06Z",
        "update_time": "2026-10-30T09:00:07.250000Z",
        "payment_reference": "01K8TB3ZJ0A5V1Q2W3E4R5T6Y7",
    },
}
_EVENT = {
    "type": "object",
    "required": ["type", "timestamp", "data"],
    "properties": {
        "type": {"type": "string", "enum": sorted(EVENT_TYPES)},
        "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
        "data": {"type": "object", "description": _DATA},
    },
}


def _header(name: str, description: str, example: str) -> dict[str, Any]:
    return {
        "in": "header",
        "name": name,
        "required": True,
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }


# OpenAPI 3.1.0, 4.8.1: the `webhooks` of a document.
WEBHOOKS: dict[str, Any] = {
    "event": {
        "post": {
            "operationId": "receiveEvent",
            "tags": ["Webhooks"],
            "summary": "Be told what has happened",
            "description": "Posted to each of your endpoints that wants the event, signed by "
            "Standard Webhooks (standardwebhooks.com), in order per payment. Repeats have the same "
            "`webhook-id`.",
            "security": [],
            "parameters": [
                _header("webhook-id", "Of the event.", "evt_0f3c9d6a1b2e4c58a7d90e61f2b3c4d5"),
                _header("webhook-timestamp", "When it was signed: Unix seconds.", "1793350807"),
                _header(
                    "webhook-signature",
                    "`v1,` and HMAC-SHA-256 in base64 over id, timestamp and body, joined by full "
                    "stops; several while a secret is rotated.",
                    "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
                ),
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _EVENT, "example": _EXAMPLE}},
            },
            "responses": {
                "2XX": {"description": "Taken. Anything else, and it is sent again for days."},
                "410": {"description": "Nothing is sent to this endpoint any more."},
            },
        }
    }
}
