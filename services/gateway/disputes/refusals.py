"""Why an answer to a dispute is refused: one leaf per clause."""

from datetime import datetime

from services.core.errors import Conflict, Malformed, NotFound, Refused

EVIDENCE_MAXIMUM = 8_000  # characters, as the bridge keeps them


class DisputeUnknown(NotFound):
    """No dispute of this id."""

    def __init__(self, dispute_id: str) -> None:
        super().__init__(
            f"There is no dispute {dispute_id[:80]!r}: see ListDisputes.",
            dispute_id=dispute_id[:80],
        )


class DisputeAnswered(Conflict):
    """There is another answer already."""

    def __init__(self, dispute_id: str) -> None:
        super().__init__(
            f"The dispute {dispute_id} has been answered otherwise; an answer cannot be changed.",
            dispute_id=dispute_id,
        )


class DisputeOver(Refused):
    """The partner has decided."""

    def __init__(self, dispute_id: str, state: str) -> None:
        super().__init__(
            f"The dispute {dispute_id} is {state}: there is nothing left to answer.",
            dispute_id=dispute_id,
            state=state,
        )


class DisputeAnswerTooLate(Refused):
    """The partner's deadline is over."""

    def __init__(self, dispute_id: str, until: datetime) -> None:
        super().__init__(
            f"The dispute {dispute_id} was to be answered until {until.isoformat()}; "
            "ask the partner.",
            dispute_id=dispute_id,
            answer_until_time=until.isoformat(),
        )


class EvidenceMissing(Malformed):
    """A dispute is fought with evidence."""

    def __init__(self) -> None:
        super().__init__("evidence is empty: say what shows that the charge stands, or accept it.")


class EvidenceTooLong(Malformed):
    """More than is sent to partners."""

    def __init__(self) -> None:
        super().__init__(f"evidence is longer than {EVIDENCE_MAXIMUM} characters: shorten it.")
