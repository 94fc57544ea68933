"""Keeps our side up with the copied facts: a batch at a time, whatever order its facts come in."""

from collections import defaultdict
from collections.abc import Sequence

from google.protobuf.message import DecodeError

from services.kit.facts.owners import BRIDGE, SETTLEMENT, WALLET
from services.kit.facts.projection import FactUnreadable, KeptFact, Projection
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Units
from services.reconciliation.breaks.ledger import read_ledger
from services.reconciliation.ours import store
from services.reconciliation.ours.deals import deal_of, deal_rows
from services.reconciliation.ours.reading import Heard, booked_of, hear
from services.reconciliation.ours.rows import (
    REFUND,
    ChargeSaid,
    OurRow,
    RefundSaid,
    Said,
    charge_rows,
    merged,
)
from services.reconciliation.partners import Partners


def make_projection(units: Units, partners: Partners) -> Projection:
    """What reads facts of bridge and settlement into rows, the wallet's into what is booked."""

    async def read_bridge(connection: Connection, facts: Sequence[KeptFact]) -> Sequence[Outgoing]:
        await project_bridge(connection, facts, partners)
        return ()

    async def read_deals(connection: Connection, facts: Sequence[KeptFact]) -> Sequence[Outgoing]:
        await project_deals(connection, facts, partners)
        return ()

    readers = [(BRIDGE, read_bridge), (SETTLEMENT, read_deals), (WALLET, project_wallet)]
    return Projection(units, readers)


async def project_bridge(
    connection: Connection, facts: Sequence[KeptFact], partners: Partners
) -> None:
    """Keep what facts say of charges, and write the rows that follow. Raises `FactUnreadable`."""
    heard = Heard()
    for fact in facts:
        try:
            hear(fact, partners, heard)
        except DecodeError as error:
            raise FactUnreadable(f"{fact.place} is no event: {error}") from error
    await store.add_rows(connection, heard.rows)
    if not heard.said:
        return
    await store.merge_charges(connection, _folded(heard.charges))
    await store.add_refunds(connection, heard.refunds)
    charges, refunds = await store.read_charges(connection, list(heard.said))
    rows, gone = rows_that_follow(charges, refunds, partners, heard.said)
    await store.drop_rows(connection, gone)
    await store.put_rows(connection, rows)


def _folded(charges: Sequence[ChargeSaid]) -> list[ChargeSaid]:
    folded: dict[str, ChargeSaid] = {}
    for charge in charges:
        known = folded.get(charge.charge_id)
        folded[charge.charge_id] = charge if known is None else merged(known, charge)
    return list(folded.values())


def rows_that_follow(
    charges: dict[str, ChargeSaid],
    refunds: Sequence[RefundSaid],
    partners: Partners,
    said: dict[str, Said],
) -> tuple[list[OurRow], list[tuple[str, str, str]]]:
    """The rows of charges, and the keys of those that may be there and do not follow any more."""
    given: defaultdict[str, list[RefundSaid]] = defaultdict(list)
    for refund in refunds:
        given[refund.charge_id].append(refund)
    rows: list[OurRow] = []
    gone: list[tuple[str, str, str]] = []
    for charge_id, charge in charges.items():
        partner = partners.get(charge.partner_id)
        mine = charge_rows(charge, given[charge_id], partner, said[charge_id])
        rows += mine
        kept = {row.kind for row in mine if row.reference == charge_id}
        # Only a cancel takes rows back, or an acceptance after it.
        if charge.cancel_time is not None:
            gone += [
                (charge.partner_id, kind, charge_id)
                for kind in (charge.kind, REFUND)
                if kind not in kept
            ]
    return rows, gone


async def project_deals(
    connection: Connection, facts: Sequence[KeptFact], partners: Partners
) -> None:
    """Write the rows of deals that are on the books; their terms never change. Raises
    `FactUnreadable`."""
    found: list[tuple[OurRow, bool]] = []
    for fact in facts:
        try:
            deal = deal_of(fact)
        except (DecodeError, ValueError) as error:
            raise FactUnreadable(f"{fact.place} is no event: {error}") from error
        if deal is not None:
            said = Said(fact.source, fact.stripe, fact.sequence)
            found += deal_rows(deal, partners, said)
    await store.add_rows(connection, [row for row, _ in found])
    await store.note_vouched(connection, [row for row, by_hand in found if by_hand])


async def project_wallet(connection: Connection, facts: Sequence[KeptFact]) -> Sequence[Outgoing]:
    """Keep what the ledger has posted, and follow its answers to corrections.

    Raises `FactUnreadable`.
    """
    posted = []
    for fact in facts:
        try:
            found = booked_of(fact)
        except DecodeError as error:
            raise FactUnreadable(f"{fact.place} is no event: {error}") from error
        if found is not None:
            posted.append(found)
    await store.add_booked(connection, posted)
    return await read_ledger(connection, facts)
