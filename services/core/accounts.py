"""Ledger accounts by name: one place says how an account is called and which rules it has.

Names read from the general to the particular, such as `prefund:panda-wallet:CNY`. Kinds and the
table of postings are in design §6. Accounts that all payments share are striped and have no limit;
an account with a limit is one row.
"""

from dataclasses import dataclass
from enum import StrEnum


class AccountKind(StrEnum):
    """What an account stands for; the first part of its name."""

    CUSTOMER = "customer"
    PREFUND = "prefund"
    PARTNER_RECEIVABLE = "partner-receivable"
    MERCHANT_PAYABLE = "merchant-payable"
    PARTNER_PAYABLE = "partner-payable"
    POSITION = "position"
    FX_INCOME = "fx-income"
    FX_RESULT = "fx-result"
    FX_DEAL_CLEARING = "fx-deal-clearing"
    FEE_INCOME = "fee-income"
    PARTNER_FEE_EXPENSE = "partner-fee-expense"
    BANK_FEE_EXPENSE = "bank-fee-expense"
    BANK = "bank"
    BANK_CLEARING_IN = "bank-clearing-in"
    BANK_CLEARING_OUT = "bank-clearing-out"
    PROMOTION = "promotion"
    SUSPENSE = "suspense"
    LOSS = "loss"
    ESCROW = "escrow"


_CUSTOMER = f"{AccountKind.CUSTOMER}:"


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """An account to be opened. `net_debit_limit` in minor units; None is without limit."""

    kind: AccountKind
    currency: str
    owner: str = ""
    net_debit_limit: int | None = None

    @property
    def account_id(self) -> str:
        middle = f":{self.owner}" if self.owner else ""
        return f"{self.kind}{middle}:{self.currency}"

    @property
    def striped(self) -> bool:
        """A row per stripe: accounts that many payers' payments share, without a limit."""
        return self.net_debit_limit is None and self.kind is not AccountKind.CUSTOMER


def house(kind: AccountKind, currency: str) -> AccountSpec:
    """An account of the house: position, income, bank, clearing, suspense."""
    return AccountSpec(kind, currency)


def prefund(wallet: str, currency: str, net_debit_cap: int = 0) -> AccountSpec:
    """A partner wallet's deposit with us; it may be overdrawn down to the cap."""
    return AccountSpec(AccountKind.PREFUND, currency, wallet, net_debit_cap)


def customer(wallet: str, payer: str, currency: str) -> AccountSpec:
    """A payer's own account in a hosted wallet; never overdrawn."""
    return AccountSpec(AccountKind.CUSTOMER, currency, f"{wallet}/{payer}", 0)


def customer_of(account_id: str) -> tuple[str, str] | None:
    """Wallet and payer of a customer's account; None for all other accounts."""
    if not account_id.startswith(_CUSTOMER):
        return None
    wallet, _, payer = account_id[len(_CUSTOMER) :].rpartition(":")[0].partition("/")
    return wallet, payer


def partner_receivable(partner: str, currency: str, limit: int) -> AccountSpec:
    """What a partner that collects from its own users owes us, up to a limit."""
    return AccountSpec(AccountKind.PARTNER_RECEIVABLE, currency, partner, limit)


def merchant_payable(merchant: str, currency: str, net_debit_limit: int) -> AccountSpec:
    """What we owe a merchant; refunds after payout may overdraw it down to the limit."""
    return AccountSpec(AccountKind.MERCHANT_PAYABLE, currency, merchant, net_debit_limit)


def partner_payable(partner: str, currency: str) -> AccountSpec:
    """What we owe an acceptance partner."""
    return AccountSpec(AccountKind.PARTNER_PAYABLE, currency, partner)


def escrow(merchant: str, currency: str) -> AccountSpec:
    """What a merchant's buyers have paid, until it is the merchant's or goes back to them."""
    return AccountSpec(AccountKind.ESCROW, currency, merchant)
