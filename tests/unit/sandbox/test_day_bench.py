"""What the bench of a day calls found, missed and invented."""

from services.pb.kawase.reconciliation.v1.break_service_pb2 import Break
from services.sandbox.bench.day import compare


def test_each_planted_discrepancy_has_to_be_found_in_its_place_and_nothing_else() -> None:
    planted = [
        {"kind": "missing", "id": "payment-A"},
        {"kind": "wrong_fee", "id": "payment-B"},
        {"kind": "extra", "id": "X1"},
    ]
    breaks = [
        Break(kind="MISSING_AT_PARTNER", our_reference="payment-A"),
        Break(kind="AMOUNT", our_reference="payment-B", their_reference="17"),
        Break(kind="MISSING_WITH_US", their_reference="X1"),
    ]
    found = compare(planted, breaks)

    assert (found["planted"], found["found"], found["invented"]) == (3, 2, 1)
    assert found["missed"] == ["FEE payment-B"]
    assert found["surplus"] == ["AMOUNT payment-B"]
