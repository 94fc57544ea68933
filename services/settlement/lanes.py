"""Which outbox stripes settlement writes to.

Facts keep to the lower half, so that who reads `settlement.event` sees each of its stripes without
gaps; commands, which nobody counts, to the upper half. The key says which stripe of the half.
"""

from services.core.ids import STRIPE_COUNT, stripe_of

_HALF = STRIPE_COUNT // 2


def fact_stripe(key: str) -> int:
    """The stripe of a fact with this key."""
    return stripe_of(key) % _HALF


def command_stripe(key: str) -> int:
    """The stripe of a command with this key."""
    return _HALF + stripe_of(key) % _HALF
