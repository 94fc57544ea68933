"""What a payment costs: amount, merchant, corridor, fee, price. Pure.

`find_place` says where a code leads; `agree` turns that, the rate sheet and the reference data into
terms. Refusals come in the order: code, place, amount, corridor, price, limits.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from services.codes import Code, Kind, Tip
from services.core.accounts import merchant_payable, partner_payable
from services.core.ids import new_reference
from services.core.money import Money, Rounding, round_units
from services.core.rate import BASIS_POINTS, price
from services.core.sheet import RateSheet
from services.gateway.acquiring.orders.labels import is_label
from services.gateway.opening import funding_account
from services.gateway.payments.limits import amount_refusal
from services.gateway.payments.model import Terms
from services.gateway.payments.refusals import (
    AmountBelowFee,
    AmountCurrencyDiffers,
    AmountDisagrees,
    AmountNotPositive,
    AmountRequired,
    AmountTooLarge,
    CodeRefused,
    CodeShownByPayer,
    CorridorClosed,
    CorridorUnknown,
    CurrencyMissing,
    CurrencyUnfit,
    FeePlanUnfit,
    MerchantUnknown,
    SchemeUnknown,
)
from services.gateway.reference import (
    Corridor,
    FeePayer,
    FeePlan,
    Merchant,
    Participant,
    Reference,
    Scheme,
    side_of_persons,
)

# One payment; far above any limit, and far enough below BIGINT for a day's sum and any rate.
LARGEST_PAYMENT = 10**15 - 1
PERSONAL_SCHEME = "kawase-person"
"""The scheme of persons' codes, as `services.codes` names it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a code leads. `stated` is the code's own amount; the payer may add a tip to it where
    `tip_open`. `fee_plan_id` and `net_debit_limit` are of a merchant of our own acquirers. Where a
    person is paid, who pays no fee, `payee_wallet_id` is their wallet."""

    scheme: Scheme
    merchant_id: str
    name: str
    city: str
    country: str
    currency: str
    stated: Money | None = None
    tip_open: bool = False
    fee_plan_id: str = ""
    payable_account_id: str = ""
    order_label: str = ""
    payee_wallet_id: str = ""


@dataclass(frozen=True, slots=True)
class AskPartner:
    """The code names no merchant: its partner has to be asked."""

    scheme: Scheme


@dataclass(frozen=True, slots=True)
class AskPerson:
    """The code is a person's, who has to be looked up by its token."""

    scheme: Scheme
    token: str
    currency: str | None
    stated: Money | None


def find_place(code: Code, reference: Reference) -> Place | AskPartner | AskPerson:
    """Resolve a decoded code by the scheme table. Raises a refusal."""
    if not code.valid:
        raise CodeRefused(code.findings)
    if code.kind is Kind.EMV_CPM:
        raise CodeShownByPayer
    if code.kind is Kind.LINK:
        scheme = reference.schemes.get(code.scheme or "")
        if scheme is None:
            raise SchemeUnknown(code.scheme or "link")
        return AskPartner(scheme)
    return _find_merchant(code, reference)


def _find_merchant(code: Code, reference: Reference) -> Place | AskPartner | AskPerson:
    """Among the networks in the code the first one that leads somewhere counts."""
    assert code.merchant is not None
    accounts = dict(code.merchant.account_ids)
    if code.scheme in accounts:
        accounts = {code.scheme: accounts[code.scheme], **accounts}
    missed: tuple[str, str] | None = None
    fallback = f"emvco-{(code.merchant.country_code or '').lower()}"
    for network, account_id in accounts.items():
        scheme = reference.schemes.get(network) or reference.schemes.get(fallback)
        if scheme is None:
            continue
        if scheme.resolved_by_partner:
            return AskPartner(scheme)
        if scheme.scheme == PERSONAL_SCHEME:
            return AskPerson(scheme, account_id, code.currency_code, _stated(code))
        if scheme.acceptance_partner_id:
            return _place_at_partner(code, scheme, account_id)
        place = _place_of_ours(code, scheme, account_id, reference)
        if place is not None:
            return place
        missed = missed or (scheme.scheme, account_id)
    if missed is not None:
        raise MerchantUnknown(*missed)
    raise SchemeUnknown(code.scheme or fallback)


