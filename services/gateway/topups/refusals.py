"""Why a bank link or a top-up is refused at the door: one leaf per clause."""

from services.core.errors import Conflict, Forbidden, Malformed, NotFound


class HostedWalletRequired(Forbidden):
    """Only a hosted wallet's payers have accounts with us that can be topped up."""

    def __init__(self, participant_id: str) -> None:
        super().__init__(
            "Bank links and top-ups are for hosted wallets; this participant's payers have no "
            "accounts here.",
            participant_id=participant_id,
        )


class BankFieldMalformed(Malformed):
    """A part of a bank account has a wrong shape."""

    def __init__(self, field: str, digits: int) -> None:
        super().__init__(f"{field} has to be {digits} digits.", field=field)


class HolderNameMalformed(Malformed):
    """The holder's name is empty or too long."""

    def __init__(self, maximum: int) -> None:
        super().__init__(
            f"holder_name has to be 1 to {maximum} characters: the holder in kana, "
            "as the bank knows them."
        )


class BankLinkUnknown(NotFound):
    """No such bank link of this participant."""

    def __init__(self, bank_link_id: str) -> None:
        super().__init__(
            f"There is no bank link {bank_link_id[:64]!r} of yours: link the account first.",
            bank_link_id=bank_link_id[:64],
        )


class BankLinkExistsWithDifferentContent(Conflict):
    """The id was used before, for another account."""

    def __init__(self, bank_link_id: str) -> None:
        super().__init__(
            f"The bank link {bank_link_id} exists with another payer or account: "
            "use a fresh id for another account.",
            bank_link_id=bank_link_id,
        )


class TopUpUnknown(NotFound):
    """No such top-up of this participant."""

    def __init__(self, top_up_id: str) -> None:
        super().__init__(
            f"There is no top-up {top_up_id[:64]!r} of yours: check the id, or create it first.",
            top_up_id=top_up_id[:64],
        )


class TopUpExistsWithDifferentContent(Conflict):
    """The id was used before, for something else."""

    def __init__(self, top_up_id: str) -> None:
        super().__init__(
            f"The top-up {top_up_id} exists with another bank link or amount: "
            "use a fresh id for a new top-up.",
            top_up_id=top_up_id,
        )
