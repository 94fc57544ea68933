"""Payments that are held, for tests of what ends a hold."""

from dataclasses import dataclass, replace

from services.core.money import Money
from services.gateway.holding.handlers import HoldingHandlers
from services.gateway.payments.confirming import Ask, Asked
from services.gateway.payments.model import Payment
from services.gateway.payments.store.payments import find_lives
from services.gateway.reference import Participant
from services.kit.kafka import Record
from services.pb.kawase.gateway.v1 import holding_service_pb2 as pb
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet
from tests.store.gateway.payments_world import (
    CORRIDORS,
    EDO,
    PANDA,
    Gateway,
    reference_of,
    reserved,
    wallet_says,
)

DAYS = 7


@dataclass
class Holding:
    """A gateway whose corridors to our own acquirers take authorisations."""

    gateway: Gateway

    def __post_init__(self) -> None:
        gateway = self.gateway
        opened = [
            one if one.acceptance_partner_id else replace(one, authorisation_days=DAYS)
            for one in CORRIDORS
        ]
        known = reference_of(*(replace(one, payer_day_limit=1_000_000) for one in opened))
        gateway.board.current = replace(gateway.board.current, corridors=known.corridors)
        self.calls = HoldingHandlers(gateway.units, gateway.board, gateway.clock, gateway.waiters)

    async def authorise(self, payment_id: str, wallet: Participant = PANDA) -> Asked:
        """The payer's yes."""
        return await self.gateway.confirming.submit(Ask(wallet, payment_id, authorises=True))

    async def hold(self, payment_id: str, wallet: Participant = PANDA) -> Payment:
        """A payment of 1,000 yen that is authorised."""
        payment = await self.gateway.create(payment_id, wallet)
        await self.authorise(payment_id, wallet)
        await self.gateway.hear(reserved(payment))
        await self.gateway.sent()
        return payment

    async def capture(
        self, payment: Payment, minor: int | None = None, by: Participant = EDO
    ) -> pb.Authorisation:
        amount = None if minor is None else Money(minor, "JPY")
        return await self.calls.capture(by, payment.terms.reference, amount)

    async def void(self, payment: Payment, by: Participant = EDO) -> pb.Authorisation:
        return await self.calls.void(by, payment.terms.reference)

    async def told(self) -> list[str]:
        """What was sent since the last call, by type."""
        return [kind for kind, _ in await self.gateway.sent()]

    async def used(self) -> int:
        """What payers have used of their limits today, in home money."""
        total = await self.gateway.pool.fetchval("SELECT sum(used_minor) FROM limit_usages")
        return int(total or 0)

    async def captured(self, payment: Payment) -> object:
        """The amounts of the legs as the store has them."""
        terms = payment.terms
        async with self.gateway.pool.acquire() as connection:
            found = await find_lives(connection, [(terms.participant_id, terms.payment_id)])
        return found[terms.participant_id, terms.payment_id].life.captured


def posted_part(payment: Payment) -> Record:
    """What the wallet says of a capture in part."""
    posted = wallet.FundsPosted(captured_link_id=payment.terms.resource_id)
    return wallet_says(payment.capture_link_id, funds_posted=posted)
