"""What of an agreement's positions is paid now. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from services.core.money import Money, Rounding
from services.core.rate import convert
from services.settlement.domain.agreements import Agreement
from services.settlement.payouts.model import Payout, Share

Mid = Callable[[str, str], Decimal]
"""(base, quote): units of quote for one of base. Raises `Unavailable`, `NotFound`."""


@dataclass(frozen=True, slots=True)
class Due:
    """A position that is due and not paid yet; minor units, more than zero is owed."""

    window_id: str
    account_id: str
    part: str
    amount_minor: int
    due_date: date


def payout_of(
    agreement: Agreement, dues: Iterable[Due], payout_id: str, mid: Mid, now: datetime
) -> Payout | None:
    """One payout of all that is due; None where that is below the minimum, and is carried.

    What the participant owes is netted against what it is owed. Another settlement currency is
    worth the mid, rounded down. Raises what `mid` does.
    """
    by_account: dict[str, int] = {}
    windows, settle_date = [], date.min
    for due in dues:
        by_account[due.account_id] = by_account.get(due.account_id, 0) + due.amount_minor
        windows.append(due.window_id)
        settle_date = max(settle_date, due.due_date)
    total = sum(by_account.values())
    if total < max(agreement.minimum_payout, 1):
        return None
    owed = Money(total, agreement.currency)
    amount, rate = owed, None
    if agreement.settlement_currency != agreement.currency:
        rate = mid(agreement.currency, agreement.settlement_currency)
        amount = convert(owed, agreement.settlement_currency, rate, Rounding.DOWN)
    if amount.minor < 1:
        return None
    return Payout(
        payout_id=payout_id,
        agreement_id=agreement.agreement_id,
        participant_id=agreement.participant_id,
        amount=amount,
        owed=owed,
        rate=rate,
        shares=tuple(
            Share(account, minor) for account, minor in sorted(by_account.items()) if minor
        ),
        settle_date=settle_date,
        window_ids=tuple(sorted(set(windows))),
        bank_partner=agreement.bank_partner,
        payee=agreement.payee,
        create_time=now,
        update_time=now,
    )
