"""Faults a simulator is told to have: by rules, or at random by a seed.

Both are decided without a clock or a common generator: what befalls a call depends on the seed, the
call's operation and id, and how often that call has come, so a run repeats whatever its order was.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Call = Mapping[str, Any]
"""A call as faults see it: `operation`, `id`, and what else a rule may name."""

NOTICE = "notice"
"""The operation of what a simulator sends by itself."""
MOST_RULES = 1000
MOST_CALLS = 1_000_000
MOST_DELAY_MS = 600_000


class Fault(StrEnum):
    """What the frame can do to any simulator's calls and notices."""

    DELAY = "delay"
    NO_ANSWER_BEFORE_WORK = "no_answer_before_work"
    NO_ANSWER_AFTER_WORK = "no_answer_after_work"
    LATE_WORK = "late_work"
    ERROR_BEFORE_WORK = "error_before_work"
    ERROR_AFTER_WORK = "error_after_work"
    REJECT = "reject"
    WRONG_SIGNATURE = "wrong_signature"
    WRONG_AMOUNT = "wrong_amount"
    LOST_NOTICE = "lost_notice"
    DUPLICATE_NOTICE = "duplicate_notice"
    REORDERED_NOTICE = "reordered_notice"


OF_CALLS = frozenset(
    {
        Fault.DELAY,
        Fault.NO_ANSWER_BEFORE_WORK,
        Fault.NO_ANSWER_AFTER_WORK,
        Fault.LATE_WORK,
        Fault.ERROR_BEFORE_WORK,
        Fault.ERROR_AFTER_WORK,
        Fault.REJECT,
    }
)
"""What every simulator has."""
OF_NOTICES = frozenset({Fault.LOST_NOTICE, Fault.DUPLICATE_NOTICE, Fault.REORDERED_NOTICE})
"""What a simulator that sends notices has."""
_OF_BOTH = frozenset({Fault.DELAY, Fault.WRONG_SIGNATURE})


@dataclass(frozen=True, slots=True)
class OwnFault:
    """A fault of a partner's own business, such as a user who is locked.

    It befalls `operations` only. With `code` the call is refused with it; without, the simulator's
    `suffer` says what happens.
    """

    operations: tuple[str, ...]
    code: str = ""


class Delay(BaseModel):
    """A distribution of milliseconds: fixed `ms`, uniform `ms` to `to_ms`, or lognormal with the
    median `ms` and `sigma`; never more than `most_ms`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    distribution: Literal["fixed", "uniform", "lognormal"] = "fixed"
    ms: float = Field(default=0, ge=0, le=MOST_DELAY_MS)
    to_ms: float = Field(default=0, ge=0, le=MOST_DELAY_MS)
    sigma: float = Field(default=1, ge=0, le=5)
    most_ms: float = Field(default=60_000, ge=0, le=MOST_DELAY_MS)

    def draw(self, generator: Random) -> float:
        """Seconds."""
        match self.distribution:
            case "fixed":
                drawn = self.ms
            case "uniform":
                drawn = generator.uniform(self.ms, max(self.ms, self.to_ms))
            case _:
                drawn = self.ms * generator.lognormvariate(0, self.sigma)
        return min(drawn, self.most_ms) / 1000


class FaultRule(BaseModel):
    """One rule; see control.py."""

    model_config = ConfigDict(extra="forbid")

    fault: str
    match: dict[str, Any] = {}
    times: int = Field(default=1, ge=0)
    rate: float = Field(default=1, gt=0, le=1)
    seed: int = 0
    delay: Delay | None = None
    delay_ms: float = Field(default=0, ge=0, le=MOST_DELAY_MS)
    code: str = ""
    used: int = Field(default=0, exclude=True)

    def fits(self, call: Call) -> bool:
        is_left = self.times == 0 or self.used < self.times
        return is_left and all(call.get(name) == value for name, value in self.match.items())


class RandomFaults(BaseModel):
    """Faults at random; see control.py."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int
    rates: dict[str, float]
    operations: list[str] = []
    attempts: int = Field(default=0, ge=0)
    delay: Delay = Delay(distribution="lognormal", ms=50)
    late: Delay | None = None
    silence_ms: float = Field(default=0, ge=0, le=MOST_DELAY_MS)
    named_by: Literal["id", "amount"] = "id"

    @model_validator(mode="after")
    def _check_rates(self) -> Self:
        if any(rate < 0 for rate in self.rates.values()) or sum(self.rates.values()) > 1:
            raise ValueError("rates are probabilities, and together at most 1")
        return self


