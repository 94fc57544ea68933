"""Which outbox stripes this process writes to: one for facts, one for commands.

A batch then locks two rows of `outbox_stripes`, not one per key. Facts keep to the lower half of
the stripes, so that who reads `payment.event` sees each of its stripes without gaps; commands,
which nobody counts, keep to the upper half. Order per key needs no stripe: flights go out in the
order of their commits.
"""

import random

from services.core.ids import STRIPE_COUNT

_HALF = STRIPE_COUNT // 2
_LANE = random.randrange(_HALF)  # noqa: S311

FACT_STRIPE = _LANE
COMMAND_STRIPE = _HALF + _LANE
