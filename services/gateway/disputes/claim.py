"""What a dispute claims, and which legs set it aside. Pure.

A dispute counts against what can be refunded, and covers at most what refunds have left: a payment
is never both given back and charged back beyond what was captured. What a partner claims beyond
that is *uncovered*: an operator's case, should it be lost.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from services.core.accounts import AccountKind, house
from services.core.money import Money, Rounding, round_units
from services.gateway.payments.model import NOTHING, Leg, Parts, Terms
from services.gateway.payments.saga import Side
from services.gateway.refunds.policy import Already
from services.gateway.refunds.reversal import parts_of, reversed_legs, reversed_parts


@dataclass(frozen=True, slots=True)
class Claim:
    """What a partner opened. Never changes.

    `amount` is contested, in the currency of the partner's charge; `shares` are what of the
    payment's legs it covers.
    """

    reference: str
    dispute_id: str
    payment_reference: str
    side: Side
    partner_id: str
    partner_reference: str
    amount: Money
    reason: str
    answer_until: datetime | None
    shares: Parts
    create_time: datetime


def covered_shares(terms: Terms, side: Side, contested_minor: int, already: Already) -> Parts:
    """The shares that a claim covers, after what was given back `already`."""
    whole, before = parts_of(terms), already.shares
    left = terms.target_minor - before.payable - before.fee
    if side is Side.DELIVER or terms.home_currency == terms.target_currency:
        target = min(contested_minor, left)
        return reversed_parts(whole, before, target) if target > 0 else NOTHING
    home = min(contested_minor, terms.home_minor - already.home_minor)
    if home <= 0:
        return NOTHING
    mid, spread = _home_parts(whole, before, home, terms.home_minor)
    exact = Decimal(terms.target_minor) * home / terms.home_minor
    target = min(round_units(exact, Rounding.UP), left)
    fee = reversed_parts(whole, before, target).fee if target > 0 else 0
    return Parts(mid, spread, max(0, target) - fee, fee)


def _home_parts(whole: Parts, before: Parts, home: int, original: int) -> tuple[int, int]:
    """Mid and spread of what is taken back in home money, which they make up to the unit."""
    share = round_units(Decimal(whole.spread) * home / original, Rounding.DOWN)
    spread = min(share, max(0, whole.spread - before.spread), home)
    mid = min(home - spread, max(0, whole.mid - before.mid))
    return mid, home - mid


def covered_amount(claim: Claim, terms: Terms) -> Money:
    """What of the contested amount is covered, in the currency of the partner's charge."""
    shares = claim.shares
    if claim.side is Side.COLLECT and terms.home_currency != terms.target_currency:
        return Money(shares.mid + shares.spread, claim.amount.currency)
    return Money(shares.payable + shares.fee, claim.amount.currency)


def borne_by_merchant(claim: Claim, terms: Terms) -> bool:
    """Whether a merchant of our own acquirers bears it; the fee is not given back then. What a
    person was paid is not taken from them: the house bears it."""
    of_ours = not terms.acceptance_partner_id and terms.payee is None
    return claim.side is Side.COLLECT and of_ours


def claim_legs(claim: Claim, terms: Terms, bearer_account_id: str = "") -> list[Leg]:
    """The legs that set the claim aside, `bearer_account_id` in the place of the payable.

    A payer's wallet takes back from what it owes us, a merchant's network from what we owe it.
    Where the payer's wallet contests what a merchant's network was paid, the house bears it.
    """
    shares = claim.shares
    if borne_by_merchant(claim, terms):
        whole = Parts(shares.mid, shares.spread, shares.payable + shares.fee, 0)
        legs = reversed_legs(terms, whole)
        payable = terms.payable_account_id
        bearer = bearer_account_id or payable
        return [
            replace(leg, debit_account_id=bearer) if leg.debit_account_id == payable else leg
            for leg in legs
        ]
    if claim.side is Side.DELIVER:
        return reversed_legs(terms, shares)
    return _borne_by_house(terms, covered_amount(claim, terms))


def uncovered_legs(claim: Claim, terms: Terms) -> list[Leg]:
    """What the partner took beyond the claim's cover, booked against loss."""
    amount = claim.amount - covered_amount(claim, terms)
    if claim.side is Side.COLLECT:
        return _borne_by_house(terms, amount)
    # A merchant's network gave back more than it had kept.
    loss = house(AccountKind.LOSS, amount.currency).account_id
    return [Leg(terms.payable_account_id, loss, amount, "dispute")] if amount.minor > 0 else []


def _borne_by_house(terms: Terms, amount: Money) -> list[Leg]:
    loss = house(AccountKind.LOSS, amount.currency).account_id
    return [Leg(loss, terms.funding_account_id, amount, "dispute")] if amount.minor > 0 else []
