"""Keys, proposals and audit entries as messages, and what requests say in our words."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.core.errors import Malformed
from services.gateway.access.approvals.proposals import is_expired
from services.gateway.access.book import Algorithm, AuditEntry, Proposal
from services.gateway.access.keys import Caller
from services.gateway.access.owners import meant_by
from services.gateway.admin.codec import choice
from services.gateway.admin.errors import FieldOutOfPlace
from services.gateway.payments.messages import timestamp
from services.pb.kawase.gateway.v1 import access_service_pb2 as pb

_ALGORITHMS: Mapping[int, Algorithm] = {
    pb.SIGNING_ALGORITHM_ED25519: Algorithm.ED25519,
    pb.SIGNING_ALGORITHM_ECDSA_P256_SHA256: Algorithm.ECDSA_P256_SHA256,
    pb.SIGNING_ALGORITHM_ECDSA_P384_SHA384: Algorithm.ECDSA_P384_SHA384,
    pb.SIGNING_ALGORITHM_RSA_PSS_SHA512: Algorithm.RSA_PSS_SHA512,
}


def owner_of(caller: Caller, participant_id: str) -> str:
    """Whose things are meant: the caller's, or for an operator those it names.

    Raises `ParticipantForeign`. An operator that names nobody means its own.
    """
    own = caller.participant
    return meant_by(own, participant_id) or own.participant_id


def algorithm_from(number: int) -> Algorithm:
    """Raises `FieldMissing` or `ChoiceUnknown`."""
    return choice(_ALGORITHMS, number, "algorithm")


def expiry_from(request: Any, now: datetime) -> float | None:
    """Seconds since 1970 of `expire_time`, where it is given. Raises `ExpireTimePast`,
    `FieldOutOfPlace`."""
    if not request.HasField("expire_time"):
        return None
    seconds: float = request.expire_time.seconds + request.expire_time.nanos / 1e9
    if seconds <= now.timestamp():
        raise ExpireTimePast
    if seconds >= datetime.max.replace(tzinfo=UTC).timestamp():
        raise FieldOutOfPlace("expire_time is no time there is: leave it out for a key that stays.")
    return seconds


def api_key_message(row: Mapping[str, Any]) -> pb.ApiKey:
    """A key without its digest."""
    return pb.ApiKey(
        key_id=row["key_id"],
        participant_id=row["participant_id"],
        person_id=row["person_id"],
        purpose=row["purpose"],
        scopes=row["scopes"],
        networks=row["networks"],
        create_time=timestamp(row["create_time"]),
        expire_time=_time(row["expire_time"]),
        revoke_time=_time(row["revoke_time"]),
        last_used_time=_time(row["last_used_time"]),
    )


def signing_key_message(row: Mapping[str, Any]) -> pb.SigningKey:
    """A public key."""
    number: Any = next(n for n, known in _ALGORITHMS.items() if known == row["algorithm"])
    return pb.SigningKey(
        signing_key_id=row["signing_key_id"],
        participant_id=row["participant_id"],
        algorithm=number,
        public_key=row["public_key"],
        create_time=timestamp(row["create_time"]),
        expire_time=_time(row["expire_time"]),
        revoke_time=_time(row["revoke_time"]),
    )


def proposal_message(proposal: Proposal, request: Message, now: datetime) -> pb.Proposal:
    """A proposal, its request to be read."""
    state = pb.PROPOSAL_STATE_PENDING
    if proposal.approved is not None:
        state = pb.PROPOSAL_STATE_REJECTED
        if proposal.approved:
            state = pb.PROPOSAL_STATE_APPROVED
    elif is_expired(proposal, now):
        state = pb.PROPOSAL_STATE_EXPIRED
    told = MessageToDict(request, preserving_proto_field_name=True)
    return pb.Proposal(
        proposal_id=proposal.proposal_id,
        state=state,
        method=proposal.method,
        object_id=proposal.object_id,
        request_json=json.dumps(told, ensure_ascii=False, sort_keys=True),
        person_id=proposal.person_id,
        propose_time=timestamp(proposal.propose_time),
        expire_time=timestamp(proposal.expire_time),
        decider_id=proposal.decider_id,
        decide_time=_time(proposal.decide_time),
        reason=proposal.reason,
    )


def audit_message(entry: AuditEntry) -> pb.AuditEntry:
    """A line of the audit log."""
    return pb.AuditEntry(
        call_time=timestamp(entry.call_time),
        participant_id=entry.participant_id,
        person_id=entry.person_id,
        key_id=entry.key_id,
        peer=entry.peer,
        method=entry.method,
        object_id=entry.object_id,
        outcome=entry.outcome,
    )


def _time(instant: datetime | None) -> Timestamp | None:
    return None if instant is None else timestamp(instant)


class ExpireTimePast(Malformed):
    """A key that would never be good for anything."""

    def __init__(self) -> None:
        super().__init__("expire_time is in the past: leave it out, or give a time to come.")
