"""The accounts of a resolution's transfer, checked by what their names say (design §6).

That they exist, and have the money, is the ledger's word.
"""

import re

from services.core.accounts import AccountKind
from services.core.currencies import minor_units
from services.core.money import LARGEST_UNITS, Money
from services.reconciliation.breaks.model import ResolutionKind
from services.reconciliation.breaks.refusals import TransferMalformed

_ACCOUNT = re.compile(r"([a-z-]+)(?::[A-Za-z0-9_./-]{1,80})?:([A-Z]{3})", re.ASCII)
_KINDS = frozenset(AccountKind)


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


def _kind_of(account: str, field: str, currency: str) -> AccountKind:
    found = _ACCOUNT.fullmatch(account)
    if found is None or found[1] not in _KINDS:
        problem = f"{account[:80]!r} is no account, such as suspense:{currency}"
        raise TransferMalformed(field, problem)
    if found[2] != currency:
        raise TransferMalformed(field, f"{account[:80]!r} is not in {currency}")
    return AccountKind(found[1])
