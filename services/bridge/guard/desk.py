"""One partner's desk: what its calls share in this process, and the only way to make one.

`call_partner` gives every operation the same: a place (bulkhead), a token (rate), the breaker's
permission, the time limit, and one translation of what can go wrong. It decides nothing about
charges, refunds or payouts, and raises nothing for what a partner does.

A desk's limits are of this process: a deployment divides a partner's rate by its processes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from enum import Enum

import structlog

from services.bridge.domain import breaker as breakers
from services.bridge.domain.answer import Answer, Outcome
from services.bridge.domain.breaker import Breaker, Call, Phase
from services.bridge.domain.pace import Bucket, Pace
from services.bridge.partner import Partner
from services.core.clock import Clock
from services.core.errors import KawaseError

log = structlog.get_logger()

# What this process holds of a partner, waiting or called, per call at a time.
HELD_PER_CALL = 2
_NO_TIME = timedelta()
# What is said instead of asking while the partner is unavailable.
NOT_ASKED = Answer(Outcome.UNSENT, detail="not asked: the partner is unavailable")


class CallKind(Enum):
    """Whether a call is the first to ask for something, or is about what was asked before."""

    START = "start"
    FOLLOW_UP = "follow_up"


class LeaseTooShort(Exception):
    """No place or token in time: nobody was asked. Give the lease back, due again after `wait`."""

    def __init__(self, wait: timedelta = _NO_TIME) -> None:
        super().__init__(f"not asked; again in {wait}")
        self.wait = wait


class Desk:
    """A partner and the calls to it that this process has under way. `machine` counts pauses.

    `refuses_until` (machine time) is what all processes share: until then nothing new is asked.
    `changed` is called when the breaker changes its phase.
    """

    def __init__(self, partner: Partner, machine: Clock) -> None:
        self.partner = partner
        self.machine = machine
        self.places = asyncio.Semaphore(partner.rules.in_flight)
        self.held = 0
        self.calls = 0
        now = machine.now()
        self._breaker = breakers.closed(now)
        self._bucket = Bucket(now)
        self._probe_bucket = Bucket(now)
        self.refuses_until: datetime | None = None
        self.changed: Callable[[], None] = lambda: None

    @property
    def breaker(self) -> Breaker:
        return breakers.at(self._breaker, self.machine.now())

    @breaker.setter
    def breaker(self, breaker: Breaker) -> None:
        before, self._breaker = self._breaker, breaker
        if (before.phase, before.probe_time) != (breaker.phase, breaker.probe_time):
            log.warning(
                "breaker_changed",
                partner_id=self.partner.partner_id,
                phase=breaker.phase.value,
                why=breaker.why.value,
                probe_time=breaker.probe_time and breaker.probe_time.isoformat(),
            )
            self.changed()

    @property
    def is_probing(self) -> bool:
        """Whether calls go at the slow pace of probes."""
        return self.breaker.phase is not Phase.CLOSED

    @property
    def room(self) -> int:
        """How many more charges, refunds or payouts this process may lease for the partner."""
        rules = self.partner.rules
        calls = rules.breaker.probes if self.is_probing else rules.in_flight
        return max(0, calls * HELD_PER_CALL - self.held)

    @property
    def answers(self) -> bool:
        """Whether the partner is worth asking."""
        return self.breaker.phase is not Phase.OPEN

    @property
    def takes_starts(self) -> bool:
        """Whether anything new is asked of the partner now."""
        if not self.answers:
            return False
        return self.refuses_until is None or self.machine.now() >= self.refuses_until

    def wait_for_token(self, leased_until: datetime) -> timedelta:
        """Take a token; how long to wait for it. Raises `LeaseTooShort` where it comes too late."""
        now = self.machine.now()
        pace = self.partner.rules.pace
        wait = _NO_TIME if pace is None else self._bucket.wait(pace, now)
        self._check(now + wait, wait, leased_until)
        if pace is not None:
            self._bucket = self._bucket.take(pace, now)
        return wait

    def wait_for_probe(self, leased_until: datetime) -> timedelta:
        """As `wait_for_token`, at the pace of probes."""
        now = self.machine.now()
        pace = Pace(self.partner.rules.breaker.probe_every)
        wait = self._probe_bucket.wait(pace, now)
        self._check(now + wait, wait, leased_until)
        self._probe_bucket = self._probe_bucket.take(pace, now)
        return wait

    def _check(self, begin_time: datetime, wait: timedelta, leased_until: datetime) -> None:
        if begin_time + self.partner.rules.call > leased_until:
            raise LeaseTooShort(wait)

    def heard(self, begin_time: datetime, answer: Answer) -> None:
        """Tell the breaker of a call that ended."""
        call = Call(begin_time, self.machine.now(), answer.is_failure)
        self.breaker = breakers.heard(self._breaker, call, self.partner.rules.breaker)


async def call_partner(
    desk: Desk,
    kind: CallKind,
    call: Callable[[], Awaitable[Answer]],
    leased_until: datetime,
    needless: Callable[[], Answer | None] = lambda: None,
) -> Answer:
    """The partner's answer to `call`, or that there was none. Never raises for what it does.

    A `START` while the partner is unavailable is `Outcome.UNSENT` without being sent. `needless` is
    asked right before the call: its answer takes the call's place. Raises `LeaseTooShort` where the
    call could not end before `leased_until` (machine time).
    """
    has_waited = False
    while True:
        if kind is CallKind.START and not desk.takes_starts:
            return NOT_ASKED
        if desk.is_probing and not has_waited:
            # Without a place, so that nobody who is refused at once waits behind a slow pace.
            await _sleep(desk.wait_for_probe(leased_until))
            has_waited = True
            continue
        async with desk.places:
            if desk.is_probing and not has_waited:
                continue
            await _sleep(desk.wait_for_token(leased_until))
            if kind is CallKind.START and not desk.takes_starts:
                return NOT_ASKED
            return needless() or await _call(desk, call)


async def _sleep(wait: timedelta) -> None:
    if wait:
        await asyncio.sleep(wait.total_seconds())


async def _call(desk: Desk, call: Callable[[], Awaitable[Answer]]) -> Answer:
    begin_time = desk.machine.now()
    desk.calls += 1
    try:
        answer = await _translated(desk.partner, call)
    finally:
        desk.calls -= 1
    desk.heard(begin_time, answer)
    return answer


async def _translated(partner: Partner, call: Callable[[], Awaitable[Answer]]) -> Answer:
    seconds = partner.rules.call.total_seconds()
    try:
        async with asyncio.timeout(seconds):
            return await call()
    except TimeoutError:
        return Answer(Outcome.UNKNOWN, detail=f"no answer within {seconds:g} s")
    except KawaseError as error:
        return Answer(Outcome.REJECTED, reason=error.reason, message=error.message)
    except Exception as error:
        # An adapter that fails on an answer has not understood it, and that is all we know.
        log.error("answer_not_understood", partner_id=partner.partner_id, exc_info=error)
        return Answer(Outcome.UNKNOWN, detail=f"answer not understood: {type(error).__name__}")
