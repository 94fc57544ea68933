"""Nobody sees or changes what is another participant's, by whatever RPC."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from google.protobuf.descriptor import MethodDescriptor

from services.core.errors import KawaseError
from services.gateway.access.book import Algorithm
from services.gateway.desk.process import SERVICES
from services.kit.rpc import call
from services.pb.kawase.gateway.v1 import escrow_service_pb2 as escrow
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pay
from services.pb.kawase.gateway.v1 import presented_service_pb2 as presented
from services.pb.kawase.gateway.v1 import webhook_service_pb2 as hooks
from services.pb.kawase.gateway.v1 import withdrawal_service_pb2 as drawing
from services.pb.kawase.money.v1.money_pb2 import Money
from services.sandbox.demo.codes import TOKYO_STATIC
from tests.rpc.gateway.access_served import Access, House, Put, acquirer, fee_plan, house_of
from tests.rpc.gateway.access_walk import markers_in, request_of, rpcs
from tests.rpc.gateway.acquirer_shops import make_shop_things
from tests.rpc.gateway.http.asking import Bridge
from tests.rpc.gateway.participant_services import make_bill_things, make_personal_things
from tests.rpc.gateway.payments_served import answered
from tests.store.gateway.payments_world import Gateway
from tests.unit.gateway.test_access_signatures import pem_of

CALL_SECONDS = 10.0
PAYER = "payer-of-the-victim"
# Those that `house_of` serves: a new service is served there too, and walked from then on.
SERVED = {
    "GatewayService",
    "HoldingService",
    "EscrowService",
    "AdminService",
    "AccessService",
    "WebhookService",
    "AcquirerService",
    "PresentedService",
    "WithdrawalService",
    "BillService",
    "PrepaidService",
    "PersonalService",
}
# Nothing there is a participant's: `desk/test_people.py` walks them.
PASSED_ON = {service.descriptor.name for service in SERVICES}
METHODS = [method for method in rpcs() if method.containing_service.name in SERVED]


def hosted(name: str) -> Any:
    return Put.Participant(
        participant_id=name,
        kind=Put.PARTICIPANT_KIND_WALLET,
        display_name=f"{name} of Tokyo",
        funding=Put.FUNDING_HOSTED,
        home_currency_code="JPY",
        time_zone="Asia/Tokyo",
        country_code="JP",
    )


async def open_world(house: House) -> None:
    """A victim with a shop to pay at, and three others with keys of their own."""
    for one in (hosted("sakura"), hosted("momo"), acquirer("edo"), acquirer("kyo")):
        await house.admin("PutParticipant", Put.PutParticipantRequest(participant=one))
        await house.make_key(one.participant_id, participant_id=one.participant_id)
    await house.admin("PutFeePlan", Put.PutFeePlanRequest(fee_plan=fee_plan()))
    scheme = Put.Scheme(scheme="jpqr", currency_code="JPY", country_code="JP")
    await house.admin("PutScheme", Put.PutSchemeRequest(scheme=scheme))
    shop = Put.AcquiredMerchant(
        merchant_id="shokudo", acquirer_id="edo", name="SHOKUDO", city="TOKYO", country_code="JP",
        category_code="5812", currency_code="JPY", scheme="jpqr",
        scheme_account_id="0000000000001.0001.000001.000001", fee_plan_id="jp-shop",
    )  # fmt: skip
    await house.admin("PutMerchant", Put.PutMerchantRequest(merchant=shop))
    for name in ("sakura", "momo"):
        corridor = Put.Corridor(
            corridor_id=f"{name}_edo", wallet_id=name, home_currency_code="JPY",
            target_currency_code="JPY", fee_plan_id="jp-shop", quote_seconds=120, open=True,
            escrow_days=14,
        )  # fmt: skip
        await house.admin("PutCorridor", Put.PutCorridorRequest(corridor=corridor))
    policy = Access.AccessPolicy(participant_id="sakura")
    policy.rates.add(rate_class=Access.RATE_CLASS_READS, calls_per_second=4_321, burst=9_876)
    await house.access("PutAccessPolicy", Access.PutAccessPolicyRequest(policy=policy))


async def make_things(house: House) -> dict[str, str]:
    """One of each thing that a participant can have; their ids by the names of fields."""
    amount = Money(minor_units=1_000, currency_code="JPY")
    ids = {"participant_id": "sakura", "payment_id": "order-1", "refund_id": "back-1",
           "bank_link_id": "link-1", "top_up_id": "fill-1", "withdrawal_id": "draw-1",
           "webhook_endpoint_id": "hook-1",
           "release_id": "received-1", "resolution_id": "word-1",
           "payer_id": "payer-of-another"}  # fmt: skip
    create = pay.CreatePaymentRequest(
        payment_id="order-1", payer_id=PAYER, code=TOKYO_STATIC, amount=amount
    )
    made = await house.pay("CreatePayment", create, "sakura")
    keep = escrow.ConfirmIntoEscrowRequest(payment_id="order-1")
    await house.call("EscrowService", "ConfirmIntoEscrow", keep, "sakura")
    # What is in escrow is not the wallet's to refund.
    create.payment_id = "order-2"
    await house.pay("CreatePayment", create, "sakura")
    await house.pay("ConfirmPayment", pay.ConfirmPaymentRequest(payment_id="order-2"), "sakura")
    refund = pay.CreateRefundRequest(
        refund_id="back-1", payment_id="order-2", reason="too salty", amount=amount
    )
    refund.amount.minor_units = 77
    refunded = await house.pay("CreateRefund", refund, "sakura")
    link = pay.LinkBankAccountRequest(
        bank_link_id="link-1", payer_id=PAYER, partner_id="sakura-bank", bank_code="0001",
        branch_code="001", account_type="1", account_number="1234567",
        holder_name="ﾔﾏﾀﾞ ﾊﾅｺ",
    )  # fmt: skip
    await house.pay("LinkBankAccount", link, "sakura")
    fill = pay.CreateTopUpRequest(top_up_id="fill-1", bank_link_id="link-1", amount=amount)
    filled = await house.pay("CreateTopUp", fill, "sakura")
    draw = drawing.CreateWithdrawalRequest(
        withdrawal_id="draw-1", bank_link_id="link-1", amount=amount
    )
    drawn = await house.call("WithdrawalService", "CreateWithdrawal", draw, "sakura")
    sign = Access.PutSigningKeyRequest(
        algorithm=Access.SIGNING_ALGORITHM_ED25519, public_key=pem_of(Algorithm.ED25519)
    )
    signing = await house.access("PutSigningKey", sign, "sakura")
    ids["signing_key_id"] = signing.signing_key.signing_key_id
    keys = await house.access("ListApiKeys", Access.ListApiKeysRequest(), "sakura")
    ids["key_id"] = keys.api_keys[0].key_id
    hook = hooks.PutWebhookEndpointRequest(
        webhook_endpoint_id="hook-1", url="https://127.0.0.1/victim", active=True
    )
    await house.call("WebhookService", "PutWebhookEndpoint", hook, "sakura")
    sent = hooks.SendTestEventRequest(webhook_endpoint_id="hook-1")
    delivery = await house.call("WebhookService", "SendTestEvent", sent, "sakura")
    ids["delivery_id"] = delivery.delivery.delivery_id
    ids |= await make_shop_things(house)
    ids |= await make_codes(house)
    ids |= await make_bill_things(house, PAYER)
    ids |= await make_personal_things(house, PAYER, ids["code_id"])
    return ids | {
        "reference": made.payment.reference,
        "refund_reference": refunded.refund.reference,
        "top_up_reference": filled.top_up.reference,
        "withdrawal_reference": drawn.withdrawal.reference,
    }


async def make_codes(house: House) -> dict[str, str]:
    """A code that can be charged, a phone's key, and a code that an acquirer has charged."""

    async def ask(method: str, by: str, **fields: Any) -> Any:
        request = getattr(presented, f"{method}Request")(**fields)
        return await house.call("PresentedService", method, request, by)

    await ask("PutPresentingPolicy", "sakura", policy={"confirm_above_minor_units": 54_321})
    phone = {"offline_key_id": "phone-1", "payer_id": PAYER}
    made = await ask("ProvisionOfflineCodes", "sakura", **phone)
    shown = {"payer_id": PAYER, "country_code": "JP"}
    await ask("CreatePaymentCode", "sakura", code_id="code-1", **shown)
    code = await ask("CreatePaymentCode", "sakura", code_id="code-2", **shown)
    charged = await ask(
        "ChargePaymentCode",
        "edo",
        payment_id="order-1",
        code=code.payment_code.code,
        merchant_id="shokudo",
        amount=Money(minor_units=1_234, currency_code="JPY"),
    )
    return {
        "code_id": "code-1",
        "offline_key_id": "phone-1",
        "key_reference": made.offline_key.key_number,
        "charge_reference": charged.payment.reference,
    }


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with house_of(gateway, bridge=Bridge()) as made, answered(gateway):
        await open_world(made)
        yield made


