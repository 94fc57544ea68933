"""Why an authorisation, a capture or a void is refused: one leaf per clause."""

from services.core.errors import Conflict, Contended, Forbidden, Refused
from services.core.money import Money


class AcquirerRequired(Forbidden):
    """Only the merchant's acquirer takes what is held, or lets it go."""

    def __init__(self, participant_id: str) -> None:
        super().__init__(
            "This call needs the key of an acquirer: a wallet gives a payment up by CancelPayment.",
            participant_id=participant_id,
        )


class AuthorisationNotOffered(Refused):
    """The corridor takes no authorisations, or a partner takes part, whose charges we cannot
    hold."""

    def __init__(self, payment_id: str, corridor_id: str) -> None:
        super().__init__(
            f"The payment {payment_id} cannot be authorised: its corridor takes only payments that "
            "are paid at once. Confirm it instead.",
            payment_id=payment_id,
            corridor_id=corridor_id,
        )


class NotAuthorised(Refused):
    """The payment was never authorised."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The payment {payment_id} was not authorised for a later capture: there is nothing "
            "to capture or to void.",
            payment_id=payment_id,
        )


class AuthorisationPending(Contended):
    """The ledger has not answered yet."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The funds of payment {payment_id} are still being reserved: try again in a moment.",
            payment_id=payment_id,
        )


class AuthorisationExpired(Refused):
    """The time for a capture is over."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The authorisation of payment {payment_id} has expired and its funds are released: "
            "ask the payer to pay anew.",
            payment_id=payment_id,
        )


class AuthorisationOver(Refused):
    """Given up, or refused by the ledger."""

    def __init__(self, payment_id: str, state: str) -> None:
        super().__init__(
            f"The payment {payment_id} is {state}: nothing is held of it.",
            payment_id=payment_id,
            state=state,
        )


class AuthorisationCaptured(Refused):
    """What was captured cannot be released; it can be refunded."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The payment {payment_id} was captured and can no longer be voided: refund it.",
            payment_id=payment_id,
        )


class CaptureExceedsAuthorised(Refused):
    """More than the payer agreed to."""

    def __init__(self, asked: Money, authorised: Money) -> None:
        super().__init__(
            f"{asked} cannot be captured: {authorised} is authorised.",
            minor_units=str(asked.minor),
            authorised_minor_units=str(authorised.minor),
        )


class CapturedWithDifferentAmount(Conflict):
    """One capture ends an authorisation."""

    def __init__(self, payment_id: str, captured: Money) -> None:
        super().__init__(
            f"The payment {payment_id} was captured with {captured}; one capture ends an "
            "authorisation. Refund what is too much.",
            payment_id=payment_id,
            captured_minor_units=str(captured.minor),
        )
