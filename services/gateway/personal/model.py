"""A person's code, and what was paid by it."""

from dataclasses import dataclass
from datetime import datetime

from services.core.money import Money


@dataclass(frozen=True, slots=True)
class PersonalCode:
    """A static code of a wallet's payer. `token` is what it carries and says nothing of them."""

    token: str
    participant_id: str
    code_id: str
    payer_id: str
    shown_name: str
    currency: str
    code: str
    create_time: datetime
    revoke_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A completed payment to a person, from their side."""

    reference: str
    code_id: str
    payer_id: str
    amount: Money
    refunded: Money
    create_time: datetime
    update_time: datetime
