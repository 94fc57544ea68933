"""Whose things a call is about: the caller's own, or for an operator those of whom it names."""

from services.core.errors import NotFound
from services.gateway.reference import Participant, ParticipantKind


class ParticipantForeign(NotFound):
    """A participant names another."""

    def __init__(self, participant_id: str) -> None:
        super().__init__(
            f"There is nothing of {participant_id[:64]!r} here for you: leave participant_id "
            "empty.",
            participant_id=participant_id[:64],
        )


def meant_by(caller: Participant, named: str) -> str:
    """The participant's id; `named` is what the request says, empty where it says nothing.

    Empty where an operator names nobody. Raises `ParticipantForeign`.
    """
    if caller.kind is ParticipantKind.OPERATOR:
        return named
    if named not in ("", caller.participant_id):
        raise ParticipantForeign(named)
    return caller.participant_id
