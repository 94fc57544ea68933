"""Whether a withdrawal may be made, as far as the request tells. Pure."""

import hashlib
from dataclasses import dataclass

from services.core.ids import checked_id
from services.core.money import LARGEST_UNITS, Money
from services.gateway.payments.refusals import (
    AmountCurrencyDiffers,
    AmountNotPositive,
    AmountTooLarge,
)
from services.gateway.reference import Participant


@dataclass(frozen=True, slots=True)
class Wish:
    """A request to withdraw, as it came."""

    participant_id: str
    withdrawal_id: str
    bank_link_id: str
    amount: Money

    @property
    def digest(self) -> bytes:
        """Equal for requests of equal content."""
        parts = (self.bank_link_id, str(self.amount.minor), self.amount.currency)
        return hashlib.sha256("\n".join(parts).encode()).digest()


def check_wish(wish: Wish, caller: Participant) -> None:
    """A positive amount in the wallet's home currency. Raises leaves of `Malformed`."""
    checked_id(wish.withdrawal_id, "withdrawal_id")
    checked_id(wish.bank_link_id, "bank_link_id")
    if wish.amount.currency != caller.home_currency:
        raise AmountCurrencyDiffers(wish.amount.currency, caller.home_currency)
    if wish.amount.minor <= 0:
        raise AmountNotPositive(wish.amount.minor)
    if wish.amount.minor > LARGEST_UNITS // 1000:
        raise AmountTooLarge
