"""Which faults at random each partner has in a run, as its control API takes them.

Together they befall about a quarter of all calls: less than opens a breaker, most of the time.
"""

from typing import Any

from services.sandbox.world import BANK, KAKAOPAY, KAKAOPAY_ONLINE, PAYPAY, SHANGHAI

LATE_SECONDS = 8.0
"""The latest that held up work is done by itself; the late checks of partners.toml go on longer."""
_CALLS = {
    "delay": 0.08,
    "no_answer_before_work": 0.03,
    "no_answer_after_work": 0.03,
    "late_work": 0.02,
    "error_before_work": 0.03,
    "error_after_work": 0.03,
    "wrong_amount": 0.02,
    "low_balance": 0.02,
}
_NOTICES = {"lost_notice": 0.03, "duplicate_notice": 0.03, "reordered_notice": 0.03}
RATES: dict[str, dict[str, float]] = {
    KAKAOPAY: {**_CALLS, "user_locked": 0.01},
    KAKAOPAY_ONLINE: {**_CALLS, **_NOTICES, "user_locked": 0.01},
    SHANGHAI: {**_CALLS, **_NOTICES, "wrong_signature": 0.02, "in_process": 0.02},
    BANK: {**_CALLS, "closed_hours": 0.01},
    PAYPAY: {**_CALLS, **_NOTICES, "pending": 0.02, "slow_refund": 0.02, "rate_limit": 0.02},
}
OPERATIONS = ["pay", "open", "ready", "approve", "order", "inquiry", "cancel", "refund", "notice"]
"""Reading codes and linking accounts are left in peace: no money moves by them."""


def random_faults(seed: int, partner_id: str) -> dict[str, Any]:
    """The body of POST /_control/random."""
    return {
        "seed": seed,
        "rates": RATES[partner_id],
        "operations": OPERATIONS,
        "delay": {"distribution": "lognormal", "ms": 40, "sigma": 1, "most_ms": 2_000},
        "late": {"distribution": "uniform", "ms": 200, "to_ms": LATE_SECONDS * 1000},
        "silence_ms": 500,
        "named_by": "amount",
    }


def mute(charge_id: str, seconds: float) -> list[dict[str, Any]]:
    """The rules that have a partner give no answer about one charge, and do nothing for it.

    What it is asked first is done all the same where the id's last letter is in the second half of
    the alphabet of ids: an operator has both to find out.
    """
    silence = {"match": {"id": charge_id}, "times": 0, "delay_ms": seconds * 1000}
    before = {"fault": "no_answer_before_work", **silence}
    is_paid = charge_id.partition("-")[2][25:26] >= "G"
    after = {
        "fault": "no_answer_after_work",
        **silence,
        "match": {"id": charge_id, "operation": "pay"},
    }
    return [after, before] if is_paid else [before]
