"""The bench's world: wallets with deposits deep enough, one corridor each to the light partner."""

from services.core.money import Money
from services.pb.kawase.gateway.v1 import admin_service_pb2 as admin_pb
from services.sandbox.operator import Operator, ReferenceData, deposit, prices_known
from services.sandbox.operator import put_reference as put
from services.sandbox.world import KAKAOPAY, fee_plan

WALLETS = 8
# Minor units: ten billion yuan each, so that no run comes near it.
DEPOSIT = 10**12
CODE = "https://qr.kakaopay.com/281006011000000070000999"
CURRENCY = "KRW"
DAY_LIMIT = 10**12

_NAMES = tuple(f"bench-wallet-{number}" for number in range(WALLETS))
DATA = ReferenceData(
    participants=[
        admin_pb.Participant(
            participant_id=name,
            kind=admin_pb.PARTICIPANT_KIND_WALLET,
            display_name=name,
            funding=admin_pb.FUNDING_PREFUND,
            home_currency_code="CNY",
            time_zone="Asia/Shanghai",
        )
        for name in _NAMES
    ],
    fee_plans=[fee_plan("bench", 60, CURRENCY)],
    schemes=[
        admin_pb.Scheme(
            scheme="kakaopay",
            acceptance_partner_id=KAKAOPAY,
            currency_code=CURRENCY,
            country_code="KR",
            resolved_by_partner=True,
        )
    ],
    corridors=[
        admin_pb.Corridor(
            corridor_id=f"{name}_{KAKAOPAY}",
            wallet_id=name,
            acceptance_partner_id=KAKAOPAY,
            home_currency_code="CNY",
            target_currency_code=CURRENCY,
            fee_plan_id="bench",
            quote_seconds=300,
            payment_minimum=1,
            payment_limit=1_000_000,
            payer_day_limit=DAY_LIMIT,
            open=True,
        )
        for name in _NAMES
    ],
)


async def put_bench_world(operator: Operator) -> list[str]:
    """Put it; returns the wallets' API keys."""
    keys = await put(operator, DATA)
    for name in _NAMES:
        await deposit(operator, name, "CNY", DEPOSIT)
    tokens = list(keys.values())
    await prices_known(operator, tokens[-1], CODE, Money(1_000, CURRENCY))
    return tokens
