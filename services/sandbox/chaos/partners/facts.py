"""What a finished run is judged by: our side from the house, theirs from the partners' books."""

from collections.abc import Mapping
from dataclasses import dataclass

Minor = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """A payment. `charges` in minor units by the id of each charge it needs to be completed."""

    payment_id: str
    reference: str
    state: str
    reason: str
    is_done: bool
    partner_id: str
    """Of the side that decides last; empty where no partner is asked."""
    charges: Minor


@dataclass(frozen=True, slots=True)
class ChargeFact:
    """A charge of a payment or top-up, named `resource_id`, as the bridge has it."""

    charge_id: str
    resource_id: str
    partner_id: str
    state: str
    captured_minor: int
    is_late: bool
    is_open: bool


@dataclass(frozen=True, slots=True)
class GivingBack:
    """A refund as the bridge has it: of a refund, a late charge or a top-up."""

    refund_id: str
    charge_id: str
    resource_id: str
    partner_id: str
    state: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class RefundFact:
    """A refund as the gateway has it."""

    reference: str
    payment_reference: str
    partner_id: str
    state: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """What our ledger says stands between us and a partner, in minor units of `currency`: owed to
    it with the fees we keep of it, or by it."""

    partner_id: str
    currency: str
    minor: int


@dataclass(frozen=True, slots=True)
class OurSide:
    """Everything the house knows, after the run."""

    payments: tuple[PaymentFact, ...]
    charges: tuple[ChargeFact, ...]
    givings: tuple[GivingBack, ...]
    refunds: tuple[RefundFact, ...]
    late: Mapping[str, str]
    """State of each late charge, by its charge's id."""
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class TheirBooks:
    """A partner's: what it holds as paid by our charge ids, and what it gave back by our refund
    ids or, for a cancel that came too late, by the charge's id with `-void`."""

    accepted: Minor
    refunded: Minor
