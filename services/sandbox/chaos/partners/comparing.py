"""Our books against the partners': every payment charged once or not at all, and nobody's money
over. Pure; a difference is a sentence."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.sandbox.chaos.partners.facts import (
    ChargeFact,
    GivingBack,
    OurSide,
    PaymentFact,
    TheirBooks,
)

# A void's id is made of so much of the charge's.
_VOID, _VOID_KEEPS = "-void", 59
ACCEPTED = "accepted"

Table = Counter[tuple[str, str]]
"""How many payments of a partner ended how."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The table, and every difference in words."""

    table: Table
    differences: tuple[str, ...]


def compare(ours: OurSide, theirs: Mapping[str, TheirBooks]) -> Verdict:
    """Look at everything from both sides."""
    differences = [
        *_charges(ours, theirs),
        *_givings(ours, theirs),
        *_strangers(ours, theirs),
        *_payments(ours),
        *_refunds(ours),
        *_claims(ours, theirs),
    ]
    return Verdict(_table(ours), tuple(differences))


def _voided(books: TheirBooks, charge_id: str) -> int:
    return books.refunded.get(f"{charge_id[:_VOID_KEEPS]}{_VOID}", 0)


def _charges(ours: OurSide, theirs: Mapping[str, TheirBooks]) -> Iterator[str]:
    """What we have as captured is what the partner holds, charge by charge."""
    for charge in ours.charges:
        books = theirs[charge.partner_id]
        held = books.accepted.get(charge.charge_id, 0) - _voided(books, charge.charge_id)
        if held != charge.captured_minor:
            yield (
                f"{charge.partner_id} holds {held} for {charge.charge_id}, "
                f"we have {charge.captured_minor} ({charge.state})"
            )
        if charge.is_open:
            yield f"{charge.charge_id} at {charge.partner_id} still waits ({charge.state})"


def _givings(ours: OurSide, theirs: Mapping[str, TheirBooks]) -> Iterator[str]:
    """What we have as given back is what the partner gave, once."""
    for giving in ours.givings:
        given = theirs[giving.partner_id].refunded.get(giving.refund_id, 0)
        expected = giving.amount_minor if giving.state == ACCEPTED else 0
        if given != expected:
            yield (
                f"{giving.partner_id} gave {given} back for {giving.refund_id}, "
                f"we have {expected} ({giving.state})"
            )


def _strangers(ours: OurSide, theirs: Mapping[str, TheirBooks]) -> Iterator[str]:
    """Nothing is in a partner's books that we have not asked for."""
    charges = {(charge.partner_id, charge.charge_id) for charge in ours.charges}
    voids = {(partner, f"{name[:_VOID_KEEPS]}{_VOID}") for partner, name in charges}
    givings = {(giving.partner_id, giving.refund_id) for giving in ours.givings}
    for partner_id, books in theirs.items():
        for name in books.accepted:
            if (partner_id, name) not in charges:
                yield f"{partner_id} was paid {books.accepted[name]} for {name}, unknown to us"
        for name in books.refunded:
            if (partner_id, name) not in givings | voids:
                yield f"{partner_id} gave {books.refunded[name]} back for {name}, unknown to us"


def _payments(ours: OurSide) -> Iterator[str]:
    """Charged exactly once if completed; not, or given back, if it ended otherwise."""
    charges = {charge.charge_id: charge for charge in ours.charges}
    returned = _returned(ours.givings)
    of_resource: dict[str, list[ChargeFact]] = {}
    for charge in ours.charges:
        of_resource.setdefault(charge.resource_id, []).append(charge)
    for payment in ours.payments:
        if not payment.is_done:
            yield f"payment {payment.payment_id} still has work left ({payment.state})"
        elif payment.state == "completed":
            yield from _completed(payment, charges)
        else:
            for charge in of_resource.get(payment.reference, ()):
                yield from _given_up(payment, charge, returned[charge.charge_id], ours.late)


def _returned(givings: tuple[GivingBack, ...]) -> Counter[str]:
    returned: Counter[str] = Counter()
    for giving in givings:
        if giving.state == ACCEPTED:
            returned[giving.charge_id] += giving.amount_minor
    return returned


def _completed(payment: PaymentFact, charges: Mapping[str, ChargeFact]) -> Iterator[str]:
    for charge_id, minor in payment.charges.items():
        charge = charges.get(charge_id)
        captured = 0 if charge is None else charge.captured_minor
        if captured != minor:
            yield f"{payment.payment_id} is completed, but {charge_id} took {captured} of {minor}"


def _given_up(
    payment: PaymentFact, charge: ChargeFact, returned: int, late: Mapping[str, str]
) -> Iterator[str]:
    left = charge.captured_minor - returned
    if left and late.get(charge.charge_id) not in ("written_off", "settled"):
        yield (
            f"{payment.payment_id} is {payment.state} ({payment.reason}), but {left} of "
            f"{charge.charge_id} stay at {charge.partner_id}"
        )


def _refunds(ours: OurSide) -> Iterator[str]:
    """A refund is completed if all its partners gave back, and declined if none did."""
    of_resource: dict[str, set[str]] = {}
    for giving in ours.givings:
        of_resource.setdefault(giving.resource_id, set()).add(giving.state)
    for refund in ours.refunds:
        states = of_resource.get(refund.reference, set())
        if not refund.is_done:
            yield f"{refund.reference} still has work left ({refund.state})"
        elif refund.state == "completed" and states - {ACCEPTED}:
            yield f"{refund.reference} is completed, but its partners say {sorted(states)}"
        elif refund.state == "declined" and ACCEPTED in states:
            yield f"{refund.reference} is declined, but its partners say {sorted(states)}"


def _claims(ours: OurSide, theirs: Mapping[str, TheirBooks]) -> Iterator[str]:
    """The ledger's account of each partner is the sum of that partner's books."""
    for claim in ours.claims:
        books = theirs[claim.partner_id]
        net = sum(books.accepted.values()) - sum(books.refunded.values())
        if net != claim.minor:
            yield (
                f"our ledger has {claim.minor} {claim.currency} with {claim.partner_id}, "
                f"its books sum up to {net}"
            )


def _table(ours: OurSide) -> Table:
    table: Table = Counter()
    for payment in ours.payments:
        reason = f" {payment.reason}" if payment.reason and payment.state != "completed" else ""
        table[payment.partner_id or "our own shops", payment.state + reason] += 1
    for refund in ours.refunds:
        table[refund.partner_id or "our own shops", f"refund {refund.state}"] += 1
    for charge in ours.charges:
        if charge.is_late:
            state = ours.late.get(charge.charge_id, "given back")
            table[charge.partner_id, f"late charge {state}"] += 1
    return table
