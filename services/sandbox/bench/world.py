"""The bench's world: wallets with deposits deep enough, one corridor each to every partner."""

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Route:
    """A code, the scheme its link belongs to, and the partner that answers for it."""

    code: str
    scheme: str
    partner_id: str


LIGHT_ROUTE = Route(CODE, "kakaopay", KAKAOPAY)


def bench_data(routes: Sequence[Route]) -> ReferenceData:
    """Every wallet pays by every route."""
    return ReferenceData(
        participants=[_wallet(name) for name in _NAMES],
        fee_plans=[fee_plan("bench", 60, CURRENCY)],
        schemes=[
            admin_pb.Scheme(
                scheme=route.scheme,
                acceptance_partner_id=route.partner_id,
                currency_code=CURRENCY,
                country_code="KR",
                resolved_by_partner=True,
            )
            for route in routes
        ],
        corridors=[_corridor(name, route.partner_id) for name in _NAMES for route in routes],
    )


def _wallet(name: str) -> admin_pb.Participant:
    return admin_pb.Participant(
        participant_id=name,
        kind=admin_pb.PARTICIPANT_KIND_WALLET,
        display_name=name,
        funding=admin_pb.FUNDING_PREFUND,
        home_currency_code="CNY",
        time_zone="Asia/Shanghai",
    )


def _corridor(wallet: str, partner_id: str) -> admin_pb.Corridor:
    return admin_pb.Corridor(
        corridor_id=f"{wallet}_{partner_id}",
        wallet_id=wallet,
        acceptance_partner_id=partner_id,
        home_currency_code="CNY",
        target_currency_code=CURRENCY,
        fee_plan_id="bench",
        quote_seconds=300,
        payment_minimum=1,
        payment_limit=1_000_000,
        payer_day_limit=DAY_LIMIT,
        open=True,
    )


async def put_bench_world(
    operator: Operator, routes: Sequence[Route] = (LIGHT_ROUTE,)
) -> list[str]:
    """Put it; returns the wallets' API keys."""
    keys = await put(operator, bench_data(routes))
    for name in _NAMES:
        await deposit(operator, name, "CNY", DEPOSIT)
    tokens = list(keys.values())
    for route in routes:
        await prices_known(operator, tokens[-1], route.code, Money(1_000, CURRENCY))
    return tokens
