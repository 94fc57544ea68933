"""Plays a partner's cases, all at once on one bridge, and says what was wrong with each.

Whatever the fault, for every case: the charge gets its last word exactly once; what the bridge has
as captured is what the partner holds, to the minor unit; refunds are done once; and where nobody
will say, an operator finds the charge in the queue and ends it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.bridge.domain.charge import CLOSED, Charge, State
from services.bridge.operators import Operators, Queue
from services.bridge.store.attempts import attempts_of
from services.bridge.store.charges import get_charge
from services.core.clock import ManualClock
from services.core.ids import Resource
from services.sandbox.partners.faults import Fault
from tests.contract.conformance.cases import SILENT_MS, Case, End, Step
from tests.contract.conformance.descriptor import Descriptor, Place
from tests.contract.house import (
    LANE,
    SLOWNESS,
    TODAY,
    Simulated,
    World,
    bridge,
    cancel,
    new_resource,
    quick,
    refund,
    simulated,
    start,
)

CASE_SECONDS = 240.0 * SLOWNESS
POLL_SECONDS = 0.05
AT_A_TIME = 24
PATIENCE = timedelta(hours=1)
# How long a case waits for words that must not come.
SETTLE_SECONDS = 0.3
SCHEDULE = quick(
    # Far from what a busy machine takes: lines are cut by the simulator, not by patience.
    call_seconds=20 * SLOWNESS,
    lease_seconds=60 * SLOWNESS,
    # For longer than any case takes.
    late_checks_seconds=[0.5] * 500,
    breaker={"least_calls": 100_000},
    operator_after_seconds=0.1,
    slowest_seconds=0.2,
)
_LAST_WORDS = ("ChargeAccepted", "ChargeRejected", "ChargeCancelled")
_PART = 3


@dataclass(slots=True)
class Played:
    """How a case ended, and what of it must not be; `words` are those awaited in the case."""

    end: str = ""
    problems: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


async def play(
    dsn: str, descriptor: Descriptor, cases: Sequence[Case], folder: Path
) -> dict[Case, Played]:
    """Play all cases of a partner on the bridge's database at `dsn`."""
    place = Place(folder, ManualClock(TODAY))
    async with simulated(descriptor.simulate(place)) as partner:
        config = descriptor.configure(place, partner.url)
        async with bridge(dsn, [config]) as world:
            more = await descriptor.prepare(world, partner)
            places = asyncio.Semaphore(AT_A_TIME)
            players = [Player(world, partner, descriptor, case, more) for case in cases]
            # Those that wait for the payer's time to run out move everybody's clock.
            for waits in (False, True):
                group = [player for player in players if player.waits_for_expiry is waits]
                await asyncio.gather(*(player.run(places) for player in group))
            await _compare(players, partner, descriptor)
            return {player.case: player.played for player in players}


async def _compare(players: "Sequence[Player]", partner: Simulated, descriptor: Descriptor) -> None:
    """Our books against the partner's, charge by charge, once everything has come to rest."""
    await asyncio.sleep(SETTLE_SECONDS)
    books = await partner.books()
    problem = descriptor.audit(books)
    for player in players:
        player.compare(books, await player.captured())
        if problem:
            player.played.problems.append(problem)
        if player.played.problems:
            player.played.problems += await player.calls()


