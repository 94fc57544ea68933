"""Payouts of the Japanese bank under its faults, all at once on one bridge.

Whatever the fault, for every case: the bank gets the order at most once; the payout gets its last
word exactly once; what has left our account by the bank's books is what the bridge says has left;
and where nothing is found at the bank, an operator ends it.
"""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from services.bridge.payouts.model import OPEN, Payout, PayoutState
from services.bridge.payouts.operators import PayoutOperators
from services.bridge.payouts.store import payout_attempts_of
from services.core.ids import Resource
from services.sandbox.partners.faults import OF_CALLS, Fault
from services.sandbox.partners.japan_bank import JapanBank
from services.sandbox.partners.japan_bank_transfers import Habits
from tests.contract.conformance.playing import CASE_SECONDS, POLL_SECONDS, Played
from tests.contract.house import LANE, World, new_resource
from tests.contract.japan_bank_house import (
    FEE_YEN,
    OPENING_YEN,
    PARTNER,
    Bank,
    japan_bank,
    pay,
    paying,
    payout_of,
    text_of,
)

YEN = 120_000
NAME = "japan-bank-payouts"
TRANSFER, STATUS, LISTS = "transfer", "transfer_status", "transfer_status of a day"
"""An order, an inquiry by the bank's number, and the list that a lost order is searched for in."""
_DELAY_MS, _SILENT_MS, _LIST_TIMES = 100, 300, 2
_NO_FAULT = "none"
_LAST = ("PayoutExecuted", "PayoutRejected")


class End(StrEnum):
    """How a payout ends."""

    EXECUTED = "executed"
    REJECTED = "rejected"
    RETURNED = "executed, returned"
    OPERATOR = "operator"


_NOTHING_DONE = frozenset({Fault.NO_ANSWER_BEFORE_WORK, Fault.ERROR_BEFORE_WORK})
_OWN_ENDS = {"closed_hours": End.EXECUTED, "returned_transfer": End.RETURNED}


@dataclass(frozen=True, slots=True)
class PayoutCase:
    """One payout under one fault of one operation; `times` 0 is every time."""

    operation: str
    fault: str
    end: End
    times: int = 1

    def __str__(self) -> str:
        every = "" if self.times else "-always"
        return f"{PARTNER}-payout-{self.operation}-{self.fault}{every}".replace(" ", "-")


def payout_cases() -> list[PayoutCase]:
    """All that the bank's simulator can do to a payout. Its answers are not signed and it sends no
    notices about transfers, so those faults are none of a payout's."""
    cases = [PayoutCase(TRANSFER, _NO_FAULT, End.EXECUTED)]
    for fault in sorted((OF_CALLS | {Fault.WRONG_AMOUNT}) - {Fault.REJECT}):
        lost = fault in _NOTHING_DONE
        cases.append(PayoutCase(TRANSFER, fault, End.OPERATOR if lost else End.EXECUTED))
        cases.append(PayoutCase(STATUS, fault, End.EXECUTED))
        cases.append(PayoutCase(LISTS, fault, End.EXECUTED, _LIST_TIMES))
    cases.append(PayoutCase(STATUS, Fault.WRONG_AMOUNT, End.OPERATOR, times=0))
    for name, own in sorted(JapanBank.own_faults.items()):
        if TRANSFER in own.operations:
            cases.append(PayoutCase(TRANSFER, name, _OWN_ENDS.get(name, End.REJECTED)))
    return cases


async def play_payouts(dsn: str, _folder: Path) -> dict[str, Played]:
    """Play all cases; those about the bank's lists, which all share, before the others."""
    # A person approves by control: a case decides when.
    async with (
        japan_bank(Habits(None, 0, 0)) as bank,
        paying(dsn, bank, call_seconds=20, lease_seconds=60, breaker={"least_calls": 100_000}) as w,
    ):
        players = [PayoutPlayer(w, bank, case) for case in payout_cases()]
        for shared in (True, False):
            group = [player for player in players if (player.case.operation == LISTS) is shared]
            await asyncio.gather(*(player.run() for player in group))
        books = await bank.books()
        problem = _audit(books)
        for player in players:
            await player.compare(books)
            player.played.problems += [problem] if problem else []
        return {str(player.case): player.played for player in players}


def _audit(books: dict[str, Any]) -> str:
    """A payout that was paid twice would show in our balance alone."""
    left = sum(books["paid"].values()) + FEE_YEN * len(books["paid"])
    expected = OPENING_YEN - left + sum(books["returned"].values())
    return "" if books["own"] == expected else f"our balance is {books['own']}, not {expected}"


