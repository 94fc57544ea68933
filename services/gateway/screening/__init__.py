"""Screening: who or what is not to be paid, looked at after the limits and before the reserve.

The order at confirmation is expiry, availability, limits, screening, reserve. A refused payment is
declined with the reason SCREENING_REFUSED and no more: which rule refused it is for the operator
alone, so that nobody is tipped off.

A screening refuses or passes; it never leaves a payment undecided. Where it fails, the confirm
fails with it: nothing is reserved, the payment stays quoted, and the caller may ask again until
the quote expires.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.core.money import Money
from services.gateway.payments.model import Terms
from services.kit.postgres import Connection


@dataclass(frozen=True, slots=True)
class Subject:
    """What is screened of a payment."""

    reference: str
    participant_id: str
    payment_id: str
    payer_id: str
    acceptance_partner_id: str
    merchant_id: str
    merchant_name: str
    home: Money
    target: Money
    payee: tuple[str, str] | None = None
    """Wallet and payer id of a person who is paid."""


def subject_of(terms: Terms) -> Subject:
    """What screening sees of a payment."""
    return Subject(
        terms.reference,
        terms.participant_id,
        terms.payment_id,
        terms.payer_id,
        terms.acceptance_partner_id,
        terms.merchant_id,
        terms.merchant_name,
        terms.home,
        terms.target,
        terms.payee,
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rule` is LISTED_PAYER, LISTED_PAYEE, LISTED_MERCHANT, VELOCITY or AMOUNT where it is
    refused, and empty where nothing was found; `detail` says what was found, for the operator."""

    rule: str = ""
    detail: str = ""

    @property
    def refused(self) -> bool:
        return bool(self.rule)


PASSED = Verdict()


@dataclass(frozen=True, slots=True)
class Screened:
    """A decision as it is journaled. `list_digest` names the list that was used."""

    subject: Subject
    verdict: Verdict
    list_digest: str
    decide_time: datetime


class Screener(Protocol):
    """Decides the payments of one batch, one after the other; `digest` names what it goes by."""

    @property
    def digest(self) -> str: ...

    def decide(self, subject: Subject) -> Verdict:
        """A payment that is passed counts in what is decided after it."""
        ...


class Screening(Protocol):
    """What looks at payments before their money is reserved."""

    async def begin(
        self, connection: Connection, subjects: Sequence[Subject], now: datetime
    ) -> Screener | None:
        """Read what deciding on `subjects` needs, in the transaction that confirms them.

        None where nothing is screened: then nothing has been read. It must not wait for anybody
        but Postgres. What it raises undoes the batch: a leaf of `Unavailable` where the caller may
        ask again.
        """
        ...
