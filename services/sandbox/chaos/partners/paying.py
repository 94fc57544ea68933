"""The payers of a run: they scan, confirm, approve on the phone and ask for something back.

Whoever gets no answer does nothing more: what became of the payment is asked at the end.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp

from services.core.errors import KawaseError
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2
from services.sandbox.chaos.partners.faults import mute
from services.sandbox.chaos.partners.plan import TopUp, Wish
from services.sandbox.demo.partners import Control, open_link
from services.sandbox.demo.wallet_app import WalletApp
from services.sandbox.world import BANK, SAKURA

AT_A_TIME = 96
TRIES = 5
AGAIN_SECONDS = 3.0
SILENCE_SECONDS = 0.5
CLOSED = "PARTNER_UNAVAILABLE"
# Refusals after which a payer may try again a little later, and nothing was taken.
_PASSING = (CLOSED, "DATABASE_AWAY", "UNAVAILABLE", "CONTENDED", "ROWS_CONTENDED")
_FULLY_PAID = payment_pb2.PAYMENT_STATE_COMPLETED

T = TypeVar("T")


@dataclass
class Payers:
    """All payers, with their wallets' apps by name and the partners' control APIs by id."""

    apps: Mapping[str, WalletApp]
    partners: Mapping[str, Control]
    refused: Counter[str] = field(default_factory=Counter)
    """How often which refusal came before anything was asked of a partner."""
    made: int = 0
    """Payments and top-ups whose payers have done their part."""
    _opened: set[str] = field(default_factory=set)

    async def all(self, works: Iterable[Callable[[], Awaitable[None]]]) -> None:
        """Do all, a bounded number at a time, in order of their beginning."""
        waiting = iter(works)

        async def lane() -> None:
            for work in waiting:
                await work()

        await asyncio.gather(*(lane() for _ in range(AT_A_TIME)))

    async def top_up(self, wish: TopUp) -> None:
        """Link the one bank account of the sandbox, and draw on it."""
        await self._draw(wish)
        self.made += 1

    async def _draw(self, wish: TopUp) -> None:
        app = self.apps[SAKURA]
        link = pb.LinkBankAccountRequest(
            bank_link_id=f"{wish.payer}-bank",
            payer_id=wish.payer,
            partner_id=BANK,
            bank_code="0310",
            branch_code="101",
            account_type="1",
            account_number="1234567",
            holder_name="ヤマダ ハナコ",
        )
        if await self._patiently(lambda: app.link_bank_account(link)) is not None:
            link_id = link.bank_link_id
            await self._patiently(lambda: app.top_up(wish.top_up_id, link_id, wish.amount))

    async def pay(self, wish: Wish) -> None:
        """Scan and confirm; where the wallet asks, approve or say no."""
        await self._pay(wish)
        self.made += 1

    async def _pay(self, wish: Wish) -> None:
        app = self.apps[wish.way.wallet]
        amount = wish.amount
        quoted = await self._patiently(
            lambda: app.create(wish.payment_id, wish.payer, wish.way.code, amount)
        )
        if quoted is None:
            return
        if wish.is_muted:
            charge_id = f"payment-{quoted.reference}-deliver"
            for rule in mute(charge_id, SILENCE_SECONDS):
                await self.partners[wish.way.last].tell("faults", rule)
        try:
            payment = await app.confirm(wish.payment_id)
        except KawaseError as error:
            self.refused[f"{error.reason} at confirmation"] += 1
            return
        if payment.action_url:
            await self.approve(payment.payment_id, payment.action_url, wish.quits)
        if payment.state == _FULLY_PAID and wish.refund is not None:
            await self.give_back(wish)

    async def give_back(self, wish: Wish) -> None:
        """The shop gives part back; a repeat asks for the same."""
        app, part = self.apps[wish.way.wallet], wish.refund
        assert part is not None
        await self._patiently(
            lambda: app.refund(f"{wish.payment_id}-back", wish.payment_id, part, "a dish was cold")
        )

    async def approve(self, payment_id: str, url: str, quits: bool) -> None:
        """Open the wallet's page once; the browser may be lost on the way back."""
        if payment_id in self._opened:
            return
        self._opened.add(payment_id)
        try:
            await open_link(f"{url}?answer=quit" if quits else url)
        except (aiohttp.ClientError, TimeoutError):
            self.refused["the payer's browser was lost"] += 1

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """The answer, after some tries where the refusal passes; None where it does not."""
        for attempt in range(TRIES):
            try:
                return await ask()
            except KawaseError as error:
                self.refused[error.reason] += 1
                if error.reason not in _PASSING:
                    return None
            await asyncio.sleep(AGAIN_SECONDS * (attempt + 1))
        self.refused["given up before a price was known"] += 1
        return None
