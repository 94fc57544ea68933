"""The accounts of a resolution's transfer, checked by what their names say (design §6).

That they exist, and have the money, is the ledger's word.
"""

import re

from services.core.accounts import AccountKind, AccountSpec, house
from services.core.currencies import minor_units
from services.core.money import LARGEST_UNITS, Money
from services.reconciliation.breaks.model import ResolutionKind
from services.reconciliation.breaks.refusals import TransferMalformed
from services.reconciliation.matching.rows import BreakKind

_ACCOUNT = re.compile(r"([a-z-]+)(?::[A-Za-z0-9_./-]{1,80})?:([A-Z]{3})", re.ASCII)
_KINDS = frozenset(AccountKind)
# As which money shows that a partner has settled, with a summary of it or without.
_SETTLED = frozenset({BreakKind.UNBOOKED, BreakKind.UNIDENTIFIED_CREDIT})
# Opened where a correction needs them first: the ledger repeats its refusal of a link for ever.
_HOUSE = frozenset(
    {
        AccountKind.BANK,
        AccountKind.BANK_FEE_EXPENSE,
        AccountKind.LOSS,
        AccountKind.PARTNER_FEE_EXPENSE,
        AccountKind.SUSPENSE,
    }
)


def check_transfer(kind: ResolutionKind, debit: str, credit: str, amount: Money) -> None:
    """Raises `TransferMalformed`, `CurrencyUnknown`."""
    minor_units(amount.currency)
    if not 0 < amount.minor <= LARGEST_UNITS:
        raise TransferMalformed("amount", "its amount is to be more than zero")
    kinds = [
        _kind_of(account, field, amount.currency)
        for account, field in ((debit, "debit_account_id"), (credit, "credit_account_id"))
    ]
    if debit == credit:
        raise TransferMalformed("credit_account_id", "both accounts are the same")
    if kind is ResolutionKind.WRITE_OFF and AccountKind.LOSS not in kinds:
        problem = f"a write-off has loss:{amount.currency} on one side"
        raise TransferMalformed("debit_account_id", problem)


def check_fee(
    broken: BreakKind, kind: ResolutionKind, credit: str, fee_minor: int, amount: Money
) -> None:
    """Whether a partner may have kept a fee of what it settled. Raises `TransferMalformed`."""
    if not fee_minor:
        return
    owed = credit.startswith(f"{AccountKind.PARTNER_RECEIVABLE}:")
    if broken not in _SETTLED or kind is not ResolutionKind.CORRECTING_TRANSFER:
        problem = "a fee is kept of what a partner has settled, and that is not booked"
        raise TransferMalformed("partner_fee", problem)
    if not owed:
        raise TransferMalformed("credit_account_id", "a fee is kept of what a partner owed")
    if not 0 < fee_minor <= amount.minor:
        raise TransferMalformed("partner_fee", "it is more than zero and at most the amount")


def house_accounts(*account_ids: str) -> list[AccountSpec]:
    """Those of the house among accounts that a correction moves, to be opened."""
    found = []
    for account_id in account_ids:
        kind, _, currency = account_id.partition(":")
        if kind in _HOUSE and ":" not in currency:
            found.append(house(AccountKind(kind), currency))
    return found


def _kind_of(account: str, field: str, currency: str) -> AccountKind:
    found = _ACCOUNT.fullmatch(account)
    if found is None or found[1] not in _KINDS:
        problem = f"{account[:80]!r} is no account, such as suspense:{currency}"
        raise TransferMalformed(field, problem)
    if found[2] != currency:
        raise TransferMalformed(field, f"{account[:80]!r} is not in {currency}")
    return AccountKind(found[1])
