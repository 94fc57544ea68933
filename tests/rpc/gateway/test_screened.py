"""What a wallet hears over gRPC where a limit rule or the screening says no."""

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.core.errors import Refused
from services.gateway.reference import LimitPeriod
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1.money_pb2 import Money
from services.sandbox.demo.codes import TOKYO_STATIC
from tests.rpc.gateway.payments_served import served
from tests.store.gateway.payments_world import Gateway
from tests.store.gateway.test_payments_rules import rule, ruled
from tests.store.gateway.test_screenings import PAYERS, listing


def create(payment_id: str, payer_id: str, minor: int) -> pb.CreatePaymentRequest:
    return pb.CreatePaymentRequest(
        payment_id=payment_id,
        payer_id=payer_id,
        code=TOKYO_STATIC,
        amount=Money(minor_units=minor, currency_code="JPY"),
    )


async def test_a_screened_payment_is_declined_without_its_rule(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    async with served(Gateway(pool, clock, screening=listing(PAYERS))) as wallets:
        await wallets.call("CreatePayment", create("p1", "mallory", 1_000))
        answer = await wallets.call("ConfirmPayment", pb.ConfirmPaymentRequest(payment_id="p1"))
        read = await wallets.call("GetPayment", pb.GetPaymentRequest(payment_id="p1"))

    assert answer.payment.state == payment_pb2.PAYMENT_STATE_DECLINED
    assert answer.payment.reason == "SCREENING_REFUSED"
    for told in (answer, read):
        assert "LISTED" not in str(told)
        assert "court" not in str(told)


async def test_a_limit_rule_names_itself_and_its_source(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    most = ruled(rule("most", LimitPeriod.PAYMENT, 999, "JPY"))
    async with served(Gateway(pool, clock, most)) as wallets:
        with pytest.raises(Refused) as refusal:
            await wallets.call("CreatePayment", create("p1", "li-na", 1_000))

    assert refusal.value.reason == "AMOUNT_OVER_LIMIT_RULE"
    assert refusal.value.metadata["limit_rule_id"] == "most"
    assert refusal.value.metadata["source"] == "a law"
