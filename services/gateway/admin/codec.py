"""Reference data between the wire and our own words."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from services.core.errors import Malformed
from services.core.money import Money, Rounding
from services.gateway.admin.errors import FieldMissing
from services.gateway.reference import (
    Corridor,
    FeePayer,
    FeePlan,
    Funding,
    LimitFlow,
    LimitPeriod,
    LimitRule,
    Merchant,
    Participant,
    ParticipantKind,
    RefundPolicy,
    RefundRate,
    Scheme,
)
from services.pb.kawase.gateway.v1 import admin_service_pb2 as pb
from services.pb.kawase.money.v1 import money_pb2

E = TypeVar("E", bound=StrEnum)

_KINDS: dict[int, ParticipantKind] = {
    pb.PARTICIPANT_KIND_WALLET: ParticipantKind.WALLET,
    pb.PARTICIPANT_KIND_ACQUIRER: ParticipantKind.ACQUIRER,
    pb.PARTICIPANT_KIND_OPERATOR: ParticipantKind.OPERATOR,
}
_FUNDINGS: dict[int, Funding] = {
    pb.FUNDING_PREFUND: Funding.PREFUND,
    pb.FUNDING_HOSTED: Funding.HOSTED,
    pb.FUNDING_PARTNER: Funding.PARTNER,
}
_FEE_PAYERS: dict[int, FeePayer] = {
    pb.FEE_PAYER_MERCHANT: FeePayer.MERCHANT,
    pb.FEE_PAYER_HOUSE: FeePayer.HOUSE,
}
_ROUNDINGS: dict[int, Rounding] = {
    pb.FEE_ROUNDING_DOWN: Rounding.DOWN,
    pb.FEE_ROUNDING_UP: Rounding.UP,
    pb.FEE_ROUNDING_HALF_UP: Rounding.HALF_UP,
}

_FLOWS: dict[int, LimitFlow] = {
    pb.LIMIT_FLOW_PAYMENT: LimitFlow.PAYMENT,
    pb.LIMIT_FLOW_WITHDRAWAL: LimitFlow.WITHDRAWAL,
    pb.LIMIT_FLOW_PERSONAL: LimitFlow.PERSONAL,
    pb.LIMIT_FLOW_RECEIPT: LimitFlow.RECEIPT,
}
_PERIODS: dict[int, LimitPeriod] = {
    pb.LIMIT_PERIOD_PAYMENT: LimitPeriod.PAYMENT,
    pb.LIMIT_PERIOD_DAY: LimitPeriod.DAY,
    pb.LIMIT_PERIOD_YEAR: LimitPeriod.YEAR,
    pb.LIMIT_PERIOD_MONTH: LimitPeriod.MONTH,
}

_REFUND_RATES: dict[int, RefundRate] = {
    pb.REFUND_RATE_ORIGINAL: RefundRate.ORIGINAL,
    pb.REFUND_RATE_DAY: RefundRate.DAY,
}


class ChoiceUnknown(Malformed):
    """A value of an enum that this version does not know."""

    def __init__(self, field: str, value: int) -> None:
        super().__init__(f"{field} {value} is not one of its values.", field=field)


def choice(choices: Mapping[int, E], value: int, field: str) -> E:
    """Our word for a value of an enum. Raises `FieldMissing` or `ChoiceUnknown`."""
    if value == 0:
        raise FieldMissing(field)
    if value not in choices:
        raise ChoiceUnknown(field, value)
    return choices[value]


# Any: mypy-protobuf gives each enum a value type of its own.
def _value(choices: Mapping[int, StrEnum], choice: StrEnum | None) -> Any:
    return next((value for value, known in choices.items() if known is choice), 0)


def participant_from(message: pb.Participant) -> Participant:
    """Raises `FieldMissing` or `ChoiceUnknown`; rules are not looked at."""
    return Participant(
        message.participant_id,
        choice(_KINDS, message.kind, "kind"),
        message.display_name,
        choice(_FUNDINGS, message.funding, "funding") if message.funding else None,
        message.home_currency_code,
        message.time_zone,
        message.collect_partner_id,
        message.net_debit_limit,
        message.country_code,
    )


def participant_to(participant: Participant) -> pb.Participant:
    return pb.Participant(
        participant_id=participant.participant_id,
        kind=_value(_KINDS, participant.kind),
        display_name=participant.display_name,
        funding=_value(_FUNDINGS, participant.funding),
        home_currency_code=participant.home_currency,
        time_zone=participant.time_zone,
        collect_partner_id=participant.collect_partner_id,
        net_debit_limit=participant.net_debit_limit,
        country_code=participant.country_code,
    )


def merchant_from(message: pb.AcquiredMerchant) -> Merchant:
    return Merchant(
        message.merchant_id,
        message.acquirer_id,
        message.name,
        message.city,
        message.country_code,
        message.category_code,
        message.currency_code,
        message.scheme,
        message.scheme_account_id,
        message.fee_plan_id,
        message.net_debit_limit,
    )


def merchant_to(merchant: Merchant) -> pb.AcquiredMerchant:
    return pb.AcquiredMerchant(
        merchant_id=merchant.merchant_id,
        acquirer_id=merchant.acquirer_id,
        name=merchant.name,
        city=merchant.city,
        country_code=merchant.country_code,
        category_code=merchant.category_code,
        currency_code=merchant.currency,
        scheme=merchant.scheme,
        scheme_account_id=merchant.scheme_account_id,
        fee_plan_id=merchant.fee_plan_id,
        net_debit_limit=merchant.net_debit_limit,
    )


def scheme_from(message: pb.Scheme) -> Scheme:
    return Scheme(
        message.scheme,
        message.acceptance_partner_id,
        message.currency_code,
        message.country_code,
        message.resolved_by_partner,
    )


def scheme_to(scheme: Scheme) -> pb.Scheme:
    return pb.Scheme(
        scheme=scheme.scheme,
        acceptance_partner_id=scheme.acceptance_partner_id,
        currency_code=scheme.currency,
        country_code=scheme.country_code,
        resolved_by_partner=scheme.resolved_by_partner,
    )


def fee_plan_from(message: pb.FeePlan) -> FeePlan:
    """An absent minimum is none. Raises `FieldMissing` or `ChoiceUnknown`."""
    if not message.HasField("fixed"):
        raise FieldMissing("fixed")
    fixed = Money(message.fixed.minor_units, message.fixed.currency_code)
    minimum = Money(0, fixed.currency)
    if message.HasField("minimum"):
        minimum = Money(message.minimum.minor_units, message.minimum.currency_code)
    return FeePlan(
        message.fee_plan_id,
        choice(_FEE_PAYERS, message.payer, "payer"),
        message.rate_basis_points,
        fixed,
        minimum,
        choice(_ROUNDINGS, message.rounding, "rounding"),
    )


def fee_plan_to(plan: FeePlan) -> pb.FeePlan:
    return pb.FeePlan(
        fee_plan_id=plan.fee_plan_id,
        payer=_value(_FEE_PAYERS, plan.payer),
        rate_basis_points=plan.rate_basis_points,
        fixed=money_to(plan.fixed),
        minimum=money_to(plan.minimum),
        rounding=_value(_ROUNDINGS, plan.rounding),
    )


def corridor_from(message: pb.Corridor) -> Corridor:
    return Corridor(
        message.corridor_id,
        message.wallet_id,
        message.acceptance_partner_id,
        message.home_currency_code,
        message.target_currency_code,
        message.fee_plan_id,
        message.quote_seconds,
        message.payment_minimum,
        message.payment_limit,
        message.payer_day_limit,
        message.corridor_day_limit,
        message.open,
        _refund_policy_from(message.refund_policy),
        message.authorisation_days,
        message.personal,
        message.escrow_days,
    )


def _refund_policy_from(message: pb.RefundPolicy) -> RefundPolicy:
    """What is absent is as by default."""
    rate = message.rate or pb.REFUND_RATE_ORIGINAL
    return RefundPolicy(
        choice(_REFUND_RATES, rate, "refund_policy.rate"),
        message.keeps_fee,
        message.keeps_spread,
        message.within_days,
        message.by_shop_only,
    )


def corridor_to(corridor: Corridor) -> pb.Corridor:
    return pb.Corridor(
        corridor_id=corridor.corridor_id,
        wallet_id=corridor.wallet_id,
        acceptance_partner_id=corridor.acceptance_partner_id,
        home_currency_code=corridor.home_currency,
        target_currency_code=corridor.target_currency,
        fee_plan_id=corridor.fee_plan_id,
        quote_seconds=corridor.quote_seconds,
        payment_minimum=corridor.payment_minimum,
        payment_limit=corridor.payment_limit,
        payer_day_limit=corridor.payer_day_limit,
        corridor_day_limit=corridor.corridor_day_limit,
        open=corridor.open,
        refund_policy=_refund_policy_to(corridor.refund_policy),
        authorisation_days=corridor.authorisation_days,
        personal=corridor.personal,
        escrow_days=corridor.escrow_days,
    )


def _refund_policy_to(policy: RefundPolicy) -> pb.RefundPolicy:
    return pb.RefundPolicy(
        rate=_value(_REFUND_RATES, policy.rate),
        keeps_fee=policy.keeps_fee,
        keeps_spread=policy.keeps_spread,
        within_days=policy.within_days,
        by_shop_only=policy.by_shop_only,
    )


def limit_rule_from(message: pb.LimitRule) -> LimitRule:
    """Raises `FieldMissing` or `ChoiceUnknown`; rules are not looked at."""
    if not message.HasField("maximum"):
        raise FieldMissing("maximum")
    return LimitRule(
        message.limit_rule_id,
        choice(_PERIODS, message.period, "period"),
        message.wallet_country_code,
        message.wallet_id,
        message.acceptance_partner_id,
        message.collect_partner_id,
        Money(message.maximum.minor_units, message.maximum.currency_code),
        message.minimum,
        message.source,
        message.active,
        choice(_FLOWS, message.flow or pb.LIMIT_FLOW_PAYMENT, "flow"),
    )


def limit_rule_to(rule: LimitRule) -> pb.LimitRule:
    return pb.LimitRule(
        limit_rule_id=rule.limit_rule_id,
        period=_value(_PERIODS, rule.period),
        wallet_country_code=rule.wallet_country,
        wallet_id=rule.wallet_id,
        acceptance_partner_id=rule.acceptance_partner_id,
        collect_partner_id=rule.collect_partner_id,
        maximum=money_to(rule.maximum),
        minimum=rule.minimum,
        source=rule.source,
        active=rule.active,
        flow=_value(_FLOWS, rule.flow),
    )


def money_to(money: Money) -> money_pb2.Money:
    return money_pb2.Money(minor_units=money.minor, currency_code=money.currency)
