"""AnswerDispute and ListDisputes, for an operator who is known."""

from datetime import datetime

from services.core.clock import Clock
from services.gateway.admin.errors import check_text
from services.gateway.disputes import saga, store
from services.gateway.disputes.events import DISPUTES
from services.gateway.disputes.model import Answer, Dispute
from services.gateway.disputes.refusals import (
    EVIDENCE_MAXIMUM,
    DisputeAnswered,
    DisputeAnswerTooLate,
    DisputeOver,
    DisputeUnknown,
    EvidenceMissing,
    EvidenceTooLong,
)
from services.gateway.resources.events import Moves
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units


def check_answer(answer: Answer) -> None:
    """What can be told without looking anything up. Raises leaves of `Malformed`."""
    check_text(answer.operator, "operator")
    if not answer.accept and not answer.evidence.strip():
        raise EvidenceMissing
    if len(answer.evidence) > EVIDENCE_MAXIMUM:
        raise EvidenceTooLong


def is_repeat(dispute: Dispute, answer: Answer, now: datetime) -> bool:
    """Whether the same was answered before. Raises why it may not be answered so."""
    dispute_id, until = dispute.claim.dispute_id, dispute.claim.answer_until
    known = dispute.answer
    if known is not None:
        if (known.accept, known.evidence) == (answer.accept, answer.evidence):
            return True
        raise DisputeAnswered(dispute_id)
    if dispute.life.state in saga.FINAL:
        raise DisputeOver(dispute_id, dispute.life.state)
    if until is not None and now > until:
        raise DisputeAnswerTooLate(dispute_id, until)
    return False


class DisputeHandlers:
    """The calls about disputes."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    async def list(self, open_only: bool, limit: int) -> list[Dispute]:
        """Those to be answered soonest first."""
        async with self._units.pool.acquire() as connection:
            return await store.list_disputes(connection, open_only, limit)

    async def answer(
        self, dispute_id: str, accept: bool, evidence: str, operator: str, key_id: str
    ) -> Dispute:
        """Answer a dispute; the same answer again changes nothing.

        Raises `DisputeUnknown`, `DisputeAnswered`, `DisputeOver`, `DisputeAnswerTooLate`, and
        leaves of `Malformed`.
        """
        now = self._clock.now()
        answer = Answer(accept, evidence, operator, now)
        check_answer(answer)

        async def work(connection: Connection) -> Decided[Dispute]:
            dispute = await self._locked(connection, dispute_id)
            if is_repeat(dispute, answer, now):
                return Decided(dispute)
            await store.add_answer(connection, dispute.reference, answer, key_id)
            moves = Moves(DISPUTES)
            told = Dispute(dispute.claim, dispute.terms, dispute.life, answer)
            after = moves.apply(told, saga.answered(told, accept, now))
            await moves.store(connection)
            return Decided(after, moves.messages)

        return (await self._units.write(work)).answer

    @staticmethod
    async def _locked(connection: Connection, dispute_id: str) -> Dispute:
        references = await store.find_references(connection, [dispute_id])
        found = await DISPUTES.lock(connection, list(references.values()))
        if not found:
            raise DisputeUnknown(dispute_id)
        return next(iter(found.values()))
