"""How much of each leg a refund at the original rate reverses. Pure.

After refunds of `so_far` in all, round(leg × so far ÷ original) of each leg stands reversed
(design §6), so that refunds of the whole reverse the whole, whatever their number. Home legs are
rounded down, in favour of the house; on the target's side fee and payable add up to the refund.
"""

from decimal import Context, Decimal

from services.core.money import Rounding, round_units
from services.gateway.payments.model import Leg, Parts, Terms, ways_of

_CONTEXT = Context(prec=60)


def parts_of(terms: Terms) -> Parts:
    """The amounts of a payment's legs; a payment of one currency has no home legs."""
    amounts = {leg.purpose: leg.amount.minor for leg in ways_of(terms)}
    return Parts(*(amounts.get(name, 0) for name in ("mid", "spread", "payable", "fee")))


def reversed_parts(whole: Parts, already: Parts, target_minor: int) -> Parts:
    """What a refund of `target_minor` reverses after `already`; at most the rest of each leg.

    `already` are the sums over all refunds that were not declined. A refund beyond the rest of
    the target is a mistake of the caller.
    """
    original = whole.payable + whole.fee
    so_far = already.payable + already.fee + target_minor
    assert target_minor > 0
    assert so_far <= original
    mid, spread = (
        max(0, _share(leg, so_far, original, Rounding.DOWN) - before)
        for leg, before in ((whole.mid, already.mid), (whole.spread, already.spread))
    )
    fee = _share(whole.fee, so_far, original, Rounding.HALF_UP) - already.fee
    # A declined refund leaves the others' roundings behind, so that the share may be out of reach.
    least = max(0, target_minor - (whole.payable - already.payable))
    fee = min(max(fee, least), target_minor, whole.fee - already.fee)
    return Parts(mid, spread, target_minor - fee, fee)


def _share(leg: int, so_far: int, original: int, rounding: Rounding) -> int:
    # The product is whole and the quotient is exact to 60 digits: no half is mistaken.
    exact = _CONTEXT.divide(Decimal(leg) * Decimal(so_far), Decimal(original))
    return round_units(exact, rounding)


def reversed_legs(terms: Terms, parts: Parts) -> list[Leg]:
    """The legs the ledger is to move: those of the payment, the other way round."""
    amounts = ((leg, parts.amount_of(leg.purpose)) for leg in ways_of(terms))
    return [
        Leg(
            leg.credit_account_id,
            leg.debit_account_id,
            type(leg.amount)(minor, leg.amount.currency),
            leg.purpose,
        )
        for leg, minor in amounts
        if minor > 0
    ]
