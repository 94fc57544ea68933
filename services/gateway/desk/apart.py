"""Four eyes of two people who never held each other's key (`access.approvals.voices`).

Settlement and reconciliation compare two names. An admin who has made the keys of both could speak
for both, so the desk reads who has proposed, and compares keys, before an approval is passed on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from services.core.errors import Forbidden
from services.core.people import is_same_person
from services.gateway.access.approvals.voices import Hand, are_apart
from services.gateway.access.keys import Caller
from services.gateway.reference import Reference


@dataclass(frozen=True, slots=True)
class Proposed:
    """Which RPC of the same service tells who has proposed, and where in its answer."""

    reading: str
    path: str


PROPOSED: Mapping[str, Proposed] = {
    "kawase.settlement.v1.PayoutService/ApprovePayoutRelease": Proposed(
        "GetPayout", "payout.release_proposed_by"
    ),
    "kawase.reconciliation.v1.BreakService/ApproveResolution": Proposed(
        "GetBreak", "item.resolution.proposed_by"
    ),
    "kawase.reconciliation.v1.DayService/ApproveReopening": Proposed(
        "GetDay", "summary.reopening_proposed_by"
    ),
}
"""By the full name of the RPC that approves; a test finds one that is missing."""


def reading_of(method: MethodDescriptor, proposed: Proposed, request: Message) -> Message:
    """The request that reads what `request` is about: its fields of the same names."""
    kind = GetMessageClass(method.containing_service.methods_by_name[proposed.reading].input_type)
    known = request.DESCRIPTOR.fields_by_name
    fields: Any = kind.DESCRIPTOR.fields
    return kind(**{each.name: getattr(request, each.name) for each in fields if each.name in known})


def proposer_in(answer: Message, proposed: Proposed) -> str:
    """Who has proposed; empty where nobody has."""
    return str(reduce(getattr, proposed.path.split("."), answer))


def check_apart(caller: Caller, proposer: str, known: Reference) -> None:
    """Raises `KeysNotApart`. That somebody approves their own is left to the service to refuse."""
    person_id = "" if caller.person is None else caller.person.person_id
    if is_same_person(proposer, person_id):
        return
    approving = Hand(caller.key_id, person_id)
    for key in known.api_keys.values():
        if not is_same_person(key.person_id, proposer):
            continue
        if not are_apart(known.api_keys, approving, Hand(key.key_id, key.person_id)):
            raise KeysNotApart(proposer)


class KeysNotApart(Forbidden):
    """Somebody may have held the keys of both who proposed and who approves."""

    def __init__(self, proposer: str) -> None:
        super().__init__(
            f"{proposer} has proposed this: it is approved by somebody else, with a key that "
            "neither they have made nor who made theirs.",
            person_id=proposer,
        )
