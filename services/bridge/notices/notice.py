"""A partner's notice: the HTTP request as it came, and what an adapter reads out of it.

An adapter verifies before it reads anything: the signature over path and body, that the time it was
signed at is near `now`, or, where the partner signs nothing, the address it came from. What it
cannot vouch for it does not say: an unsigned notice names a charge, and the charge is inquired
about.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.bridge.domain.answer import Answer
from services.core.errors import Forbidden
from services.core.money import Money


@dataclass(frozen=True, slots=True)
class NoticeRequest:
    """A request as it came. `path` is the partner's own view of it, as it signs it: with the query
    where there is one; header names are in lower case; `now` is the house's clock."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    remote_address: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ChargeNotice:
    """Something has happened to a charge. Without an `answer` it is inquired about now; with one,
    which only a verified signature may give, the partner has spoken as if it had been asked."""

    charge_id: str
    """Ours: every partner repeats the id it was sent."""
    answer: Answer | None = None
    notice_id: str = ""
    """The partner's own id of the notice; empty: a digest of the body tells repeats."""


class DisputeStage(StrEnum):
    """Where a dispute stands at the partner."""

    OPENED = "opened"
    WON = "won"  # the charge stands, and we keep the money
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class DisputeNotice:
    """A payer contests a charge at the partner, or the partner has decided. `amount` None: all of
    the charge. Unless it is `proven`, by a verified signature, the partner is asked about the case,
    and only its answer counts."""

    case_reference: str
    """The partner's number of the case."""
    charge_id: str
    stage: DisputeStage
    proven: bool
    amount: Money | None = None
    reason: str = ""
    message: str = ""
    answer_until_time: datetime | None = None
    notice_id: str = ""


@dataclass(frozen=True, slots=True)
class DepositNotice:
    """A bank says that money has come in. An entry of an account is noticed once."""

    account_id: str
    entry_reference: str
    amount: Money
    payer_name: str
    value_date: str
    """YYYY-MM-DD in the bank's time zone."""
    remittance_text: str = ""
    notice_id: str = ""


@dataclass(frozen=True, slots=True)
class PayoutNotice:
    """Something has happened to a payout: it is inquired about now. The bank names it by our id,
    or by its own reference where ours is empty."""

    payout_id: str = ""
    partner_reference: str = ""
    notice_id: str = ""


@dataclass(frozen=True, slots=True)
class OtherNotice:
    """A notice that asks nothing of us: it is journaled and answered."""

    what: str
    notice_id: str = ""


Notice = ChargeNotice | DisputeNotice | DepositNotice | PayoutNotice | OtherNotice


@dataclass(frozen=True, slots=True)
class NoticeReply:
    """What the partner wants to read when its notice is durable here."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class NoticeRefused(Forbidden):
    """The notice is not the partner's, not of this time, or cannot be read. The reason is for our
    log; whoever sent it learns nothing."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"The notice is refused: {problem}.", problem=problem)
