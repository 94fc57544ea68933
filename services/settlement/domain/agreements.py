"""Agreements: who is paid from which accounts, and what of a window is theirs. Pure.

Several accounts of one agreement are netted against each other. Amounts are minor units of the
agreement's currency; more than zero is owed to the participant.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from services.core.accounts import AccountKind
from services.core.currencies import CURRENCIES
from services.core.errors import Conflict, Malformed
from services.core.ids import checked_id
from services.core.rate import BASIS_POINTS

# Named by hand, and paid by one payout: a transfer of the ledger has at most 1,024 legs, of which
# one may be a conversion's.
ACCOUNT_LIMIT = 1_000
RESERVE_DAYS_LIMIT = 366
HOLDER_LIMIT = 48
_ESCROW, _CUSTOMER = f"{AccountKind.ESCROW}:", f"{AccountKind.CUSTOMER}:"
_DIGITS = {"bank_code": 4, "branch_code": 3, "account_type": 1, "account_number": 7}


class AgreementMalformed(Malformed):
    """An agreement lacks something or cannot be kept."""


class AccountTaken(Conflict):
    """Another agreement pays the account already."""


class EveryShopTaken(Conflict):
    """Another agreement pays for every shop of the participant already."""


class AgreementFixed(Conflict):
    """Whose an agreement is, and in which currency, stays: positions stand in it."""


@dataclass(frozen=True, slots=True)
class Payee:
    """Who is paid, as the bank knows them; the holder's name in kana."""

    bank_code: str = ""
    branch_code: str = ""
    account_type: str = ""
    account_number: str = ""
    holder_name: str = ""

    @property
    def masked(self) -> str:
        """For people: the bank and the last digits; empty where there is no payee."""
        if not self.bank_code:
            return ""
        return f"{self.bank_code}-{self.branch_code} {self.masked_number}"

    @property
    def masked_number(self) -> str:
        return f"***{self.account_number[-3:]}"


NO_PAYEE = Payee()


@dataclass(frozen=True, slots=True)
class Agreement:
    """`bank_partner` is the bridge's bank that pays; empty: the participant is paid by hand.

    Of each window's net `reserve_basis_points` are kept back, and due `reserve_days` calendar days
    after the rest. `payee_merchant_id` names a shop, in the place of a payee: its account is paid.
    `every_shop`: all shops of the participant that no other agreement names join its accounts, each
    with the first window in which it has moved; `shop_count` says how many have.
    """

    agreement_id: str
    participant_id: str
    account_ids: tuple[str, ...]
    currency: str
    settlement_currency: str
    minimum_payout: int = 0
    reserve_basis_points: int = 0
    reserve_days: int = 0
    bank_partner: str = ""
    payee: Payee = NO_PAYEE
    active: bool = True
    payee_merchant_id: str = ""
    every_shop: bool = False
    shop_count: int = 0
    sealed_payee: bytes = b""
    """As it is stored: with it `payee` is only what people may be shown."""

    def check(self) -> None:
        """Raises `AgreementMalformed`, `IdMalformed`."""
        checked_id(self.agreement_id, "agreement_id")
        checked_id(self.participant_id, "participant_id")
        if not self.account_ids and not self.every_shop:
            _refuse("Name the accounts it pays from, or say every_shop.", "account_ids")
        if len(set(self.account_ids)) > ACCOUNT_LIMIT:
            _refuse(f"An agreement names at most {ACCOUNT_LIMIT} accounts.", "account_ids")
        for currency in (self.currency, self.settlement_currency):
            if currency not in CURRENCIES:
                _refuse("The currency is not known; use ISO 4217 letters.", "currency_code")
        if strangers := [a for a in self.account_ids if not a.endswith(f":{self.currency}")]:
            _refuse(f"{strangers[0][:200]!r} is no account of {self.currency}.", "account_ids")
        if kept := [a for a in self.account_ids if a.startswith(_ESCROW)]:
            _refuse(f"{kept[0][:200]!r} is kept for buyers: nobody is paid from it.", "account_ids")
        if own := [a for a in self.account_ids if a.startswith(_CUSTOMER)]:
            _refuse(f"{own[0][:200]!r} is a payer's own: they draw from it.", "account_ids")
        if self.minimum_payout < 0:
            _refuse("The minimum payout is zero or more minor units.", "minimum_payout")
        if not 0 <= self.reserve_basis_points <= BASIS_POINTS:
            _refuse(f"A reserve is 0 to {BASIS_POINTS} basis points.", "reserve_basis_points")
        if not 0 <= self.reserve_days <= RESERVE_DAYS_LIMIT:
            _refuse(f"A reserve is kept for 0 to {RESERVE_DAYS_LIMIT} days.", "reserve_days")
        self._check_payee()

    def _check_payee(self) -> None:
        if not self.bank_partner:
            if self.payee != NO_PAYEE:
                _refuse("A payee needs the bank that pays: name one.", "bank_partner_id")
            if self.payee_merchant_id:
                _refuse("A merchant's account needs the bank that pays it.", "bank_partner_id")
            return
        if self.payee_merchant_id:
            checked_id(self.payee_merchant_id, "payee_merchant_id")
            if self.payee != NO_PAYEE:
                _refuse("Name a payee, or a merchant whose account is paid; not both.", "payee")
            return
        for field, length in _DIGITS.items():
            if not re.fullmatch(rf"[0-9]{{{length}}}", getattr(self.payee, field)):
                _refuse(f"payee.{field} has {length} digits.", f"payee.{field}")
        if not 0 < len(self.payee.holder_name) <= HOLDER_LIMIT:
            _refuse(
                f"payee.holder_name has 1 to {HOLDER_LIMIT} characters, kana as the bank has it.",
                "payee.holder_name",
            )


def _refuse(sentence: str, field: str) -> None:
    raise AgreementMalformed(sentence, field=field)


@dataclass(frozen=True, slots=True)
class Position:
    """What a window has brought an account of an agreement: `part` is net or reserve."""

    window_id: str
    agreement_id: str
    account_id: str
    part: str
    amount_minor: int
    due_date: date


def positions_of(
    agreement: Agreement, window_id: str, nets: Mapping[str, int], settle_date: date
) -> list[Position]:
    """The agreement's positions of a window; `nets` is what each account's net is there.

    The reserve is a part of the accounts' common net, rounded down, and is kept back on the
    accounts that are owed something, in proportion.
    """
    moved = {each: nets[each] for each in sorted(set(agreement.account_ids)) if nets.get(each)}
    reserve = max(0, sum(moved.values())) * agreement.reserve_basis_points // BASIS_POINTS
    kept = _shared_out(reserve, {account: net for account, net in moved.items() if net > 0})
    free_date = settle_date + timedelta(days=agreement.reserve_days)
    found = []
    for account, net in moved.items():
        back = kept.get(account, 0)
        for part, minor, due in (("net", net - back, settle_date), ("reserve", back, free_date)):
            if minor:
                found.append(Position(window_id, agreement.agreement_id, account, part, minor, due))
    return found


def _shared_out(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """`total` in proportion to the weights, none above its weight where the total is not."""
    shares = {}
    left, weight_left = total, sum(weights.values())
    for name, weight in weights.items():
        shares[name] = left * weight // weight_left
        left -= shares[name]
        weight_left -= weight
    return shares
