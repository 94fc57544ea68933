"""Ids, stripes, and the reasons of errors."""

from datetime import UTC, datetime

import pytest

from services.core.errors import Refused, reason_of
from services.core.ids import (
    IdMalformed,
    Resource,
    checked_id,
    new_reference,
    parse_resource_id,
    resource_id,
    stripe_of,
)

NOON = datetime(2026, 10, 30, 12, tzinfo=UTC)


def test_a_reference_has_26_characters_and_sorts_by_time() -> None:
    early, late = new_reference(NOON), new_reference(NOON.replace(hour=13))

    assert len(early) == 26
    assert early < late


def test_a_resource_id_reads_back() -> None:
    reference = new_reference(NOON)

    assert parse_resource_id(resource_id(Resource.TOP_UP, reference)) == (
        Resource.TOP_UP,
        reference,
    )


def test_a_stripe_never_changes_because_stored_transfers_depend_on_it() -> None:
    assert [stripe_of(key) for key in ("", "prefund:panda-wallet:CNY", "為替")] == [0, 55, 11]


@pytest.mark.parametrize("value", ["", "a" * 65, "a b", "é", "a\n"])
def test_an_id_of_a_wrong_shape_is_refused(value: str) -> None:
    with pytest.raises(IdMalformed):
        checked_id(value, "payment_id")


def test_a_reason_is_its_clause_in_upper_snake() -> None:
    class QuoteExpired(Refused):
        pass

    assert reason_of(QuoteExpired) == "QUOTE_EXPIRED"
    assert QuoteExpired("late").reason == "QUOTE_EXPIRED"
