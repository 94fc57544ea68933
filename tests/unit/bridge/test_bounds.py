"""What a partner never takes is refused before it is asked."""

from dataclasses import replace

import pytest

from services.bridge.domain.charge import Order
from services.bridge.partners.bounds import bounds_from, refuse
from services.core.money import Money
from tests.unit.bridge.builders import ORDER

WON = bounds_from({}, "KRW", 50, 2_000_000)


@pytest.mark.parametrize("minor", [50, 2_000_000])
def test_the_bounds_themselves_are_taken(minor: int) -> None:
    assert refuse(replace(ORDER, amount=Money(minor, "KRW")), WON) is None


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (replace(ORDER, amount=Money(49, "KRW")), "PARTNER_LIMIT"),
        (replace(ORDER, amount=Money(2_000_001, "KRW")), "PARTNER_LIMIT"),
        (replace(ORDER, amount=Money(50, "JPY")), "CURRENCY_NOT_TAKEN"),
        (replace(ORDER, charge_id="c" * 65), "CHARGE_ID_TOO_LONG"),
        (replace(ORDER, merchant_code="m" * 513), "MERCHANT_UNKNOWN"),
    ],
)
def test_what_is_out_of_bounds_is_refused_with_its_reason(order: Order, reason: str) -> None:
    refused = refuse(order, WON)
    assert refused is not None
    assert refused.reason == reason


def test_options_narrow_the_bounds_and_never_widen_them() -> None:
    narrow = bounds_from({"minimum_minor": "100", "maximum_minor": "500"}, "KRW", 50, 1_000)
    wide = bounds_from({"minimum_minor": "1", "maximum_minor": "5000"}, "KRW", 50, 1_000)
    assert (narrow.minimum_minor, narrow.maximum_minor) == (100, 500)
    assert (wide.minimum_minor, wide.maximum_minor) == (50, 1_000)
