"""Reference data: who takes part, where codes lead, what it costs. Read often, changed rarely.

Each gateway process holds all of it in memory as one immutable `Reference`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from services.core.money import Money, Rounding
from services.gateway.access.book import Book, Scope


class ParticipantKind(StrEnum):
    WALLET = "wallet"
    ACQUIRER = "acquirer"
    OPERATOR = "operator"


class Funding(StrEnum):
    """How a wallet's payers are funded."""

    PREFUND = "prefund"  # from the wallet's deposit with us
    HOSTED = "hosted"  # from the payer's own account with us
    PARTNER = "partner"  # the wallet charges its user and owes us


@dataclass(frozen=True, slots=True)
class Participant:
    """A partner wallet, acquirer or operator. Wallets have funding, home currency and time zone."""

    participant_id: str
    kind: ParticipantKind
    display_name: str
    funding: Funding | None = None
    home_currency: str = ""
    time_zone: str = "UTC"
    collect_partner_id: str = ""
    net_debit_limit: int = 0  # minor units
    country_code: str = ""  # ISO 3166; whose law limits the wallet's payers


@dataclass(frozen=True, slots=True)
class Merchant:
    """A shop of an acquirer of our own, found by the account id that its code carries."""

    merchant_id: str
    acquirer_id: str
    name: str
    city: str
    country_code: str
    category_code: str
    currency: str
    scheme: str
    scheme_account_id: str
    fee_plan_id: str
    net_debit_limit: int = 0  # minor units


@dataclass(frozen=True, slots=True)
class Scheme:
    """Who accepts codes of a scheme. Without a partner: merchants of our own acquirers."""

    scheme: str
    acceptance_partner_id: str
    currency: str
    country_code: str
    resolved_by_partner: bool = False


class FeePayer(StrEnum):
    MERCHANT = "merchant"  # taken from what the merchant's side gets
    HOUSE = "house"  # the house bears it: no fee leg


@dataclass(frozen=True, slots=True)
class FeePlan:
    """What the merchant's side pays: a rate on the target amount plus a fixed amount."""

    fee_plan_id: str
    payer: FeePayer
    rate_basis_points: int
    fixed: Money
    minimum: Money
    rounding: Rounding


class RefundRate(StrEnum):
    ORIGINAL = "original"  # each leg is reversed in proportion
    DAY = "day"  # the payer gets the target amount at the mid of the day of the refund


@dataclass(frozen=True, slots=True)
class RefundPolicy:
    """How refunds are reckoned. `within_days` after the payment; zero: no limit of ours.

    `by_shop_only`: the payer's wallet cannot have one made.
    """

    rate: RefundRate = RefundRate.ORIGINAL
    keeps_fee: bool = False
    keeps_spread: bool = False
    within_days: int = 0
    by_shop_only: bool = False


Way = tuple[str, str, str]
"""Wallet, acceptance side, target currency."""


def side_of_persons(wallet_id: str) -> str:
    """The acceptance side of a wallet's persons; no partner's id has a slash."""
    return f"persons/{wallet_id}"


@dataclass(frozen=True, slots=True)
class Corridor:
    """A payer's wallet times an acceptance partner. Limits in minor units of home; 0: none.

    A `personal` one leads to persons: its acceptance partner is the wallet whose payers are paid.
    """

    corridor_id: str
    wallet_id: str
    acceptance_partner_id: str
    home_currency: str
    target_currency: str
    fee_plan_id: str
    quote_seconds: int
    payment_minimum: int = 0
    payment_limit: int = 0
    payer_day_limit: int = 0
    corridor_day_limit: int = 0
    open: bool = True
    refund_policy: RefundPolicy = RefundPolicy()
    authorisation_days: int = 0  # that a hold may wait for its capture; 0: none are taken
    personal: bool = False
    escrow_days: int = 0  # that a buyer has to confirm receipt or dispute; 0: no escrow is offered

    @property
    def way(self) -> Way:
        """What payments find it by."""
        partner_id = self.acceptance_partner_id
        side = side_of_persons(partner_id) if self.personal else partner_id
        return self.wallet_id, side, self.target_currency


class LimitPeriod(StrEnum):
    """What a rule's maximum is the most of."""

    PAYMENT = "payment"
    DAY = "day"  # per payer and local day of the wallet
    MONTH = "month"  # per payer and local calendar month of the wallet
    YEAR = "year"  # per payer and local calendar year of the wallet


class LimitFlow(StrEnum):
    """What a rule limits."""

    PAYMENT = "payment"
    WITHDRAWAL = "withdrawal"  # what payers of hosted wallets draw to bank accounts
    PERSONAL = "personal"  # what payers pay to persons
    RECEIPT = "receipt"  # what persons are paid; wallet and country are the receiver's


@dataclass(frozen=True, slots=True)
class LimitRule:
    """The most, per payment also the least, that may be paid. What is empty fits everything.

    A maximum of zero is none; `minimum` is in minor units of the maximum's currency. `source` says
    where the rule comes from.
    """

    limit_rule_id: str
    period: LimitPeriod
    wallet_country: str
    wallet_id: str
    acceptance_partner_id: str
    collect_partner_id: str
    maximum: Money
    minimum: int
    source: str
    active: bool
    flow: LimitFlow = LimitFlow.PAYMENT


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A participant's key; only the digest of its secret is kept.

    Without scopes it is good for all that the participant's kind may do, without networks from
    anywhere. An operator's key belongs to a person, or to a service.
    """

    key_id: str
    participant_id: str
    digest: bytes
    expire_time: float | None  # seconds since 1970
    revoked: bool
    person_id: str = ""
    purpose: str = ""
    scopes: frozenset[Scope] = frozenset()
    networks: tuple[str, ...] = ()
    maker_id: str = ""  # the person who made it


@dataclass(frozen=True, slots=True)
class Reference:
    """All reference data as it stood at one moment."""

    participants: Mapping[str, Participant] = field(default_factory=dict)
    api_keys: Mapping[str, ApiKey] = field(default_factory=dict)
    merchants: Mapping[str, Merchant] = field(default_factory=dict)
    merchants_by_account: Mapping[tuple[str, str], Merchant] = field(default_factory=dict)
    """By (scheme, scheme account id)."""
    schemes: Mapping[str, Scheme] = field(default_factory=dict)
    fee_plans: Mapping[str, FeePlan] = field(default_factory=dict)
    corridors: Mapping[Way, Corridor] = field(default_factory=dict)
    limit_rules: Mapping[str, LimitRule] = field(default_factory=dict)
    rules_of: Mapping[str, tuple[LimitRule, ...]] = field(default_factory=dict)
    """Those in force for a corridor, by its id; corridors without any are left out."""
    access: Book = field(default_factory=Book)
