"""Which rows of ours follow from what settlement says of FX deals. Pure.

What was bought comes in, and what was sold goes out, on the value date, each on the statement of
the bank that holds the account in its currency (`deals` in `partners.toml`). No bank is asked to
carry a deal out: people make it, so it stands there under the id that they have given it. A side
in a currency that no bank is known for has no row, and people say when they have seen it.
"""

from dataclasses import dataclass
from datetime import date

from services.kit.facts.projection import KeptFact
from services.pb.kawase.settlement.v1 import fx_book_service_pb2 as pb
from services.pb.kawase.settlement.v1.settlement_event_pb2 import SettlementEvent
from services.reconciliation.ours.rows import CREDIT, DEBIT, OurRow, Said
from services.reconciliation.partners import Partners, bank_of_deals

_ON_THE_BOOKS = (pb.FX_DEAL_STATE_RECORDED, pb.FX_DEAL_STATE_SETTLED)


@dataclass(frozen=True, slots=True)
class Side:
    """What one bank is to show of a deal. `minor`: negative where money goes out; `seen`: who or
    what has seen it on a statement, a statement as `partner/entry`, empty: nobody yet."""

    kind: str
    currency: str
    minor: int
    seen: str


@dataclass(frozen=True, slots=True)
class DealSaid:
    """What a fact says of a deal that is on the books."""

    deal_id: str
    resource_id: str
    value_date: date
    sides: tuple[Side, Side]


def deal_of(fact: KeptFact) -> DealSaid | None:
    """The deal of a fact of settlement; None: it is of something else, or of a deal that the ledger
    has not booked. Raises DecodeError, ValueError."""
    event = SettlementEvent.FromString(fact.payload)
    deal = event.fx_deal_changed.deal
    if event.WhichOneof("body") != "fx_deal_changed" or deal.state not in _ON_THE_BOOKS:
        return None
    bought, sold = deal.bought, deal.sold
    return DealSaid(
        deal.deal_id,
        deal.resource_id,
        date.fromisoformat(deal.value_date),
        (
            Side(CREDIT, bought.currency_code, bought.minor_units, deal.bought_seen),
            Side(DEBIT, sold.currency_code, -sold.minor_units, deal.sold_seen),
        ),
    )


def deal_rows(deal: DealSaid, partners: Partners, said: Said) -> list[tuple[OurRow, bool]]:
    """What banks' statements are to show of a deal, and whether a person has vouched for it."""
    rows = []
    for side in deal.sides:
        bank = bank_of_deals(partners, side.currency)
        if bank is None:
            continue
        row = OurRow(
            bank.id,
            deal.deal_id,
            "",
            side.kind,
            side.currency,
            side.minor,
            None,
            "",
            deal.value_date,
            "",
            "",
            deal.resource_id,
            said.source,
            said.stripe,
            said.sequence,
        )
        rows.append((row, bool(side.seen) and not side.seen.startswith(f"{bank.id}/")))
    return rows
