"""Every route of the OpenAPI document is asked for another participant's things: it knows none.

A route with an id that is not listed here fails this test: say whose the thing is.
"""

import re
from dataclasses import replace
from typing import Any

import httpx

from services.gateway.acquiring.codes.payload import payload_of
from services.gateway.acquiring.merchants.model import content_of
from services.gateway.acquiring.serving.documents import UPDATE_MERCHANT
from services.gateway.bills.store import put_biller
from services.gateway.personal.model import PersonalCode
from services.gateway.personal.store import add_code
from services.gateway.prepaid.serving.documents import REDEEM
from services.gateway.reference.store import put_participant
from tests.rpc.gateway.http.acquirer_things import (
    KYO_SHOP,
    ORDER_OF_ANOTHER,
    put_shop_of_another,
)
from tests.rpc.gateway.http.asking import Http, problem
from tests.rpc.gateway.http.test_other_routes import LINK, REFUND, TOP_UP, WITHDRAWAL
from tests.rpc.gateway.payments_served import answered
from tests.store.gateway.bills_world import BILL, KYO, LIGHT
from tests.store.gateway.payments_world import EDO, NOW, PANDA, SAKURA, Gateway

HOOK = "/v1/webhook-endpoints/hook-1"
CODE = {"code_id": "c1", "payer_id": "hanako", "country_code": "JP"}
PHONE = {"offline_key_id": "phone", "payer_id": "hanako"}
CHARGE = {
    "payment_id": "p1",
    "code": "10000000000000000008",
    "merchant_id": "shokudo",
    "amount": {"currency_code": "JPY", "minor_units": 100},
}
SLIP = {"biller_id": "works", "reference": BILL, "amount": CHARGE["amount"]}
BUSKER = PersonalCode("0" * 26, "sakura", "c1", "hanako", "Hanako", "JPY", "a code", NOW)
KYO_CONTENT = replace(content_of(KYO_SHOP), postal_code="1000001")
# Operations that make a thing of the caller's own.
OWN = {
    "DecodeCode",
    "CreatePayment",
    "Pay",
    "LinkBankAccount",
    "PutWebhookEndpoint",
    "ProposeMerchant",
    "CreatePaymentCode",
    "ProvisionOfflineCodes",
    "PutPresentingPolicy",
    "GetPresentingPolicy",
    "PutBiller",
    "PlaceOrder",
    "CreatePersonalCode",
}


async def things_of_sakura(gateway: Gateway, http: Http) -> dict[str, str]:
    """One of each thing: from a payment to a webhook and its delivery; their ids."""
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, SAKURA)
    await http.create(by=SAKURA)
    async with answered(gateway):
        assert (await http.confirm(by=SAKURA)).json()["state"] == "completed"
    for path, body in (
        ("/v1/refunds", REFUND),
        ("/v1/bank-links", LINK),
        ("/v1/top-ups", TOP_UP),
        ("/v1/withdrawals", WITHDRAWAL),
    ):
        assert (await http.ask("POST", path, SAKURA, json=body)).status_code == 201
    hook = {"url": "https://93.184.216.34/hook"}
    assert (await http.ask("PUT", HOOK, SAKURA, json=hook)).status_code == 201
    for path, body in (("/v1/payment-codes", CODE), ("/v1/offline-keys", PHONE)):
        assert (await http.ask("POST", path, SAKURA, json=body)).status_code == 201
    await put_shop_of_another(gateway)
    paid = await http.create("p2", SAKURA, code=payload_of(KYO_CONTENT))
    works = replace(LIGHT, biller_id="works", acquirer_id=KYO.participant_id)
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, KYO)
        await put_biller(connection, works, "", NOW)
        await add_code(connection, BUSKER)
    sent = await http.ask("POST", f"{HOOK}/test", SAKURA)
    return {
        "payment_id": "p1",
        "refund_id": "r1",
        "top_up_id": "t1",
        "withdrawal_id": "w1",
        "webhook_endpoint_id": "hook-1",
        "merchant_id": KYO_SHOP.merchant_id,
        "order_id": "table-12",
        "code_id": "c1",
        "payer_id": "hanako",
        "offline_key_id": "phone",
        "delivery_id": sent.json()["delivery_id"],
        "biller_id": "works",
        "reference": paid.json()["reference"],
    }


def body_of(name: str, ids: dict[str, str]) -> dict[str, Any] | None:
    """What names a thing in a body."""
    bodies: dict[str, dict[str, Any]] = {
        "CreateRefund": REFUND,
        "CreateTopUp": TOP_UP,
        "CreateWithdrawal": WITHDRAWAL,
        "RotateWebhookSecret": {},
        "UpdateMerchant": UPDATE_MERCHANT,
        "CreateCode": {"code_id": "fresh", "merchant_id": KYO_SHOP.merchant_id},
        "CreateOrder": ORDER_OF_ANOTHER,
        "ChargePaymentCode": CHARGE,
        "CheckBill": SLIP,
        "PayBill": SLIP | {"payment_id": "p1", "payer_id": "hanako"},
        "RedeemOrder": REDEEM,
        "CapturePayment": {},
        "ReleaseEscrow": {"release_id": "received-1"},
        "DisputeEscrow": {"reason": "It is not mine."},
        "ReturnEscrow": {"refund_id": "back-2"},
        "ReplayDeliveries": {"delivery_id": ids["delivery_id"]},
    }
    return bodies.get(name)


async def test_no_route_tells_of_another_participant_s_things(gateway: Gateway, http: Http) -> None:
    ids = await things_of_sakura(gateway, http)
    document = (await http.ask("GET", "/openapi.json")).json()
    for path, methods in document["paths"].items():
        asked = re.sub(r"{(\w+)}", lambda found: ids[found[1]], path)
        for method, operation in methods.items():
            name = operation["x-rpc"].partition("/")[2]
            for by in (PANDA, EDO):
                if name not in OWN:
                    told = await http.ask(method.upper(), asked, by, json=body_of(name, ids))
                    check(name, told)


def check(name: str, answer: httpx.Response) -> None:
    """Nothing is told: a list is empty, all else is unknown or forbidden."""
    if name.startswith("List") and answer.status_code == 200:
        assert [value for value in answer.json().values() if value] == [], name
        return
    assert problem(answer)[0] in (403, 404), name
    assert "shokudo" not in answer.text.lower()