def _place_at_partner(code: Code, scheme: Scheme, account_id: str) -> Place:
    assert code.merchant is not None
    return Place(
        scheme,
        account_id,
        code.merchant.name or "",
        code.merchant.city or "",
        code.merchant.country_code or scheme.country_code,
        _currency(code, scheme.currency),
        _stated(code),
        _tip_open(code),
    )


def _place_of_ours(
    code: Code, scheme: Scheme, account_id: str, reference: Reference
) -> Place | None:
    merchant = reference.merchants_by_account.get((scheme.scheme, account_id))
    if merchant is None:
        return None
    currency = _currency(code, merchant.currency)
    if currency != merchant.currency:
        raise CurrencyUnfit(currency, merchant.currency)
    place = place_of_merchant(merchant, scheme, _stated(code), tip_open=_tip_open(code))
    if code.reference is not None and is_label(code.reference):
        return replace(place, order_label=code.reference)
    return place


def place_of_merchant(
    merchant: Merchant, scheme: Scheme, stated: Money | None = None, *, tip_open: bool = False
) -> Place:
    """The place of a merchant of our own acquirers."""
    payable = merchant_payable(merchant.merchant_id, merchant.currency, merchant.net_debit_limit)
    return Place(
        scheme,
        merchant.merchant_id,
        merchant.name,
        merchant.city,
        merchant.country_code,
        merchant.currency,
        stated,
        tip_open,
        merchant.fee_plan_id,
        payable.account_id,
    )


def _currency(code: Code, otherwise: str) -> str:
    currency = code.currency_code or otherwise
    if not currency:
        raise CurrencyMissing
    return currency


def _tip_open(code: Code) -> bool:
    return code.tip is not None and code.tip.kind == "prompt"


def _stated(code: Code) -> Money | None:
    """The amount a code asks for, with the convenience fee that it adds (EMVCo MPM 4.7.8)."""
    if code.amount_minor is None or code.currency_code is None:
        return None
    stated = Money(code.amount_minor, code.currency_code)
    return stated if code.tip is None else _with_fee(stated, code.tip, code.amount)


def _with_fee(stated: Money, tip: Tip, amount: str | None) -> Money:
    if tip.value is None or amount is None:
        return stated
    share = Decimal(tip.value)
    if tip.kind == "percentage":
        added = Decimal(stated.minor) * share / 100
    else:
        added = Decimal(stated.minor) / Decimal(amount) * share
    return Money(stated.minor + round_units(added, Rounding.HALF_UP), stated.currency)


def target_amount(place: Place, typed: Money | None) -> Money:
    """What the merchant is to be paid. Raises a refusal."""
    if typed is not None:
        if typed.currency != place.currency:
            raise AmountCurrencyDiffers(typed.currency, place.currency)
        if typed.minor <= 0:
            raise AmountNotPositive(typed.minor)
    stated = place.stated
    amount = typed if stated is None or (place.tip_open and typed is not None) else stated
    if amount is None:
        raise AmountRequired
    if stated is not None and typed is not None:
        agrees = typed.minor >= stated.minor if place.tip_open else typed.minor == stated.minor
        if not agrees:
            raise AmountDisagrees(stated, typed)
    if amount.minor <= 0:
        raise AmountNotPositive(amount.minor)
    if amount.minor > LARGEST_PAYMENT:
        raise AmountTooLarge
    return amount


