"""Whose webhooks a call is about: the caller's own, or for an operator those of whom it names."""

from services.gateway.admin.errors import ParticipantUnknown
from services.gateway.reference import Participant, ParticipantKind
from services.gateway.reference.board import ReferenceBoard
from services.gateway.webhooks.refusals import ParticipantForeign, ParticipantMissing


class Owners:
    """Finds the owner of what a call is about."""

    def __init__(self, board: ReferenceBoard) -> None:
        self._board = board

    def of(self, caller: Participant, named: str) -> str:
        """The participant's id; `named` is what the request says, empty where it says nothing.

        Raises `ParticipantForeign`, `ParticipantMissing`, `ParticipantUnknown`.
        """
        if caller.kind is not ParticipantKind.OPERATOR:
            if named not in ("", caller.participant_id):
                raise ParticipantForeign(named)
            return caller.participant_id
        if not named:
            raise ParticipantMissing
        if named not in self._board.current.participants:
            raise ParticipantUnknown(named)
        return named
