"""Why a step of a break is refused: one leaf per clause."""

from services.core.errors import Conflict, Forbidden, Malformed, NotFound, Refused
from services.core.money import Money


class BreakNotFound(NotFound):
    """There is no break of this id."""

    def __init__(self, break_id: str) -> None:
        super().__init__(
            f"There is no break {break_id[:80]!r}: see ListBreaks.", break_id=break_id[:80]
        )


class WordMissing(Malformed):
    """Who does this, or what it is about, has to be said."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is empty: a step of a break says who and why.", field=field)


class WordTooLong(Malformed):
    """A text is longer than is kept."""

    def __init__(self, field: str, limit: int) -> None:
        super().__init__(f"{field} is too long: write at most {limit} characters.", field=field)


class FilterUnknown(Malformed):
    """A list is asked for by a value that there is not."""

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"{value[:80]!r} is no {field} of a break.", field=field)


class ResolutionUnknown(Malformed):
    """A resolution of no kind, or of one this version does not know."""

    def __init__(self) -> None:
        super().__init__(
            "Say how the break is resolved: correcting transfer, write-off, corrected by the "
            "partner, or explained.",
            field="resolution.kind",
        )


class TransferMalformed(Malformed):
    """The transfer of a resolution cannot be one."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"The transfer cannot be made: {problem}.", field=f"resolution.{field}")


class AmountUnfit(Refused):
    """More would be moved than the break is about."""

    def __init__(self, amount: Money, most: Money) -> None:
        super().__init__(
            f"{amount} is more than the break is about: move at most {most}.",
            amount_minor=str(amount.minor),
            most_minor=str(most.minor),
            currency_code=amount.currency,
        )


class StateUnfit(Refused):
    """The break is not where this step begins."""

    def __init__(self, break_id: str, state: str, wanted: str) -> None:
        super().__init__(
            f"{break_id} is {state}; this needs it {wanted}.", break_id=break_id, state=state
        )


class TransferUnderWay(Refused):
    """The resolution is approved, and the ledger has not answered yet."""

    def __init__(self, break_id: str, link_id: str) -> None:
        super().__init__(
            f"The transfer {link_id} of {break_id} is with the ledger: look again in a minute.",
            break_id=break_id,
            link_id=link_id,
        )


class SamePerson(Forbidden):
    """Who has proposed a resolution does not approve it."""

    def __init__(self, break_id: str, person: str) -> None:
        super().__init__(
            f"{person} has proposed the resolution of {break_id}: another person approves it.",
            break_id=break_id,
        )


class ProposedOtherwise(Conflict):
    """Another proposal is waiting for its approval."""

    def __init__(self, break_id: str, person: str) -> None:
        super().__init__(
            f"{person} has proposed another resolution of {break_id}: approve or reject that one.",
            break_id=break_id,
        )
