"""What settlement reads of the facts: postings of the ledger, whose payments they are, and what
moves its payouts."""

from collections.abc import Callable, Sequence
from datetime import UTC
from functools import partial
from typing import TypeVar

from google.protobuf.message import DecodeError

from services.core.clock import Clock
from services.kit.facts.owners import BRIDGE, GATEWAY, RECONCILIATION, WALLET
from services.kit.facts.projection import FactUnreadable, KeptFact, Projection
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Units
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.settlement.arrivals import read_arrivals, read_booked, read_fees
from services.settlement.domain.postings import Posting, Subject, parse_link
from services.settlement.domain.shops import Shop
from services.settlement.fx_book.events import read_statement_facts, read_wallet_facts
from services.settlement.payouts.hearing import (
    bridge_said,
    hear_all,
    statement_said,
    wallet_said,
)
from services.settlement.payouts.payees import keep_accounts
from services.settlement.prefunding.store import add_spending
from services.settlement.store.reading import add_postings, put_subjects
from services.settlement.store.shops import put_shops

T = TypeVar("T")


def make_projection(units: Units, clock: Clock) -> Projection:
    """Subjects first: a payment is completed before it is posted."""
    return Projection(
        units,
        [
            (GATEWAY, read_gateway),
            (WALLET, partial(read_wallet, clock=clock)),
            (BRIDGE, partial(read_bridge, clock=clock)),
            (RECONCILIATION, partial(read_statements, clock=clock)),
        ],
    )


async def read_gateway(connection: Connection, facts: Sequence[KeptFact]) -> Sequence[Outgoing]:
    """Keep payments and refunds, and of shops whose they are and their accounts."""
    read, whose = _checked(subjects_of), _checked(shop_of)
    await keep_accounts(connection, facts)
    await put_subjects(connection, [each for fact in facts for each in read(fact)])
    await put_shops(connection, [shop for fact in facts if (shop := whose(fact)) is not None])
    return ()


async def read_wallet(
    connection: Connection, facts: Sequence[KeptFact], clock: Clock
) -> Sequence[Outgoing]:
    """Keep postings, count what deposits spend, and move payouts and deals."""
    read = _checked(postings_of)
    postings = [each for fact in facts for each in read(fact)]
    await add_postings(connection, postings)
    await add_spending(connection, postings)
    paid = await hear_all(connection, facts, _checked(wallet_said), clock.now())
    await read_booked(connection, facts)
    return [*paid, *await read_wallet_facts(connection, facts, clock)]


async def read_bridge(
    connection: Connection, facts: Sequence[KeptFact], clock: Clock
) -> Sequence[Outgoing]:
    """Move payouts, and book what banks took for withdrawals."""
    paid = await hear_all(connection, facts, _checked(bridge_said), clock.now())
    return [*paid, *await read_fees(connection, facts, clock)]


async def read_statements(
    connection: Connection, facts: Sequence[KeptFact], clock: Clock
) -> Sequence[Outgoing]:
    """Move payouts and deals whose money is on a statement, and book top-ups and withdrawals."""
    paid = await hear_all(connection, facts, _checked(statement_said), clock.now())
    settled = await read_statement_facts(connection, facts, clock)
    return [*paid, *settled, *await read_arrivals(connection, facts, clock)]


def postings_of(fact: KeptFact) -> list[Posting]:
    """The legs a wallet's fact has posted; none where it is about something else, or where the
    ledger answers a repeated command: only the first answer's place is the posting's own sequence.

    Raises DecodeError.
    """
    event = WalletEvent.FromString(fact.payload)
    if event.WhichOneof("body") != "funds_posted":
        return []
    posted = event.funds_posted
    if posted.posting_sequence != fact.sequence:
        return []
    kind, reference = parse_link(event.link_id)
    post_time = event.event_time.ToDatetime(UTC)
    return [
        Posting(
            posted.stripe,
            posted.posting_sequence,
            number,
            event.link_id,
            kind,
            reference,
            leg.debit_account_id,
            leg.credit_account_id,
            leg.amount.minor_units,
            leg.amount.currency_code,
            leg.purpose,
            post_time,
        )
        for number, leg in enumerate(posted.legs)
    ]


def subjects_of(fact: KeptFact) -> list[Subject]:
    """The payment, refund or release a gateway's fact completes. Raises DecodeError."""
    event = PaymentEvent.FromString(fact.payload)
    match event.WhichOneof("body"):
        case "payment_completed":
            payment = event.payment_completed.payment
            return [
                Subject(
                    payment.reference,
                    "payment",
                    event.participant_id,
                    payment.payment_id,
                    payment.corridor_id,
                    payment.merchant.merchant_id,
                )
            ]
        case "refund_completed":
            refund = event.refund_completed.refund
            return [Subject(refund.reference, "refund", event.participant_id, refund.payment_id)]
        case "escrow_released":
            told = event.escrow_released
            return [
                Subject(
                    told.release.reference,
                    "escrow",
                    event.participant_id,
                    told.payment_id,
                    told.corridor_id,
                    told.merchant_id,
                )
            ]
        case _:
            return []


def shop_of(fact: KeptFact) -> Shop | None:
    """The shop of one of our own acquirers that a gateway's fact speaks of. Raises DecodeError."""
    event = PaymentEvent.FromString(fact.payload)
    match event.WhichOneof("body"):
        case "payment_completed":
            told = event.payment_completed
            shop = Shop(told.payment.merchant.merchant_id, told.acquirer_id)
        case "payout_account_changed":
            merchant_id = event.payout_account_changed.shop_account.merchant_id
            shop = Shop(merchant_id, event.participant_id)
        case _:
            return None
    return shop if shop.acquirer_id else None


def _checked(read: Callable[[KeptFact], T]) -> Callable[[KeptFact], T]:
    def checked(fact: KeptFact) -> T:
        try:
            return read(fact)
        except DecodeError as error:
            raise FactUnreadable(f"{fact.place} is no event: {error}") from error

    return checked
