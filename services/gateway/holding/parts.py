"""What of each leg a capture takes. Pure.

It is what a refund of the rest would leave (`refunds.reversal`): so captured and released add up to
what was authorised, leg by leg, and later refunds of what was captured end at nothing.
"""

from services.gateway.payments.model import NOTHING, Life, Parts, Terms
from services.gateway.refunds.reversal import parts_of, reversed_parts


def captured_parts(terms: Terms, minor: int) -> Parts:
    """The amounts of the legs where `minor` units of the target are captured, not all of it."""
    assert 0 < minor < terms.target_minor
    whole = parts_of(terms)
    return whole.less(reversed_parts(whole, NOTHING, terms.target_minor - minor))


def released_parts(terms: Terms, life: Life) -> Parts:
    """What a capture has left of a payment: it counts as given back."""
    return NOTHING if life.captured is None else parts_of(terms).less(life.captured)