@dataclass
class Player:
    """One case on its way."""

    world: World
    partner: Simulated
    descriptor: Descriptor
    case: Case
    more: dict[str, Any]
    played: Played = field(default_factory=Played)
    resource: str = field(default_factory=new_resource)
    back: str = field(default_factory=lambda: new_resource(Resource.REFUND))
    given_back: int = 0

    @property
    def charge_id(self) -> str:
        return f"{self.resource}-charge"

    @property
    def waits_for_expiry(self) -> bool:
        """Whether the payer's browser never comes back."""
        return self.descriptor.approve is not None and self.case.fault == Fault.LOST_NOTICE

    async def run(self, places: asyncio.Semaphore) -> None:
        async with places:
            try:
                async with asyncio.timeout(CASE_SECONDS):
                    self.played.end = await self._play()
            except TimeoutError:
                charge = await self._charge()
                self.played.problems.append(f"no end in {CASE_SECONDS:g} s: {charge}")

    async def _play(self) -> str:
        if self.case.step is Step.INQUIRE:
            await self._fault(Fault.NO_ANSWER_AFTER_WORK, self.descriptor.charges[-1])
        if self.case.step in (Step.CHARGE, Step.INQUIRE, Step.SILENCE):
            await self._set_fault()
        await self._order()
        approving = asyncio.create_task(self._approve())
        try:
            match self.case.step:
                case Step.SILENCE:
                    return await self._end_in_the_queue()
                case Step.CANCEL:
                    return await self._end_by_cancel()
                case Step.REFUND:
                    return await self._end_by_refund()
                case _:
                    return await self._end_by_partner()
        finally:
            approving.cancel()
            with suppress(asyncio.CancelledError):
                await approving

    async def _set_fault(self) -> None:
        told = self.descriptor
        charge_id = self.charge_id
        if self.case.step is Step.CANCEL:
            charge_id = told.cancelled_as(charge_id)
        for rule in self.case.rules(told.named(charge_id), told.named(self.back)):
            await self.partner.control("faults", rule)

    async def _fault(self, fault: Fault, operation: str) -> None:
        match = {"operation": operation, "id": self.descriptor.named(self.charge_id)}
        await self.partner.fault(fault, match=match, delay_ms=SILENT_MS)

    async def _order(self) -> None:
        told = self.descriptor
        command = start(
            self.resource,
            told.partner_id,
            told.minor,
            told.currency,
            kind=told.kind,
            **{**told.order, **self.more},
        )
        command.expire_time.FromDatetime(TODAY + PATIENCE)
        await self.world.command(self.resource, start_charge=command)

    async def _approve(self) -> None:
        """Be the payer, if the partner asks one."""
        if self.descriptor.approve is not None:
            event = await self.world.event("ChargeActionRequired", self.resource)
            await self.descriptor.approve(self.partner, event.charge_action_required.action_url)
        if self.waits_for_expiry:
            self.world.clock.advance(2 * PATIENCE)

    async def _end_by_partner(self) -> str:
        charge = await self._until_ended()
        if self.case.fault == Fault.LATE_WORK and charge.state is State.REJECTED:
            await self.partner.control("late", {})
            if self.charge_id in (await self.partner.books())["accepted"]:
                return await self._give_late_back()
        return charge.state.name.lower()

    async def _give_late_back(self) -> str:
        """As the gateway does with what comes late: a refund."""
        event = await self.world.event("ChargeAcceptedLate", self.resource)
        late = event.charge_accepted_late.amount
        await self._refund(late.minor_units)
        return End.LATE_REFUNDED

    async def _end_by_cancel(self) -> str:
        await self._until_ended()
        await self._set_fault()
        await self.world.command(self.resource, cancel_charge=cancel(self.resource))
        await self.world.event("ChargeCancelled", self.resource)
        self.played.words.append("ChargeCancelled")
        return End.CANCELLED

    async def _end_by_refund(self) -> str:
        charge = await self._until_ended()
        await self._set_fault()
        await self._refund(charge.captured_minor // _PART)
        return End.REFUNDED

    async def _refund(self, minor: int) -> None:
        told = self.descriptor
        wish = refund(self.resource, self.back, minor, told.currency)
        await self.world.command(self.back, refund_charge=wish)
        # Told again, as the gateway's sweeper does: it is done once.
        await self.world.command(self.back, refund_charge=wish)
        await self.world.event("RefundAccepted", self.back)
        self.given_back = minor

    async def _end_in_the_queue(self) -> str:
        """Be the operator who finds the charge and knows that nothing was paid."""
        world = self.world
        rules = {name: partner.rules for name, partner in world.partners.items()}
        queue = Queue(world.units, rules, world.clock)
        operators = Operators(world.units, world.worker, LANE)
        while self.charge_id not in await self._queued(queue):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
        await operators.resolve(self.charge_id, State.REJECTED, "kenji", "the partner's desk says")
        return End.OPERATOR

    async def _queued(self, queue: Queue) -> set[str]:
        waiting = await queue.list(timedelta(), self.descriptor.partner_id, 1000)
        return {charge.charge_id for charge in waiting}

    async def _until_ended(self) -> Charge:
        """Wait for the charge's last word."""
        while True:
            charge = await self._charge()
            if charge.state is State.ACCEPTED or charge.state in CLOSED:
                return charge
            await asyncio.sleep(POLL_SECONDS)

    async def _charge(self) -> Charge:
        async with self.world.units.pool.acquire() as connection:
            found = await get_charge(connection, self.charge_id)
        assert found is not None
        return found

    async def captured(self) -> int:
        """What the bridge has as captured for this charge, in minor units."""
        return (await self._charge()).captured_minor

    async def calls(self) -> list[str]:
        """The journal of the case, for whoever has to find out what went wrong."""
        async with self.world.units.pool.acquire() as connection:
            attempts = await attempts_of(connection, [self.charge_id])
        return [f"{each.operation}: {each.outcome} {each.detail}" for each in attempts]

    def compare(self, books: dict[str, Any], captured: int) -> None:
        """Note what differs from the partner's books, and words that came more than once."""
        problems = self.played.problems
        # A cancel that came too late for the partner was a refund of all.
        named = self.descriptor.named
        voided = books["refunded"].get(named(f"{self.charge_id}-void"), 0)
        held = books["accepted"].get(named(self.charge_id), 0) - voided
        if held != captured:
            problems.append(f"the partner holds {held}, the bridge has {captured}")
        if captured not in (0, self.descriptor.minor):
            problems.append(f"captured {captured} of {self.descriptor.minor}")
        refunded = books["refunded"].get(named(self.back), 0)
        if refunded != self.given_back:
            problems.append(f"the partner gave {refunded} back instead of {self.given_back}")
        self._check_words()

    def _check_words(self) -> None:
        words = self.played.words + self.world.sent.kinds(self.resource)
        last = [word for word in words if word in _LAST_WORDS]
        expected = {End.CANCELLED: 2}.get(End(self.played.end or End.ACCEPTED), 1)
        if self.played.end and len(last) != expected:
            self.played.problems.append(f"last words: {words}")
        allowed = self.case.ends
        if self.played.end and self.played.end not in allowed:
            self.played.problems.append(f"ended {self.played.end}, not {sorted(allowed)}")
