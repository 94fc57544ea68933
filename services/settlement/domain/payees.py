"""Accounts of shops that agreements may name instead of bank data. Pure."""

from dataclasses import dataclass
from datetime import datetime

from services.core.errors import Refused


@dataclass(frozen=True, slots=True)
class PayeeAccount:
    """An account that was approved at the gateway. Without a sealed payee: the shop has none."""

    merchant_id: str
    version: int
    sealed_payee: bytes
    shown: str
    approve_time: datetime
    effective_time: datetime


class PayeeMissing(Refused):
    """The shop that an agreement names has no account that may be paid now."""

    def __init__(self, merchant_id: str, coming: PayeeAccount | None) -> None:
        super().__init__(
            f"The merchant {merchant_id} has no account that is in effect: {_wanted(coming)}.",
            merchant_id=merchant_id,
        )


class PayeeReturned(Refused):
    """Money came back from the account in effect."""

    def __init__(self, merchant_id: str, coming: PayeeAccount | None) -> None:
        super().__init__(
            f"Money came back from the account of merchant {merchant_id}, which is still in "
            f"effect: {_wanted(coming)}.",
            merchant_id=merchant_id,
        )


class PayeeUnreadable(Refused):
    """What is stored of a merchant or an agreement is sealed with a key that is not here, or was
    sealed for another."""

    def __init__(self, kind: str, its_id: str) -> None:
        super().__init__(
            f"The account of {kind} {its_id} cannot be read: check KAWASE_PAYEE_KEY, which "
            "gateway, settlement and bridge share, or have the account given anew.",
            **{f"{kind}_id": its_id},
        )


def _wanted(coming: PayeeAccount | None) -> str:
    """What has to happen."""
    if coming is not None:
        return f"{coming.shown} takes its place at {coming.effective_time.isoformat()}"
    return "its acquirer has to give another at the gateway, and an operator to approve it"
