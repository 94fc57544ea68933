"""What of an agreement's positions is paid now. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from services.core.money import Money, Rounding
from services.core.rate import convert
from services.settlement.domain.agreements import ACCOUNT_LIMIT, Agreement
from services.settlement.payouts.grouping import groups_of
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


@dataclass(frozen=True, slots=True)
class Paid:
    """A payout, and the dues that it takes."""

    payout: Payout
    dues: Sequence[Due]


def payouts_of(
    agreement: Agreement,
    dues: Iterable[Due],
    new_id: Callable[[], str],
    mid: Mid,
    now: datetime,
    account_limit: int = ACCOUNT_LIMIT,
) -> list[Paid]:
    """Payouts of all that is due: one, or more where it is on too many accounts for one. None where
    it is below the minimum, which each of them reaches; the rest is carried.

    What the participant owes is netted against what it is owed. Another settlement currency is
    worth the mid, rounded down. Raises what `mid` does.
    """
    of_account: dict[str, list[Due]] = {}
    for due in dues:
        of_account.setdefault(due.account_id, []).append(due)
    totals = {each: sum(due.amount_minor for due in of_account[each]) for each in of_account}
    least = max(agreement.minimum_payout, 1)
    if sum(totals.values()) < least:
        return []
    paid = []
    settled = [account for account, minor in totals.items() if not minor]
    for accounts in groups_of(totals, least, account_limit):
        taken = [due for account in (*accounts, *settled) for due in of_account[account]]
        shares = tuple(Share(account, totals[account]) for account in sorted(accounts))
        payout = _payout(agreement, shares, taken, new_id(), mid, now)
        if payout.amount.minor > 0:
            paid.append(Paid(payout, taken))
            settled = []
    return paid


def _payout(
    agreement: Agreement,
    shares: tuple[Share, ...],
    dues: Sequence[Due],
    payout_id: str,
    mid: Mid,
    now: datetime,
) -> Payout:
    owed = Money(sum(share.amount_minor for share in shares), agreement.currency)
    amount, rate = owed, None
    if agreement.settlement_currency != agreement.currency:
        rate = mid(agreement.currency, agreement.settlement_currency)
        amount = convert(owed, agreement.settlement_currency, rate, Rounding.DOWN)
    return Payout(
        payout_id=payout_id,
        agreement_id=agreement.agreement_id,
        participant_id=agreement.participant_id,
        amount=amount,
        owed=owed,
        rate=rate,
        shares=shares,
        settle_date=max(due.due_date for due in dues),
        window_ids=tuple(sorted({due.window_id for due in dues})),
        bank_partner=agreement.bank_partner,
        payee=agreement.payee,
        create_time=now,
        update_time=now,
    )