def fee_of(plan: FeePlan, target: Money) -> Money:
    """What the merchant's side pays: rate plus fixed amount, at least the minimum."""
    if plan.payer is FeePayer.HOUSE:
        return Money(0, target.currency)
    if plan.fixed.currency != target.currency:
        raise FeePlanUnfit(plan.fee_plan_id)
    share = round_units(
        Decimal(target.minor) * plan.rate_basis_points / BASIS_POINTS, plan.rounding
    )
    fee = Money(max(share + plan.fixed.minor, plan.minimum.minor), target.currency)
    if fee.minor > target.minor:
        raise AmountBelowFee(fee)
    return fee


def fee_at(place: Place, corridor: Corridor, target: Money, reference: Reference) -> Money:
    """What the side that is paid pays: a merchant by its plan or the corridor's, a person nothing.

    Raises `FeePlanUnfit`, `AmountBelowFee`.
    """
    if place.payee_wallet_id:
        return Money(0, target.currency)
    plan_id = place.fee_plan_id or corridor.fee_plan_id
    plan = reference.fee_plans.get(plan_id)
    if plan is None:
        raise FeePlanUnfit(plan_id)
    return fee_of(plan, target)


def corridor_of(wallet: Participant, place: Place, reference: Reference) -> Corridor:
    """The corridor a payment takes. Raises `CorridorUnknown`, `CorridorClosed`."""
    side = place.scheme.acceptance_partner_id
    if place.payee_wallet_id:
        side = side_of_persons(place.payee_wallet_id)
    corridor = reference.corridors.get((wallet.participant_id, side, place.currency))
    if corridor is None:
        raise CorridorUnknown(wallet.participant_id, side, place.currency)
    if not corridor.open:
        raise CorridorClosed(corridor.corridor_id)
    return corridor


@dataclass(frozen=True, slots=True)
class Wish:
    """What a wallet asks for: pay the code for this payer."""

    wallet: Participant
    payment_id: str
    digest: bytes
    payer_id: str
    code: str
    typed: Money | None


def agree(
    wish: Wish, place: Place, reference: Reference, rates: Callable[[], RateSheet], now: datetime
) -> Terms:
    """The terms of a payment. `rates` is asked only between currencies. Raises a refusal."""
    wallet = wish.wallet
    target = target_amount(place, wish.typed)
    corridor = corridor_of(wallet, place, reference)
    fee = fee_at(place, corridor, target, reference)
    home_currency = corridor.home_currency
    mid, spread = Decimal(1), 0
    if home_currency != target.currency:
        sheet = rates()
        mid = sheet.mid(target.currency, home_currency)
        spread = sheet.spread(corridor.corridor_id)
    priced = price(target, home_currency, mid, spread)
    rules = reference.rules_of.get(corridor.corridor_id, ())
    refusal = amount_refusal(corridor, priced.home, target, rules)
    if refusal is not None:
        raise refusal
    partner_id = place.scheme.acceptance_partner_id
    payable = place.payable_account_id or partner_payable(partner_id, target.currency).account_id
    return Terms(
        reference=new_reference(now),
        participant_id=wallet.participant_id,
        payment_id=wish.payment_id,
        digest=wish.digest,
        payer_id=wish.payer_id,
        corridor_id=corridor.corridor_id,
        acceptance_partner_id=partner_id,
        collect_partner_id=wallet.collect_partner_id,
        merchant_id=place.merchant_id,
        merchant_name=place.name,
        merchant_city=place.city,
        merchant_country=place.country,
        merchant_code=wish.code if partner_id else "",
        funding_account_id=funding_account(wallet, wish.payer_id).account_id,
        payable_account_id=payable,
        target_currency=target.currency,
        target_minor=target.minor,
        fee_minor=fee.minor,
        home_currency=home_currency,
        home_minor=priced.home.minor,
        spread_minor=priced.spread.minor,
        mid=priced.mid,
        quote_expire_time=now + timedelta(seconds=corridor.quote_seconds),
        create_time=now,
        order_label=place.order_label,
    )
