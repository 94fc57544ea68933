"""A partner that answers as it is told and remembers what it was asked."""

import asyncio
from collections import deque
from dataclasses import replace

from services.bridge.domain.answer import Answer, Outcome, Rules
from services.bridge.domain.charge import Charge
from services.bridge.domain.refund import Refund
from services.bridge.partner import Partner
from tests.unit.bridge.builders import RULES

# An answer with this detail to an inquiry about a refund: there is none.
NO_REFUND = "no such refund"


class Scripted(Partner):
    """Answers in the order of `answers`, then accepts; not at all while `gate` is closed."""

    def __init__(self, partner_id: str = "scripted", rules: Rules = RULES) -> None:
        self.partner_id = partner_id
        self.rules = rules
        self.answers: deque[Answer] = deque()
        self.asked: list[tuple[str, str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.called = asyncio.Event()

    async def start(self, charge: Charge) -> Answer:
        return await self._answer("start", charge.charge_id)

    async def approve(self, charge: Charge, token: str) -> Answer:
        return await self._answer("approve", charge.charge_id)

    async def inquire(self, charge: Charge) -> Answer:
        return await self._answer("inquire", charge.charge_id)

    async def cancel(self, charge: Charge) -> Answer:
        answer = await self._answer("cancel", charge.charge_id)
        if answer.outcome is Outcome.ACCEPTED:
            return replace(answer, outcome=Outcome.CANCELLED)
        return answer

    async def refund(self, charge: Charge, refund: Refund) -> Answer:
        return await self._answer("refund", refund.refund_id)

    async def inquire_refund(self, charge: Charge, refund: Refund) -> Answer | None:
        answer = await self._answer("inquire_refund", refund.refund_id)
        return None if answer.detail == NO_REFUND else answer

    async def close(self) -> None:
        self.gate.set()

    async def _answer(self, operation: str, key: str) -> Answer:
        self.asked.append((operation, key))
        self.called.set()
        await self.gate.wait()
        if self.answers:
            return self.answers.popleft()
        return Answer(Outcome.ACCEPTED, partner_reference="P1", request="{}", response="{}")
