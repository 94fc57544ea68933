"""Whose webhooks a call is about: the caller's own, or for an operator those of whom it names."""

from services.gateway.access.owners import meant_by
from services.gateway.admin.errors import ParticipantUnknown
from services.gateway.reference import Participant
from services.gateway.reference.board import ReferenceBoard
from services.gateway.webhooks.refusals import ParticipantMissing


class Owners:
    """Finds the owner of what a call is about."""

    def __init__(self, board: ReferenceBoard) -> None:
        self._board = board

    def of(self, caller: Participant, named: str) -> str:
        """The participant's id; `named` is what the request says, empty where it says nothing.

        Raises `ParticipantForeign`, `ParticipantMissing`, `ParticipantUnknown`.
        """
        owner = meant_by(caller, named)
        if not owner:
            raise ParticipantMissing
        if owner not in self._board.current.participants:
            raise ParticipantUnknown(owner)
        return owner
