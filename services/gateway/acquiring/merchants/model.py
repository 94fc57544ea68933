"""A shop as its acquirer describes it, version by version. Plain words, no rules."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.gateway.reference import Merchant


class State(StrEnum):
    """Where a version stands."""

    PENDING = "pending"  # waits for an operator
    APPROVED = "approved"  # in force
    REJECTED = "rejected"
    REPLACED = "replaced"  # a later one has taken its place


class Finding(StrEnum):
    """What the checks of a proposal point out to who approves it."""

    HOLDER_NAME_CLOSE = "HOLDER_NAME_CLOSE"  # one of both names is a part of the other
    HOLDER_NAME_DIFFERS = "HOLDER_NAME_DIFFERS"
    BANK_UNKNOWN = "BANK_UNKNOWN"
    BRANCH_UNKNOWN = "BRANCH_UNKNOWN"


@dataclass(frozen=True, slots=True)
class Content:
    """What an acquirer says of a shop. Field order is that of the store's columns.

    Limits in minor units of `currency`; the bank's fields are all empty, or none is.
    """

    merchant_id: str
    name: str
    local_name: str
    kana_name: str
    category_code: str
    postal_code: str
    city: str
    country_code: str
    currency: str
    scheme: str
    scheme_account_id: str
    parent_merchant_id: str
    fee_plan_id: str
    net_debit_limit: int
    refund_day_limit: int
    bank_code: str
    branch_code: str
    account_type: str
    account_number: str
    holder_name: str

    @property
    def has_account(self) -> bool:
        """Whether it is paid out to an account of its own."""
        return bool(self.bank_code)


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `key_id` proposed it, `maker_id` is the person who made that key.

    `plan_until` and `plan_after_id` are of a plan for small merchants: when it ends, what follows.
    As it is stored, the account's number is masked; `sealed_payee` has the whole account.
    """

    content: Content
    acquirer_id: str
    version: int
    state: State
    findings: tuple[Finding, ...]
    key_id: str
    maker_id: str
    propose_time: datetime
    plan_until: datetime | None = None
    plan_after_id: str = ""
    reason: str = ""
    decider_id: str = ""
    decide_time: datetime | None = None
    sealed_payee: bytes = b""
    account_effective_time: datetime | None = None


def in_force(versions: Iterable[Version]) -> Version | None:
    """The one that is approved."""
    return next((each for each in versions if each.state is State.APPROVED), None)


def reference_of(acquirer_id: str, content: Content) -> Merchant:
    """What payments know of the shop."""
    return Merchant(
        content.merchant_id,
        acquirer_id,
        content.local_name or content.name,
        content.city,
        content.country_code,
        content.category_code,
        content.currency,
        content.scheme,
        content.scheme_account_id,
        content.fee_plan_id,
        content.net_debit_limit,
    )


def content_of(merchant: Merchant) -> Content:
    """What is known of a shop that the operator has put itself."""
    return Content(
        merchant.merchant_id,
        merchant.name,
        "",
        "",
        merchant.category_code,
        "",
        merchant.city,
        merchant.country_code,
        merchant.currency,
        merchant.scheme,
        merchant.scheme_account_id,
        "",
        merchant.fee_plan_id,
        merchant.net_debit_limit,
        0,
        "",
        "",
        "",
        "",
        "",
    )
