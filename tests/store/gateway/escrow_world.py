"""Payments into escrow, for tests of what comes then."""

from dataclasses import dataclass, replace

from services.core.money import Money
from services.gateway.escrow.handlers import EscrowHandlers, Resolving
from services.gateway.escrow.model import Escrow, Part
from services.gateway.escrow.sweeping import EscrowSweeper
from services.gateway.payments.confirming import Ask, Asked
from services.gateway.payments.model import Payment
from services.gateway.reference import Participant, ParticipantKind
from services.gateway.refunds.asking import Wish
from services.gateway.refunds.model import Refund
from services.gateway.waking import Wakers
from tests.store.gateway.payments_world import EDO, PANDA, Gateway, posted, reserved

DAYS = 14
HOUSE = Participant("house", ParticipantKind.OPERATOR, "The operator")


def yen(minor: int | None) -> Money | None:
    """An amount, or none."""
    return None if minor is None else Money(minor, "JPY")


@dataclass
class Keeping:
    """A gateway whose corridors to our own acquirers offer escrow."""

    gateway: Gateway

    def __post_init__(self) -> None:
        gateway = self.gateway
        known = gateway.board.current
        offered = {
            way: one if one.acceptance_partner_id else replace(one, escrow_days=DAYS)
            for way, one in known.corridors.items()
        }
        gateway.board.current = replace(known, corridors=offered)
        self.calls = EscrowHandlers(
            gateway.units, gateway.board, Wakers(), gateway.clock, wait_seconds=0
        )
        self.sweeper = EscrowSweeper(gateway.units, gateway.clock)

    async def confirm(self, payment_id: str, wallet: Participant = PANDA) -> Asked:
        """The payer's yes."""
        return await self.gateway.confirming.submit(Ask(wallet, payment_id, escrows=True))

    async def keep(self, payment_id: str) -> Payment:
        """A payment of 1,000 yen that is in escrow; what was sent is forgotten."""
        payment = await self.gateway.create(payment_id)
        await self.confirm(payment_id)
        await self.gateway.hear(reserved(payment))
        await self.gateway.hear(posted(payment))
        await self.gateway.sent()
        return payment

    async def release(self, release_id: str, payment_id: str, minor: int | None = None) -> Part:
        return (await self.calls.release(PANDA, payment_id, release_id, yen(minor)))[1]

    async def give_back(
        self, refund_id: str, payment: Payment, minor: int | None = None, by: Participant = EDO
    ) -> Refund:
        wish = Wish(by.participant_id, refund_id, payment.terms.reference, yen(minor), "out of it")
        return await self.calls.give_back(by, wish)

    async def resolve(self, resolution_id: str, payment: Payment, minor: int) -> Escrow:
        asked = Resolving(
            payment.terms.reference, resolution_id, Money(minor, "JPY"), "aoki", "looked at", "key"
        )
        return await self.calls.resolve(HOUSE, asked)

    async def told(self) -> list[str]:
        """What was sent since the last call, by type."""
        return [kind for kind, _ in await self.gateway.sent()]

    async def amounts(self, payment_id: str) -> tuple[str, int, int, int]:
        """State, held, released, returned."""
        kept = await self.calls.get(PANDA, payment_id)
        return kept.state.value, kept.held_minor, kept.released_minor, kept.returned_minor
