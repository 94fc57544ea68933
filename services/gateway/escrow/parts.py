"""How escrow stands in the merchant's place: in the legs of a payment, and in those of refunds.

What is paid in is the whole target: the merchant's fee is taken when the merchant gets the money.
So a refund takes what is held first, without a fee; the rest is the merchant's and the fee's, as of
a payment of what was released. Pure.
"""

from dataclasses import dataclass, replace

from services.core.accounts import escrow
from services.gateway.payments.model import Leg, Parts, Payment, Terms, legs_of
from services.gateway.refunds.reversal import parts_of, reversed_parts


def escrow_account(terms: Terms) -> str:
    """Where a payment into escrow is kept."""
    return escrow(terms.merchant_id, terms.target_currency).account_id


def reserved_legs(payment: Payment) -> list[Leg]:
    """What the ledger reserves of a payment."""
    terms = payment.terms
    if not payment.life.escrowed:
        return legs_of(terms)
    return legs_of(replace(terms, payable_account_id=escrow_account(terms), fee_minor=0))


@dataclass(frozen=True, slots=True)
class Held:
    """What refunds have to know of an escrow; minor units of the target."""

    minor: int
    released_minor: int
    released_fee_minor: int
    returned_minor: int


def escrowed_shares(terms: Terms, held: Held, already: Parts, minor: int) -> tuple[Parts, int]:
    """What a refund of `minor`, at most what refunds have left, reverses of each leg; and what of
    it comes out of escrow.

    `already` sums the payment's refunds that were not declined, those out of escrow too.
    """
    out = min(minor, held.minor)
    rest = minor - out
    home = reversed_parts(parts_of(terms), replace(already, fee=0, payable=_all(already)), minor)
    if not rest:
        return Parts(home.mid, home.spread, minor, 0), out
    fee = held.released_fee_minor
    released = Parts(0, 0, held.released_minor - fee, fee)
    before = Parts(0, 0, already.payable - held.returned_minor, already.fee)
    taken = reversed_parts(released, before, rest)
    return Parts(home.mid, home.spread, out + taken.payable, taken.fee), out


def _all(already: Parts) -> int:
    return already.payable + already.fee


def out_of_escrow(legs: list[Leg], terms: Terms, minor: int) -> list[Leg]:
    """The legs of a refund with `minor` of what they debit the merchant debited from escrow."""
    found = []
    for leg in legs:
        if leg.debit_account_id != terms.payable_account_id:
            found.append(leg)
            continue
        currency = leg.amount.currency
        out = type(leg.amount)(minor, currency)
        found.append(replace(leg, debit_account_id=escrow_account(terms), amount=out))
        rest = leg.amount.minor - minor
        if rest:
            # Of one refund one leg has the purpose that refunds are counted by.
            own = replace(leg, amount=type(leg.amount)(rest, currency), purpose="released")
            found.append(own)
    return found
