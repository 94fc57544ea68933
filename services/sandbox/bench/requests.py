"""The requests of a run: payment ids, payers and amounts, all from the payment's number."""

from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.money.v1 import money_pb2
from services.sandbox.bench.plan import Plan

PAYERS = 5000
AMOUNT_FIRST, AMOUNT_STEPS = 1000, 9000


def create_request(plan: Plan, number: int) -> pb.CreatePaymentRequest:
    """The payment of this number: another payer and another amount each time."""
    return pb.CreatePaymentRequest(
        payment_id=f"{plan.run_id}-{number}",
        payer_id=f"payer-{number % PAYERS}",
        code=plan.code,
        amount=money_pb2.Money(
            minor_units=AMOUNT_FIRST + number % AMOUNT_STEPS, currency_code=plan.currency
        ),
    )


def credentials(plan: Plan, lane: int) -> tuple[tuple[str, str], ...]:
    """The metadata that names one of the plan's wallets."""
    return (("authorization", f"Bearer {plan.api_keys[lane % len(plan.api_keys)]}"),)
