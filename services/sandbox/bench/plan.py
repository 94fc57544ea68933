"""What the load generator is told to do, and what it tells back, as one JSON document each way."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Plan:
    """A closed loop of `in_flight` payments for `seconds`, or an open one at `rate` a second."""

    gateway: str
    api: str
    in_flight: int
    seconds: float
    api_keys: Sequence[str]
    code: str
    currency: str
    run_id: str
    """First part of every payment id, so that runs on one database keep apart."""
    rate: float = 0.0
    first_number: int = 0
    http: str = ""
    """host:port of the gateway's HTTP API, where that is measured too."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        return cls(**json.loads(text))


@dataclass(slots=True)
class Tally:
    """What happened: seconds of each call and of each whole payment, and how payments ended."""

    create: list[float] = field(default_factory=list)
    confirm: list[float] = field(default_factory=list)
    payment: list[float] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    """From the first call to the last answer within the time."""
    within: int = 0
    """Payments that ended within the time: what counts as throughput."""

    def ended(self, state: str) -> None:
        self.states[state] = self.states.get(state, 0) + 1

    def failed(self, reason: str) -> None:
        self.errors[reason] = self.errors.get(reason, 0) + 1

    def summary(self) -> dict[str, object]:
        """Without the single figures, for the way between processes."""
        return {
            "latency_ms": {
                "create": percentiles(self.create),
                "confirm": percentiles(self.confirm),
                "payment": percentiles(self.payment),
            },
            "states": self.states,
            "errors": self.errors,
            "seconds": self.seconds,
            "within": self.within,
            "payments": sum(self.states.values()),
        }


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds."""
    ordered = sorted(seconds)
    if not ordered:
        return {"p50": 0.0, "p95": 0.0, "p99": 0.0}
    last = len(ordered) - 1
    return {
        f"p{share}": round(ordered[min(last, len(ordered) * share // 100)] * 1000, 1)
        for share in (50, 95, 99)
    }
