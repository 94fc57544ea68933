"""The demo's world: wallets, shops, partners, corridors and a deposit, as data."""

from services.pb.kawase.gateway.v1 import admin_service_pb2 as admin_pb
from services.pb.kawase.money.v1 import money_pb2
from services.sandbox.operator import Operator, ReferenceData, deposit, put_reference

PANDA = "panda-wallet"
SAKURA = "sakura-wallet"
KAKAO_USERS = "kakaopay-wallet"
EDO = "edo-acquirer"
KAKAOPAY = "kakaopay"
KAKAOPAY_ONLINE = "kakaopay-online"
SHANGHAI = "shanghai-ams"
BANK = "japan-bank"
PAYPAY = "paypay"
TOKYO_LIGHT = "tokyo-light"
"""A biller of the Japanese acquirer's."""

# Minor units: 500,000 yuan deposited by the Chinese wallet.
PANDA_DEPOSIT = 50_000_000
KAKAO_DEBT_LIMIT = 100_000_000

_WALLET = admin_pb.PARTICIPANT_KIND_WALLET
PARTICIPANTS = (
    admin_pb.Participant(
        participant_id=PANDA,
        kind=_WALLET,
        display_name="Panda Wallet",
        funding=admin_pb.FUNDING_PREFUND,
        home_currency_code="CNY",
        time_zone="Asia/Shanghai",
        country_code="CN",
    ),
    admin_pb.Participant(
        participant_id=SAKURA,
        kind=_WALLET,
        display_name="Sakura Wallet",
        funding=admin_pb.FUNDING_HOSTED,
        home_currency_code="JPY",
        time_zone="Asia/Tokyo",
        country_code="JP",
    ),
    admin_pb.Participant(
        participant_id=KAKAO_USERS,
        kind=_WALLET,
        display_name="Kakao Pay users",
        funding=admin_pb.FUNDING_PARTNER,
        home_currency_code="KRW",
        time_zone="Asia/Seoul",
        country_code="KR",
        collect_partner_id=KAKAOPAY_ONLINE,
        net_debit_limit=KAKAO_DEBT_LIMIT,
    ),
    admin_pb.Participant(
        participant_id=EDO,
        kind=admin_pb.PARTICIPANT_KIND_ACQUIRER,
        display_name="Edo Acquiring",
        time_zone="Asia/Tokyo",
    ),
)


def fee_plan(plan_id: str, basis_points: int, currency: str) -> admin_pb.FeePlan:
    """A percentage of the target amount, borne by the merchant's side, rounded down."""
    none = money_pb2.Money(minor_units=0, currency_code=currency)
    return admin_pb.FeePlan(
        fee_plan_id=plan_id,
        payer=admin_pb.FEE_PAYER_MERCHANT,
        rate_basis_points=basis_points,
        fixed=none,
        minimum=none,
        rounding=admin_pb.FEE_ROUNDING_DOWN,
    )


FEE_PLANS = (
    fee_plan("kr-partner", 60, "KRW"),
    fee_plan("cn-partner", 60, "CNY"),
    fee_plan("jp-shop", 160, "JPY"),
    fee_plan("jp-partner", 160, "JPY"),
)
SCHEMES = (
    admin_pb.Scheme(
        scheme="kakaopay",
        acceptance_partner_id=KAKAOPAY,
        currency_code="KRW",
        country_code="KR",
        resolved_by_partner=True,
    ),
    admin_pb.Scheme(
        scheme="alipay",
        acceptance_partner_id=SHANGHAI,
        currency_code="CNY",
        country_code="CN",
        resolved_by_partner=True,
    ),
    admin_pb.Scheme(
        scheme="emvco-cn",
        acceptance_partner_id=SHANGHAI,
        currency_code="CNY",
        country_code="CN",
    ),
    admin_pb.Scheme(
        scheme="paypay",
        acceptance_partner_id=PAYPAY,
        currency_code="JPY",
        country_code="JP",
        resolved_by_partner=True,
    ),
    admin_pb.Scheme(scheme="jpqr", currency_code="JPY", country_code="JP"),
)


AUTHORISATION_DAYS = 7  # at shops of our own acquirers
ESCROW_DAYS = 14  # the same


def corridor(
    wallet: str, partner: str, home: str, target: str, plan: str, limit: int
) -> admin_pb.Corridor:
    """Open, quotes good for two minutes, a limit per payment and ten times as much per day."""
    return admin_pb.Corridor(
        corridor_id=f"{wallet}_{partner or EDO}",
        wallet_id=wallet,
        acceptance_partner_id=partner,
        home_currency_code=home,
        target_currency_code=target,
        fee_plan_id=plan,
        quote_seconds=120,
        payment_minimum=1,
        payment_limit=limit,
        payer_day_limit=10 * limit,
        open=True,
        authorisation_days=0 if partner else AUTHORISATION_DAYS,
        escrow_days=0 if partner else ESCROW_DAYS,
    )


