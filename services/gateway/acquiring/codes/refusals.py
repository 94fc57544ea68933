"""Why a code is not made or drawn."""

from services.core.errors import Conflict, Malformed, NotFound


class GivenCodeUnknown(NotFound):
    """No such code of this acquirer. Another's is not told apart."""

    def __init__(self, code_id: str) -> None:
        super().__init__(
            f"There is no code {code_id[:64]!r} of yours: create it first.", code_id=code_id[:64]
        )


class CodeExistsWithDifferentContent(Conflict):
    """The id was used before, for something else."""

    def __init__(self, code_id: str) -> None:
        super().__init__(
            f"The code {code_id} exists for another merchant, amount or label: use a fresh id.",
            code_id=code_id,
        )


class LabelMalformed(Malformed):
    """A label that no code can carry."""

    def __init__(self) -> None:
        super().__init__(
            "terminal_label has to be at most 25 printable ASCII characters.",
            field="terminal_label",
        )


class ShopsAmountUnfit(Malformed):
    """An amount that the shop cannot be paid."""

    def __init__(self, currency: str, largest: int) -> None:
        super().__init__(
            f"amount has to be in {currency}, from 1 to {largest} minor units.",
            field="amount",
            currency_code=currency,
        )
