"""What a partner takes of an order, checked before it is asked.

A partner that is asked for what it never takes answers with a refusal at best. Amounts can be
narrowed by the options `minimum_minor` and `maximum_minor` of the partners' file.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.bridge.domain.answer import Answer, Outcome
from services.bridge.domain.charge import Order
from services.core.money import Money


@dataclass(frozen=True, slots=True)
class Bounds:
    """Amounts in minor units of any of `currencies`, or of all where there are none; lengths in
    characters."""

    currencies: frozenset[str] = frozenset()
    minimum_minor: int = 1
    maximum_minor: int | None = None
    id_length: int = 64
    code_length: int = 512


def bounds_from(
    options: Mapping[str, str], currency: str = "", minimum: int = 1, maximum: int | None = None
) -> Bounds:
    """A partner's own bounds, as far as `options` do not narrow them. Raises ValueError."""
    least = max(minimum, int(options.get("minimum_minor", minimum)))
    most = int(options["maximum_minor"]) if "maximum_minor" in options else maximum
    if maximum is not None and most is not None:
        most = min(most, maximum)
    currencies = frozenset({currency}) if currency else frozenset()
    return Bounds(currencies, least, most)


def refuse(order: Order, bounds: Bounds) -> Answer | None:
    """Why the partner would not take the order; None where it may."""
    if bounds.currencies and order.amount.currency not in bounds.currencies:
        taken = " or ".join(sorted(bounds.currencies))
        return _refused("CURRENCY_NOT_TAKEN", f"The partner charges {taken}.")
    if order.amount.minor < bounds.minimum_minor:
        least = Money(bounds.minimum_minor, order.amount.currency)
        return _refused("PARTNER_LIMIT", f"The partner takes {least} or more.")
    if bounds.maximum_minor is not None and order.amount.minor > bounds.maximum_minor:
        most = Money(bounds.maximum_minor, order.amount.currency)
        return _refused("PARTNER_LIMIT", f"The partner takes at most {most}.")
    if len(order.charge_id) > bounds.id_length:
        return _refused("CHARGE_ID_TOO_LONG", f"An id has up to {bounds.id_length} characters.")
    if len(order.merchant_code) > bounds.code_length:
        return _refused("MERCHANT_UNKNOWN", f"A code has up to {bounds.code_length} characters.")
    return None


def _refused(reason: str, message: str) -> Answer:
    return Answer(Outcome.REJECTED, reason=reason, message=message, detail="not sent")
