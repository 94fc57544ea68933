"""Why a call about billers or bills is refused."""

from datetime import datetime

from services.core.errors import Conflict, Forbidden, Malformed, NotFound, Refused
from services.gateway.bills.model import Finding


class AcquirerRequired(Forbidden):
    """Billers are put by the acquirer they belong to."""

    def __init__(self, participant_id: str) -> None:
        super().__init__(
            "This call needs the key of an acquirer: billers belong to acquirers.",
            participant_id=participant_id,
        )


class BillerUnknown(NotFound):
    """No such biller, or not one that the caller may see."""

    def __init__(self, biller_id: str) -> None:
        super().__init__(
            f"There is no biller {biller_id[:64]!r} for you: find it with ListBillers.",
            biller_id=biller_id[:64],
        )


class BillerClosed(Refused):
    """The biller takes no payments now."""

    def __init__(self, biller_id: str) -> None:
        super().__init__(
            f"The biller {biller_id} takes no payments at the moment: pay it another way.",
            biller_id=biller_id,
        )


class BillerIdTaken(Conflict):
    """Another acquirer's biller or a merchant has this id."""

    def __init__(self, biller_id: str) -> None:
        super().__init__(
            f"The id {biller_id} belongs to another biller or merchant: choose another.",
            biller_id=biller_id,
        )


class BillerMalformed(Malformed):
    """What is said of a biller cannot be."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message, field=field)


class BillerCurrencyFixed(Refused):
    """A biller's currency cannot be changed: its payable is in it."""

    def __init__(self, biller_id: str, currency: str) -> None:
        super().__init__(
            f"The biller {biller_id} is in {currency}: put another biller for another currency.",
            biller_id=biller_id,
            currency_code=currency,
        )


class BillRefused(Malformed):
    """The bill breaks its biller's rules; the findings say where."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        sentences = " ".join(finding.message for finding in findings[:5])
        super().__init__(
            f"The bill cannot be paid. {sentences}",
            findings=",".join(finding.code for finding in findings),
            positions=",".join(str(finding.position) for finding in findings),
        )


class BillPaid(Refused):
    """The bill was paid not long ago."""

    def __init__(self, biller_id: str, reference: str, paid_time: datetime) -> None:
        super().__init__(
            f"The bill {reference} was paid at {paid_time:%Y-%m-%d %H:%M} UTC: if it is really to "
            "be paid once more, say so with again.",
            biller_id=biller_id,
            bill_reference=reference,
        )


class BillBeingPaid(Refused):
    """A payment of the bill is under way."""

    def __init__(self, biller_id: str, reference: str) -> None:
        super().__init__(
            f"A payment of the bill {reference} is under way: wait for its end.",
            biller_id=biller_id,
            bill_reference=reference,
        )


class BillTakenOver(Refused):
    """A later payment of the same bill was begun; only that one may be confirmed."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"Another payment of the same bill was begun after {payment_id}: if the bill is still "
            "to be paid, begin again with PayBill.",
            payment_id=payment_id,
        )
