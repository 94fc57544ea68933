"""Opens and drives disputes by what bridge and wallet say."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from services.core.clock import Clock
from services.core.ids import Resource, new_reference
from services.gateway.disputes import saga, store
from services.gateway.disputes.claim import Claim, covered_shares
from services.gateway.disputes.messages import command_of, fact_of
from services.gateway.disputes.model import Dispute
from services.gateway.incoming import OF_DISPUTES, Incoming, What
from services.gateway.payments.model import NOTHING, Payment, State, Terms
from services.gateway.payments.saga import Side
from services.gateway.payments.store.payments import lock_lives, with_terms
from services.gateway.refunds.store import already_given
from services.gateway.resources.events import CaseFile, Kind, ResourceEvents
from services.gateway.waking import Wakers
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.trace import follow

log = structlog.get_logger()


def _case(dispute: Dispute) -> CaseFile:
    claim, terms = dispute.claim, dispute.terms
    return CaseFile(terms.reference, terms.participant_id, claim.partner_id, claim.amount)


DISPUTES = Kind[Dispute](
    Resource.DISPUTE,
    store.TABLE,
    store.read_disputes,
    saga.decide,
    command_of,
    fact_of,
    _case,
    saga.resolve,
    patient=saga.PATIENT,
)


class DisputeEvents:
    """The handler of events about disputes."""

    def __init__(self, wakers: Wakers, clock: Clock) -> None:
        self._events = ResourceEvents(DISPUTES, wakers, clock)
        self._clock = clock

    async def handle(self, connection: Connection, batch: Sequence[Incoming]) -> Sequence[Outgoing]:
        """Open what is new, then decide event by event in order."""
        opened = {h.dispute_id: h for h in batch if h.what is What.DISPUTE_OPENED}
        messages = await self._open(connection, opened) if opened else []
        told = [heard.dispute_id for heard in batch if heard.what in OF_DISPUTES]
        references = await store.find_references(connection, told) if told else {}
        following = []
        for heard in batch:
            if heard.what is What.DISPUTE_ENDED:
                following += self._ended(heard, references)
            elif heard.what is not What.DISPUTE_OPENED:
                following.append(heard)
        return [*messages, *await self._events.handle(connection, following)]

    @staticmethod
    def _ended(heard: Incoming, references: dict[str, str]) -> list[Incoming]:
        reference = references.get(heard.dispute_id)
        if reference is None:
            log.error("dispute_unknown", dispute_id=heard.dispute_id, payment=heard.reference)
            return []
        return [replace(heard, reference=reference)]

    async def _open(self, connection: Connection, opened: dict[str, Incoming]) -> list[Outgoing]:
        # The payments first: refunds of them wait until their disputes count.
        lives = await lock_lives(connection, [heard.reference for heard in opened.values()])
        payments = {
            payment.terms.reference: payment
            for payment in await with_terms(connection, list(lives.items()))
        }
        known = await store.find_references(connection, opened)
        messages = []
        for dispute_id, heard in opened.items():
            follow(heard.trace)
            payment = payments.get(heard.reference)
            claim = None
            if dispute_id not in known and payment is not None:
                claim = await _claim(connection, payment, heard, self._clock.now())
            if payment is not None and claim is not None:
                messages += await self._add(connection, payment, claim)
        return messages

    async def _add(self, connection: Connection, payment: Payment, claim: Claim) -> list[Outgoing]:
        dispute = Dispute(claim, payment.terms, saga.first_life(True, claim.create_time))
        if not dispute.legs:
            dispute = replace(dispute, life=saga.first_life(False, claim.create_time))
        await store.add_dispute(connection, claim, dispute.life)
        log.warning(
            "dispute_opened",
            dispute_id=claim.dispute_id,
            reference=payment.terms.reference,
            amount=str(claim.amount),
        )
        orders = [command_of(dispute.life.step, dispute)] if dispute.legs else []
        return [*orders, fact_of(dispute)]

    def committed(self) -> None:
        """Wake those who wait here."""
        self._events.committed()


async def _claim(
    connection: Connection, payment: Payment, heard: Incoming, now: datetime
) -> Claim | None:
    """What is contested; None, told in the log, where nothing of ours is."""
    terms = payment.terms
    side = _side_of(terms, heard.charge_id)
    charged = terms.home if side is Side.COLLECT else terms.target
    amount = heard.amount
    fits = amount is not None and amount.currency == charged.currency and amount.minor > 0
    if side is None or amount is None or not fits:
        log.error(
            "dispute_out_of_place",
            dispute_id=heard.dispute_id,
            reference=terms.reference,
            charge_id=heard.charge_id,
        )
        return None
    shares = NOTHING
    # Before that nothing was captured for anybody; lost, it is an operator's case.
    if payment.life.state is State.COMPLETED:
        already = await already_given(connection, terms.reference)
        shares = covered_shares(terms, side, amount.minor, already)
    return Claim(
        new_reference(now),
        heard.dispute_id,
        terms.reference,
        side,
        heard.partner_id,
        heard.partner_reference,
        amount,
        heard.reason,
        heard.answer_until,
        shares,
        now,
    )


def _side_of(terms: Terms, charge_id: str) -> Side | None:
    if terms.collect_partner_id and charge_id == terms.collect_charge_id:
        return Side.COLLECT
    if terms.acceptance_partner_id and charge_id == terms.deliver_charge_id:
        return Side.DELIVER
    return None