@dataclass
class PayoutPlayer:
    """One case on its way."""

    world: World
    bank: Bank
    case: PayoutCase
    played: Played = field(default_factory=Played)
    resource: str = field(default_factory=lambda: new_resource(Resource.PAYOUT))

    async def run(self) -> None:
        try:
            async with asyncio.timeout(CASE_SECONDS):
                self.played.end = await self._play()
        except TimeoutError:
            self.played.problems.append(f"no end in {CASE_SECONDS:g} s: {await self._payout()}")

    async def _play(self) -> str:
        match self.case.operation:
            case "transfer":
                await self._fault(self.case.fault, TRANSFER, text_of(self.resource))
            case "transfer_status of a day":
                await self._fault(Fault.NO_ANSWER_AFTER_WORK, TRANSFER, text_of(self.resource))
                await self._fault(self.case.fault, STATUS, None)
        await self.world.command(self.resource, submit_payout=pay(self.resource, YEN))
        if self.case.end is End.OPERATOR and self.case.operation == TRANSFER:
            return await self._end_by_operator(PayoutState.REJECTED)
        if self.case.operation == TRANSFER and self.case.fault == Fault.LATE_WORK:
            await self._until(lambda payout: payout.state is PayoutState.UNKNOWN)
            await self.bank.control("late", {})
        await self._until(lambda payout: payout.state is not PayoutState.STARTED)
        if self.case.operation == STATUS:
            known = await self._until(lambda payout: payout.partner_reference != "")
            await self._fault(self.case.fault, STATUS, known.partner_reference)
        approving = asyncio.create_task(self._approve())
        try:
            return await self._end()
        finally:
            approving.cancel()
            await asyncio.gather(approving, return_exceptions=True)

    async def _end(self) -> str:
        if self.case.end is End.OPERATOR:
            await self._until(lambda payout: payout.reason == "AMOUNT_DIFFERS")
            return await self._end_by_operator(PayoutState.EXECUTED)
        if self.case.end is End.RETURNED:
            await self._until(lambda payout: payout.state is PayoutState.RETURNED)
            return End.RETURNED
        ended = await self._until(lambda payout: payout.state not in OPEN)
        return ended.state.name.lower()

    async def _approve(self) -> None:
        """Be the person at the bank: approve as soon as the order is there, if it ever is."""
        wish = {"reference": text_of(self.resource), "decision": "approve"}
        while True:
            await self.bank.control("approve", wish)
            await asyncio.sleep(POLL_SECONDS)

    async def _end_by_operator(self, state: PayoutState) -> str:
        """Be the operator who has called the bank."""
        if state is PayoutState.REJECTED:
            await self._until(lambda payout: payout.state is PayoutState.UNKNOWN)
        operators = PayoutOperators(self.world.units, self.world.payouts, LANE)
        await operators.resolve(self.resource, state, "kenji", "the bank's desk says so")
        return End.OPERATOR

    async def _fault(self, fault: str, operation: str, call_id: str | None) -> None:
        if fault == _NO_FAULT:
            return
        delay = _DELAY_MS if fault == Fault.DELAY else _SILENT_MS
        match = {"operation": operation, "id": call_id}
        await self.bank.fault(fault, self.case.times, match=match, delay_ms=delay)

    async def _until(self, holds: Any) -> Payout:
        while not holds(found := await self._payout()):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
        return found

    async def _payout(self) -> Payout:
        return await payout_of(self.world, self.resource)

    async def compare(self, books: dict[str, Any]) -> None:
        """Note what differs from the bank's books, and words that came more than once."""
        payout, problems, text = await self._payout(), self.played.problems, text_of(self.resource)
        has_left = payout.state in (PayoutState.EXECUTED, PayoutState.RETURNED)
        if books["orders"].get(text, 0) > 1:
            problems.append(f"the bank has {books['orders'][text]} orders")
        if books["paid"].get(text, 0) != (YEN if has_left else 0):
            problems.append(f"the bank paid {books['paid'].get(text, 0)}: {payout.state.name}")
        if (text in books["returned"]) != (payout.state is PayoutState.RETURNED):
            problems.append(f"returned {books['returned'].get(text, 0)}: {payout.state.name}")
        last = [word for word in self.world.sent.kinds(self.resource) if word in _LAST]
        if self.played.end and len(last) != 1:
            problems.append(f"last words: {last}")
        if self.played.end and self.played.end != self.case.end:
            problems.append(f"ended {self.played.end}, not {self.case.end}")
        if problems:
            async with self.world.units.pool.acquire() as connection:
                attempts = await payout_attempts_of(connection, [self.resource])
            problems += [f"{each.operation}: {each.outcome} {each.detail}" for each in attempts]
