"""What of a refund is given back, and at which rate, by the policy of its corridor. Pure.

The shares of the legs (`reversal`) say what counts as given back; a policy changes what is moved
for them. A fee that is kept is borne by the merchant's side, whose payable gives back the whole
target; a spread that is kept stays FX income. At the day's rate the payer gets the target amount
at the mid of the day, rounded down, instead of the share of what was paid at mid; position and
house bear the difference. Who was charged by a partner gets back at most what was captured there.
"""

from dataclasses import dataclass
from decimal import Decimal

from services.core.money import Money, Rounding
from services.core.rate import convert
from services.gateway.payments.model import NOTHING, Parts, Terms
from services.gateway.reference import RefundPolicy, RefundRate


@dataclass(frozen=True, slots=True)
class Already:
    """What was given back of a payment, or is about to be: shares, and home money paid."""

    shares: Parts = NOTHING
    home_minor: int = 0


@dataclass(frozen=True, slots=True)
class Reckoning:
    """How one refund was reckoned. `mid_minor` and `spread_minor` are what its payer gets.

    `day_mid` is home currency for one unit of target, at the day's rate only.
    """

    rate: RefundRate
    keeps_fee: bool
    keeps_spread: bool
    day_mid: Decimal | None
    mid_minor: int
    spread_minor: int

    def applied(self, shares: Parts) -> Parts:
        """What each leg moves for these shares."""
        kept = shares.fee if self.keeps_fee else 0
        return Parts(self.mid_minor, self.spread_minor, shares.payable + kept, shares.fee - kept)


def reckon(
    policy: RefundPolicy,
    terms: Terms,
    shares: Parts,
    already: Already,
    day_mid: Decimal | None,
) -> Reckoning:
    """The reckoning of a refund of `shares`; `day_mid` is given for the day's rate."""
    target = Money(shares.payable + shares.fee, terms.target_currency)
    mid = shares.mid
    if day_mid is not None:
        mid = convert(target, terms.home_currency, day_mid, Rounding.DOWN).minor
    spread = 0 if policy.keeps_spread else shares.spread
    if terms.collect_partner_id:
        left = max(0, terms.home_minor - already.home_minor)
        spread = min(spread, left)
        mid = min(mid, left - spread)
    return Reckoning(policy.rate, policy.keeps_fee, policy.keeps_spread, day_mid, mid, spread)
