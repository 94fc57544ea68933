"""Reads a run's house from its databases, as the owner: whole tables, which no API hands out."""

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from services.sandbox.chaos.partners.facts import (
    ChargeFact,
    GivingBack,
    PaymentFact,
    RefundFact,
)

# Of bridge.charges and bridge.refunds, in the numbers of their tables.
_STATES = {
    1: "started",
    2: "action_required",
    3: "unknown",
    4: "accepted",
    5: "rejected",
    6: "cancelled",
}


@dataclass(frozen=True, slots=True)
class Left:
    """How much work is left, by kind; `approvals` wait for nobody but the payer."""

    quoted: int
    payments: int
    approvals: int
    top_ups: int
    refunds: int
    late: int
    charges: int
    givings: int
    cases: int

    @property
    def waits_for_payers_only(self) -> bool:
        """Whether all that is left, but quotes nobody confirmed, are approvals."""
        others = self.top_ups + self.refunds + self.late + self.givings
        return not others and self.payments == self.approvals and self.charges <= self.approvals

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is left but quotes nobody confirmed."""
        return self.waits_for_payers_only and not self.charges + self.payments


class HouseStore:
    """The databases of all services, over a pool of the owner's."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def left(self) -> Left:
        row = await self._pool.fetchrow(_LEFT)
        assert row is not None
        return Left(**dict(row))

    async def approvals(self) -> list[tuple[str, str]]:
        """Payment ids that wait for their payer, with the address of the page."""
        rows = await self._pool.fetch(_APPROVALS)
        return [(row["payment_id"], row["action_url"]) for row in rows]

    async def unrefunded(self, payment_ids: list[str]) -> list[str]:
        """Of these, completed payments of which nobody has asked anything back."""
        rows = await self._pool.fetch(_UNREFUNDED, payment_ids)
        return [row["payment_id"] for row in rows]

    async def payments(self) -> tuple[PaymentFact, ...]:
        """Payments, and top-ups as payments at their bank."""
        rows = await self._pool.fetch(_PAYMENTS)
        top_ups = await self._pool.fetch(_TOP_UPS)
        return tuple(_payment(row) for row in rows) + tuple(_top_up(row) for row in top_ups)

    async def charges(self) -> tuple[ChargeFact, ...]:
        rows = await self._pool.fetch(_CHARGES)
        return tuple(ChargeFact(**{**dict(row), "state": _STATES[row["state"]]}) for row in rows)

    async def givings(self) -> tuple[GivingBack, ...]:
        rows = await self._pool.fetch(_GIVINGS)
        return tuple(GivingBack(**{**dict(row), "state": _STATES[row["state"]]}) for row in rows)

    async def refunds(self) -> tuple[RefundFact, ...]:
        return tuple(RefundFact(**dict(row)) for row in await self._pool.fetch(_REFUNDS))

    async def late(self) -> Mapping[str, str]:
        return {row["charge_id"]: row["state"] for row in await self._pool.fetch(_LATE)}

    async def fees(self) -> Mapping[str, int]:
        """The fees we keep of what each acceptance partner was paid, in minor units."""
        return {row["partner_id"]: int(row["fees"]) for row in await self._pool.fetch(_FEES)}


def _payment(row: asyncpg.Record) -> PaymentFact:
    resource, charges = f"payment-{row['reference']}", {}
    if row["collect_partner_id"]:
        charges[f"{resource}-collect"] = row["home_minor"]
    if row["acceptance_partner_id"]:
        charges[f"{resource}-deliver"] = row["target_minor"]
    return PaymentFact(
        row["payment_id"],
        resource,
        row["state"],
        row["reason"],
        row["step"] == "done",
        row["acceptance_partner_id"] or row["collect_partner_id"],
        charges,
    )


def _top_up(row: asyncpg.Record) -> PaymentFact:
    resource = f"topup-{row['reference']}"
    charges = {f"{resource}-draw": row["amount_minor"]}
    is_done = row["step"] == "done"
    return PaymentFact(
        row["top_up_id"], resource, row["state"], row["reason"], is_done, row["partner_id"], charges
    )