def to_persons(wallet: str, home: str, limit: int) -> admin_pb.Corridor:
    """To the payers of the Japanese wallet, by codes of their own."""
    made = corridor(wallet, SAKURA, home, "JPY", "jp-shop", limit)
    made.personal = True
    return made


CORRIDORS = (
    corridor(PANDA, KAKAOPAY, "CNY", "KRW", "kr-partner", 1_000_000),
    corridor(PANDA, "", "CNY", "JPY", "jp-shop", 1_000_000),
    corridor(SAKURA, "", "JPY", "JPY", "jp-shop", 200_000),
    corridor(SAKURA, SHANGHAI, "JPY", "CNY", "cn-partner", 200_000),
    corridor(SAKURA, KAKAOPAY, "JPY", "KRW", "kr-partner", 200_000),
    corridor(KAKAO_USERS, "", "KRW", "JPY", "jp-shop", 2_000_000),
    corridor(PANDA, PAYPAY, "CNY", "JPY", "jp-partner", 1_000_000),
    corridor(KAKAO_USERS, PAYPAY, "KRW", "JPY", "jp-partner", 2_000_000),
    to_persons(PANDA, "CNY", 500_000),
    to_persons(SAKURA, "JPY", 100_000),
    to_persons(KAKAO_USERS, "KRW", 1_000_000),
)
MERCHANTS = (
    admin_pb.AcquiredMerchant(
        merchant_id="test-shokudo",
        acquirer_id=EDO,
        name="TEST SHOKUDO",
        city="TOKYO",
        country_code="JP",
        category_code="5812",
        currency_code="JPY",
        scheme="jpqr",
        scheme_account_id="0000000000001.0001.000001.000001",
        fee_plan_id="jp-shop",
        net_debit_limit=100_000,
    ),
)
_PER_PAYMENT = admin_pb.LIMIT_PERIOD_PAYMENT
# What is known of laws and contracts. Korea's ceilings for small remittances, USD 3,000 a payment
# and USD 30,000 a year (fnnews, 2018-12-25), are in neither currency of any corridor here, and how
# they bind wallets' payments is not known: no rule is made up for them. Of the least payment
# sources differ; the lower is kept, because what the partner refuses is declined all the same.
LIMIT_RULES = (
    admin_pb.LimitRule(
        limit_rule_id="kakaopay-payment",
        period=_PER_PAYMENT,
        collect_partner_id=KAKAOPAY_ONLINE,
        maximum=money_pb2.Money(minor_units=2_000_000, currency_code="KRW"),
        minimum=50,
        source="Kakao Pay money: developerhub.ppro.com; docs.stripe.com says KRW 100 or more",
        active=True,
    ),
    admin_pb.LimitRule(
        limit_rule_id="japan-funds-transfer-type-2",
        period=_PER_PAYMENT,
        wallet_country_code="JP",
        maximum=money_pb2.Money(minor_units=1_000_000, currency_code="JPY"),
        source="Payment Services Act, funds transfer of type 2: Tokyo Metro guidebook p. 47-48",
        active=True,
    ),
    *(
        admin_pb.LimitRule(
            limit_rule_id=f"persons-abroad-{country.lower()}",
            period=_PER_PAYMENT,
            flow=admin_pb.LIMIT_FLOW_PERSONAL,
            wallet_country_code=country,
            maximum=money_pb2.Money(minor_units=100_000, currency_code="JPY"),
            source="FATF R.16 of June 2025: from USD 1,000 between persons, who sends is named",
            active=True,
        )
        for country in ("CN", "KR")
    ),
    *(
        admin_pb.LimitRule(
            limit_rule_id=f"persons-{name}",
            period=period,
            flow=admin_pb.LIMIT_FLOW_RECEIPT,
            wallet_country_code="JP",
            maximum=money_pb2.Money(minor_units=minor, currency_code="JPY"),
            source="the demo's operator: who is paid more is a shop",
            active=True,
        )
        for name, period, minor in (
            ("day", admin_pb.LIMIT_PERIOD_DAY, 100_000),
            ("month", admin_pb.LIMIT_PERIOD_MONTH, 500_000),
        )
    ),
)
DEMO = ReferenceData(PARTICIPANTS, FEE_PLANS, SCHEMES, CORRIDORS, MERCHANTS, LIMIT_RULES)


async def put_world(operator: Operator) -> dict[str, str]:
    """Put the demo's world and the deposit; returns a fresh API key of each participant."""
    keys = await put_reference(operator, DEMO)
    await deposit(operator, PANDA, "CNY", PANDA_DEPOSIT)
    return keys