@dataclass(frozen=True, slots=True)
class Strike:
    """What befalls a call. `seconds`: the delay, or how long a line without an answer stays open;
    `late_seconds`: when held up work is done by itself, if ever."""

    fault: str
    code: str = ""
    seconds: float = 0
    late_seconds: float | None = None


class FaultBook:
    """The faults in force: the first rule that fits is used, else chance decides."""

    def __init__(self, frame: frozenset[Fault], own: Mapping[str, OwnFault]) -> None:
        self._frame = frame
        self._own = own
        self._random: RandomFaults | None = None
        self._calls: Counter[tuple[str, str]] = Counter()
        self._amounts: dict[str, str] = {}
        self.rules: list[FaultRule] = []
        self.struck: Counter[str] = Counter()

    def names(self) -> list[str]:
        """The faults this simulator has."""
        return sorted({*self._frame, *self._own})

    def add(self, fields: Mapping[str, Any]) -> None:
        """Add a rule. Raises ValueError where `fields` are none."""
        rule = FaultRule.model_validate(fields)
        self._check(rule.fault)
        if len(self.rules) >= MOST_RULES:
            raise ValueError(f"there are {MOST_RULES} rules already")
        self.rules.append(rule)

    def set_random(self, fields: Mapping[str, Any] | None) -> None:
        """Begin faults at random, or end them with None. Raises ValueError."""
        chance = None if fields is None else RandomFaults.model_validate(fields)
        for name in chance.rates if chance else ():
            self._check(name)
        self._random = chance
        self._calls.clear()
        self._amounts.clear()
        self.struck.clear()

    def forget(self) -> None:
        """No faults from now on."""
        self.rules.clear()
        self.set_random(None)

    def _check(self, name: str) -> None:
        if name not in self.names():
            raise ValueError(f"{name!r} is none of this simulator's faults: {self.names()}")

    def take(self, call: Call) -> Strike | None:
        """What befalls this call, which has come once more."""
        key = (str(call.get("operation")), str(call.get("id")))
        if len(self._calls) < MOST_CALLS or key in self._calls:
            self._calls[key] += 1
            if call.get("amount") is not None:
                self._amounts.setdefault(key[1], str(call["amount"]))
        for rule in self.rules:
            if rule.fits(call) and self._befalls(rule.fault, key[0]):
                generator = self._generator(rule.seed, key)
                if generator.random() < rule.rate:
                    rule.used += 1
                    return self._counted(self._by_rule(rule, generator))
        strike = self._by_chance(key)
        return None if strike is None else self._counted(strike)

    def _counted(self, strike: Strike) -> Strike:
        self.struck[strike.fault] += 1
        return strike

    def _by_rule(self, rule: FaultRule, generator: Random) -> Strike:
        delay = rule.delay or Delay(ms=rule.delay_ms)
        own = self._own.get(rule.fault)
        return Strike(rule.fault, rule.code or (own.code if own else ""), delay.draw(generator))

    def _by_chance(self, key: tuple[str, str]) -> Strike | None:
        chance, operation = self._random, key[0]
        if chance is None or (chance.operations and operation not in chance.operations):
            return None
        if chance.attempts and self._calls[key] > chance.attempts:
            return None
        generator = self._generator(chance.seed, key, self._name(chance, key[1]))
        name = _drawn(chance.rates, generator.random())
        if name is None or not self._befalls(name, operation):
            return None
        own = self._own.get(name)
        seconds = chance.silence_ms / 1000 if name != Fault.DELAY else chance.delay.draw(generator)
        late = None if chance.late is None else chance.late.draw(generator)
        return Strike(name, own.code if own else "", seconds, late)

    def _befalls(self, name: str, operation: str) -> bool:
        if name in self._own:
            return operation in self._own[name].operations
        if name in _OF_BOTH:
            return True
        return (name in OF_NOTICES) == (operation == NOTICE)

    def _name(self, chance: RandomFaults, call_id: str) -> str:
        """What stands for the id in a decision: the first amount that came with it, if wanted."""
        return self._amounts.get(call_id, call_id) if chance.named_by == "amount" else call_id

    def _generator(self, seed: int, key: tuple[str, str], name: str = "") -> Random:
        return Random(f"{seed}/{key[0]}/{name or key[1]}/{self._calls[key]}")  # noqa: S311


def _drawn(rates: Mapping[str, float], drawn: float) -> str | None:
    """The fault that `drawn`, in [0, 1), falls to."""
    for name, rate in sorted(rates.items()):
        drawn -= rate
        if drawn < 0:
            return name
    return None
