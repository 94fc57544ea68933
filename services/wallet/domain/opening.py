"""Rules for opening accounts. An account never changes afterwards, but for its totals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.core.accounts import AccountKind
from services.core.currencies import CURRENCIES
from services.core.ids import STRIPE_COUNT, stripe_of
from services.wallet.domain.clauses import Clause, Fault, first_fault
from services.wallet.domain.model import AMOUNT_LIMIT, ID_LENGTH, is_account_id

ACCOUNT_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Account:
    """An account without its totals. `net_debit_limit` in minor units; None is without limit."""

    account_id: str
    currency: str
    kind: AccountKind | None
    """None for a kind this version does not know, which is refused."""
    owner_id: str
    striped: bool
    net_debit_limit: int | None

    @property
    def stripes(self) -> range:
        """The stripes at which the account has a row."""
        if self.striped:
            return range(STRIPE_COUNT)
        own = stripe_of(self.account_id)
        return range(own, own + 1)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over an account's rows, in minor units."""

    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0


@dataclass(frozen=True, slots=True)
class Balance:
    """An account with its totals."""

    account: Account
    totals: Totals
    create_time: datetime

    def without(self, debits_later: int, credits_later: int) -> "Balance":
        """As it was before these were posted; what was pending then is not known."""
        before = Totals(
            debits_posted=self.totals.debits_posted - debits_later,
            credits_posted=self.totals.credits_posted - credits_later,
        )
        return Balance(self.account, before, self.create_time)


@dataclass(frozen=True, slots=True)
class Opening:
    """Open `accounts`, or none of them. `link_id` is empty for a call by RPC."""

    link_id: str
    accounts: tuple[Account, ...]

    @property
    def stripe(self) -> int:
        """The stripe of its facts: that of the first account."""
        return stripe_of(self.accounts[0].account_id if self.accounts else "")


def opening_fault(accounts: Sequence[Account]) -> Fault | None:
    """What is wrong with the accounts to be opened, before any other is looked at."""
    if not accounts:
        return Fault(Clause.ACCOUNTS_MISSING)
    if len(accounts) > ACCOUNT_LIMIT:
        return Fault(Clause.TOO_MANY_ACCOUNTS)
    return first_fault([fault for account in accounts if (fault := _fault_of(account))])


def _fault_of(account: Account) -> Fault | None:
    if not is_account_id(account.account_id):
        return Fault(Clause.ACCOUNT_ID_MALFORMED)
    if account.currency not in CURRENCIES:
        return Fault(Clause.CURRENCY_UNKNOWN, account.account_id)
    if account.kind is None:
        return Fault(Clause.KIND_UNKNOWN, account.account_id)
    owner = account.owner_id
    if len(owner) > ID_LENGTH or not (owner.isascii() and owner.isprintable()):
        return Fault(Clause.OWNER_MALFORMED, account.account_id)
    limit = account.net_debit_limit
    if limit is not None and (account.striped or not 0 <= limit <= AMOUNT_LIMIT):
        return Fault(Clause.LIMIT_NOT_ALLOWED, account.account_id)
    return None


def decide_opening(
    accounts: Sequence[Account], there: Mapping[str, Account]
) -> tuple[list[Account], Fault | None]:
    """The accounts that have to be made, given those of their ids that are `there`.

    The same account twice, or one that is there with the same content, is left as it is.
    """
    fresh: dict[str, Account] = {}
    for account in accounts:
        name = account.account_id
        known = there.get(name) or fresh.setdefault(name, account)
        if known != account:
            fault = Fault(Clause.ACCOUNT_EXISTS_WITH_DIFFERENT_CONTENT, name)
            return [], fault
    return list(fresh.values()), None
