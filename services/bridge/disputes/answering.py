"""Our answers to disputes: recorded before the partner is sent them."""

from collections.abc import Callable, Sequence

from services.bridge.disputes.domain import DOUBTED, ENDED, DisputeSaid, contradicts, want_answer
from services.bridge.disputes.messages import dispute_outgoing
from services.bridge.disputes.store import lock_disputes, put_disputes
from services.bridge.domain.answer import Moment
from services.kit.kafka import Record
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.pb.kawase.bridge.v1.bridge_message_pb2 import AnswerDispute

UNKNOWN = "DISPUTE_UNKNOWN"
ANSWERED = "DISPUTE_ANSWERED_DIFFERENTLY"
EVIDENCE_LIMIT = 8_000


async def record_answers(
    connection: Connection,
    commands: Sequence[tuple[Record, AnswerDispute]],
    moment: Moment,
    lane: int,
    bury: Callable[[Record, str], None],
) -> list[Outgoing]:
    """Record what is to be answered; returns the last word on disputes that are over. A repeat
    changes nothing; what contradicts an earlier answer, or is about no dispute, is buried."""
    found = await lock_disputes(connection, sorted({command.dispute_id for _, command in commands}))
    now = dict(found)
    messages = []
    for record, command in commands:
        dispute = now.get(command.dispute_id)
        evidence = command.evidence[:EVIDENCE_LIMIT]
        is_known = dispute is not None and dispute.state not in DOUBTED
        if dispute is None or not is_known or dispute.resource_id != command.resource_id:
            bury(record, UNKNOWN)
        elif contradicts(dispute, command.accept, evidence):
            bury(record, ANSWERED)
        elif dispute.state in ENDED:
            messages.append(dispute_outgoing(dispute, DisputeSaid.ENDED, moment.today, lane))
        else:
            now[dispute.dispute_id] = want_answer(dispute, command.accept, evidence, moment)
    changed = [dispute for key, dispute in now.items() if dispute is not found[key]]
    await put_disputes(connection, changed)
    return messages
