"""A bank that answers about payouts as it is told and remembers what it was asked."""

import asyncio
from collections import deque

from services.bridge.payouts.model import Payout, PayoutAnswer, Word
from tests.store.bridge.scripted import Scripted
from tests.unit.bridge.payout_builders import RULES, word


class PayingBank(Scripted):
    """Answers in the order of `words`, then that it was executed."""

    def __init__(self, partner_id: str = "japan-bank") -> None:
        super().__init__(partner_id, RULES)
        self.words: deque[PayoutAnswer] = deque()
        self.asked_payouts: list[tuple[str, str]] = []
        self.payout_gate = asyncio.Event()
        self.payout_gate.set()

    async def submit_payout(self, payout: Payout) -> PayoutAnswer:
        return await self._say("submit", payout)

    async def inquire_payout(self, payout: Payout) -> PayoutAnswer:
        return await self._say("inquire", payout)

    async def search_payout(self, payout: Payout) -> PayoutAnswer:
        return await self._say("search", payout)

    async def _say(self, operation: str, payout: Payout) -> PayoutAnswer:
        self.asked_payouts.append((operation, payout.payout_id))
        await self.payout_gate.wait()
        return self.words.popleft() if self.words else word(Word.EXECUTED)


def operations(bank: PayingBank, payout_id: str) -> list[str]:
    """What the bank was asked about a payout, in order."""
    return [operation for operation, about in bank.asked_payouts if about == payout_id]