_LEFT = """
SELECT (SELECT count(*) FROM gateway.payments WHERE state = 'quoted') AS quoted,
    (SELECT count(*) FROM gateway.payments WHERE step <> 'done' AND state <> 'quoted') AS payments,
    (SELECT count(*) FROM gateway.payments WHERE state = 'action_required') AS approvals,
    (SELECT count(*) FROM gateway.top_ups WHERE step <> 'done') AS top_ups,
    (SELECT count(*) FROM gateway.refunds WHERE step <> 'done') AS refunds,
    (SELECT count(*) FROM gateway.late_charges WHERE step <> 'done') AS late,
    (SELECT count(*) FROM bridge.charges WHERE operation IS NOT NULL) AS charges,
    (SELECT count(*) FROM bridge.refunds WHERE state = 1) AS givings,
    (SELECT count(*) FROM gateway.refunds WHERE step = 'operator')
    + (SELECT count(*) FROM gateway.late_charges WHERE step = 'operator')
    + (SELECT count(*) FROM gateway.top_ups WHERE step = 'operator') AS cases
"""
_APPROVALS = """
SELECT payment_id, action_url FROM gateway.payments
WHERE state = 'action_required' AND action_url <> ''
"""
_UNREFUNDED = """
SELECT p.payment_id FROM gateway.payments AS p
WHERE p.payment_id = ANY ($1::text[]) AND p.state = 'completed' AND p.step = 'done'
    AND NOT EXISTS (SELECT FROM gateway.refund_asks AS r WHERE r.payment_reference = p.reference)
"""
_PAYMENTS = """
SELECT p.payment_id, p.reference, p.state, p.step, p.reason, t.acceptance_partner_id,
    t.collect_partner_id, t.target_minor, t.home_minor
FROM gateway.payments AS p JOIN gateway.payment_terms AS t USING (reference)
WHERE p.payment_id NOT LIKE 'probe-%' ORDER BY p.payment_id
"""
_TOP_UPS = """
SELECT a.top_up_id, a.reference, s.state, s.step, s.reason, a.partner_id, a.amount_minor
FROM gateway.top_ups AS s JOIN gateway.top_up_asks AS a USING (reference) ORDER BY a.top_up_id
"""
_CHARGES = """
SELECT charge_id, resource_id, partner_id, state, captured_minor, late AS is_late,
    operation IS NOT NULL OR closing <> 0 OR state < 4 AS is_open
FROM bridge.charges ORDER BY charge_id
"""
_GIVINGS = """
SELECT refund_id, charge_id, resource_id, partner_id, state, amount_minor FROM bridge.refunds
ORDER BY refund_id
"""
_REFUNDS = """
SELECT 'refund-' || r.reference AS reference,
    'payment-' || a.payment_reference AS payment_reference,
    CASE t.acceptance_partner_id WHEN '' THEN t.collect_partner_id ELSE t.acceptance_partner_id END
    AS partner_id, r.state, r.step = 'done' AS is_done
FROM gateway.refunds AS r JOIN gateway.refund_asks AS a USING (reference)
JOIN gateway.payment_terms AS t ON t.reference = a.payment_reference ORDER BY r.reference
"""
_LATE = "SELECT charge_id, state FROM gateway.late_charges"
_FEES = """
SELECT t.acceptance_partner_id AS partner_id, sum(t.fee_minor)
    - coalesce(sum((SELECT sum(a.fee_minor) FROM gateway.refund_asks AS a
        JOIN gateway.refunds AS r USING (reference)
        WHERE a.payment_reference = t.reference AND r.state = 'completed')), 0) AS fees
FROM gateway.payments AS p JOIN gateway.payment_terms AS t USING (reference)
WHERE p.state = 'completed' AND t.acceptance_partner_id <> '' GROUP BY t.acceptance_partner_id
"""