async def answer_of(house: House, method: MethodDescriptor, request: Any, by: str) -> str:
    """What is told, or the reason why nothing is."""
    service = method.containing_service.name
    metadata = (("authorization", f"Bearer {house.keys[by]}"),)
    ask = getattr(house.stubs[service], method.name)
    if not (method.client_streaming or method.server_streaming):
        try:
            return str(await call(ask(request, metadata=metadata, timeout=CALL_SECONDS)))
        except KawaseError as refusal:
            return f"{refusal.reason}: {refusal.message} {refusal.metadata}"
    given = iter([request]) if method.client_streaming else request
    stream = ask(given, metadata=metadata, timeout=CALL_SECONDS)
    try:
        return str(await call(stream.read() if method.server_streaming else stream))
    except KawaseError as refusal:
        return f"{refusal.reason}: {refusal.message}"
    finally:
        stream.cancel()


async def view_of(house: House, ids: Mapping[str, str], by: str) -> dict[str, str]:
    """All that a participant reads of its own."""
    return {
        method.full_name: await answer_of(house, method, request_of(method, ids), by)
        for method in METHODS
        if method.name.startswith(("Get", "List"))
    }


async def test_no_rpc_shows_or_changes_what_is_anothers(house: House) -> None:
    ids = await make_things(house)
    markers = {
        "payer": PAYER,
        "account": "1234567",
        "holder": "ﾔﾏﾀﾞ",
        "hook": "127.0.0.1/victim",
        "rate": "4321",
        "shop": "テスト食堂",
        "confirmed above": "54321",
        **{name: value for name, value in ids.items() if name.endswith("reference")},
    }
    before = await view_of(house, ids, "sakura")
    shops = await view_of(house, ids | {"participant_id": ""}, "edo")
    assert "shop" in markers_in(" ".join(shops.values()), markers)
    seen = " ".join(before.values())
    assert set(markers_in(seen, markers)) >= {"payer", "hook", "rate", "reference"}
    by_reference = ids | {
        "payment_id": ids["reference"],
        "refund_id": ids["refund_reference"],
        "top_up_id": ids["top_up_reference"],
        "withdrawal_id": ids["withdrawal_reference"],
    }
    names_nobody = ids | {"participant_id": ""}

    told = []
    for by in ("momo", "kyo"):
        for asked in (ids, by_reference, names_nobody):
            told_in_request = set(asked.values())
            secret = {n: v for n, v in markers.items() if v not in told_in_request}
            for method in METHODS:
                answer = await answer_of(house, method, request_of(method, asked), by)
                told += [(by, method.name, name) for name in markers_in(answer, secret)]

    assert told == []
    assert await view_of(house, ids, "sakura") == before
    assert await view_of(house, ids | {"participant_id": ""}, "edo") == shops


async def test_nobody_calls_without_a_key(house: House) -> None:
    house.keys["nobody"] = ""
    house.keys["stranger"] = "kw_0123456789abcdef_guessed"

    for method in METHODS:
        for by, reason in (("nobody", "KEY_INVALID"), ("stranger", "KEY_INVALID")):
            answer = await answer_of(house, method, request_of(method, {}), by)
            assert answer.startswith(reason), f"{method.name} answers {by}"


async def test_every_service_of_the_house_is_walked(house: House) -> None:
    assert set(house.stubs) == SERVED | PASSED_ON
