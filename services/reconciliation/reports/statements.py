"""Tells others what is on a bank's statement of what they wait for."""

from collections.abc import Sequence
from datetime import date, datetime

from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.pb.kawase.reconciliation.v1 import reconciliation_event_pb2 as events
from services.reconciliation.breaks.messages import fact, money
from services.reconciliation.reports.store.statements import Entry, new_entries

# A notice of deposits (zengin01) announces; what is on a statement has happened.
STATEMENTS = ("camt053", "zengin03", "bank_api")


async def statement_facts(
    connection: Connection, partner_id: str, day: date, now: datetime
) -> Sequence[Outgoing]:
    """The facts that follow from the pairs of a day, in their transaction: each entry of each
    payout, top-up and deal once, however often the day is run."""
    found = await new_entries(connection, partner_id, day, STATEMENTS, now)
    return [on_statement(entry, now) for entry in found]


def on_statement(entry: Entry, now: datetime) -> Outgoing:
    """The fact that an entry is there."""
    said = events.ResourceOnStatement(
        resource_id=entry.resource_id,
        partner_id=entry.partner_id,
        entry_reference=entry.entry_reference,
        credit=entry.credit,
        amount=money(entry.minor, entry.currency),
        book_date=entry.book_date.isoformat(),
    )
    event = events.ReconciliationEvent(resource_on_statement=said)
    return fact(entry.resource_id, "ResourceOnStatement", event, now)
