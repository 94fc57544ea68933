"""Faults of simulators: decided by seed, operation, id and attempt, and by nothing else."""

from typing import Any

import pytest

from services.sandbox.partners.faults import OF_CALLS, Fault, FaultBook, OwnFault

OWN = {"user_locked": OwnFault(("pay",), "USER_LOCKED")}
RATES = {"no_answer_after_work": 0.2, "error_before_work": 0.1, "user_locked": 0.2}


def book() -> FaultBook:
    return FaultBook(OF_CALLS, OWN)


def call(number: int, operation: str = "pay") -> dict[str, Any]:
    return {"operation": operation, "id": f"charge-{number}", "amount": 100}


def struck(faults: FaultBook, numbers: list[int], operation: str = "pay") -> dict[int, str]:
    found = {number: faults.take(call(number, operation)) for number in numbers}
    return {number: strike.fault for number, strike in found.items() if strike is not None}


def test_the_same_seed_befalls_the_same_calls_in_any_order() -> None:
    first, second = book(), book()
    for faults in (first, second):
        faults.set_random({"seed": 7, "rates": RATES})
    numbers = list(range(400))
    found = struck(first, numbers)
    assert found == struck(second, numbers[::-1])
    assert 120 < len(found) < 280


def test_another_attempt_is_decided_anew() -> None:
    faults = book()
    faults.set_random({"seed": 7, "rates": RATES})
    numbers = list(range(100))
    assert struck(faults, numbers) != struck(faults, numbers)


def test_with_names_by_amount_other_ids_and_the_same_amounts_repeat_a_run() -> None:
    found = []
    for run in ("first", "second"):
        faults = book()
        faults.set_random({"seed": 7, "rates": RATES, "named_by": "amount"})
        struck_now = []
        for number in range(200):
            named = {"id": f"{run}-{number}"}
            struck_now.append(faults.take({**named, "operation": "pay", "amount": number}))
            struck_now.append(faults.take({**named, "operation": "inquiry"}))
        found.append(struck_now)
    assert found[0] == found[1]


def test_faults_can_be_kept_to_the_first_attempts() -> None:
    faults = book()
    faults.set_random({"seed": 7, "rates": {"error_before_work": 1.0}, "attempts": 1})
    assert len(struck(faults, [1, 2, 3])) == 3
    assert struck(faults, [1, 2, 3]) == {}


def test_a_fault_of_the_business_befalls_its_operations_only() -> None:
    faults = book()
    faults.set_random({"seed": 7, "rates": {"user_locked": 1.0}})
    assert struck(faults, [1], "inquiry") == {}
    strike = faults.take(call(1))
    assert strike is not None
    assert strike.code == "USER_LOCKED"


def test_a_rule_is_used_up_and_only_for_what_it_fits() -> None:
    faults = book()
    faults.add({"fault": "delay", "match": {"id": "charge-1"}, "times": 2, "delay_ms": 50})
    strike = faults.take(call(1))
    assert strike is not None
    assert (strike.fault, strike.seconds) == (Fault.DELAY, 0.05)
    assert faults.take(call(2)) is None
    assert faults.take(call(1)) is not None
    assert faults.take(call(1)) is None


@pytest.mark.parametrize(
    "rule",
    [{"fault": "unheard_of"}, {"fault": "delay", "color": "red"}, {"fault": "delay", "times": -1}],
)
def test_what_is_no_rule_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"fault|color|times"):
        book().add(rule)


@pytest.mark.parametrize("rates", [{"delay": 0.6, "late_work": 0.6}, {"delay": -0.1}])
def test_rates_that_are_no_probabilities_are_refused(rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="probabilities"):
        book().set_random({"seed": 1, "rates": rates})
