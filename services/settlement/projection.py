"""Reads copied facts into postings and subjects: in order per stripe, each once.

What is read is what the copy holds without a gap. The place is kept in the transaction that stores
what was read, and its rows are locked, so several processes may try and one does it.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC
from typing import TypeVar

import asyncpg
import structlog
from google.protobuf.message import DecodeError

from services.core.errors import KawaseError
from services.kit.facts.owners import GATEWAY, WALLET, FactKind
from services.kit.facts.store import read_stripes
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.unit import Decided, Units
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.settlement.domain.postings import Posting, Subject, parse_link
from services.settlement.store.projection import (
    KeptFact,
    add_postings,
    lock_projected,
    put_subjects,
    read_projected,
    store_projected,
    unread_facts,
)

log = structlog.get_logger()

T = TypeVar("T")

# Facts of one transaction, over all stripes.
TAKE_LIMIT = 20_000
PAUSE_SECONDS = 0.25
RETRY_SECONDS = 2.0


def postings_of(fact: KeptFact) -> list[Posting]:
    """The legs a wallet's fact has posted; none where it is about something else.

    Raises DecodeError.
    """
    event = WalletEvent.FromString(fact.payload)
    if event.WhichOneof("body") != "funds_posted":
        return []
    posted = event.funds_posted
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
    """The payment or refund a gateway's fact completes. Raises DecodeError."""
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
        case _:
            return []


class Projection:
    """Keeps postings and subjects up with the copy of the facts."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def run(self) -> None:
        """Read what comes, for ever."""
        while True:
            try:
                taken = await self.step()
            except (asyncpg.PostgresError, *POSTGRES_AWAY, KawaseError) as error:
                log.warning("projection_waits", problem=str(error) or repr(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if taken < TAKE_LIMIT:
                await asyncio.sleep(PAUSE_SECONDS)

    async def step(self) -> int:
        """Read what there is, bounded; returns how many facts that were."""
        # Subjects first: a payment is completed before it is posted.
        return max([await self._read(GATEWAY), await self._read(WALLET)])

    async def _read(self, kind: FactKind) -> int:
        pool = self._units.pool
        stripes = await read_stripes(pool, kind.source)
        async with pool.acquire() as connection:
            seen = await read_projected(connection, kind.source)
        if all(state.contiguous <= seen[stripe] for stripe, state in stripes.items()):
            return 0
        known = {stripe: state.contiguous for stripe, state in stripes.items()}
        committed = await self._units.write(lambda c: self._store(c, kind, known))
        return committed.answer

    async def _store(
        self, connection: Connection, kind: FactKind, known: dict[int, int]
    ) -> Decided[int]:
        after = await lock_projected(connection, kind.source)
        through = _bounded(after, known)
        if not through:
            return Decided(0)
        facts = await unread_facts(connection, kind.source, after, through)
        if kind is WALLET:
            postings = [posting for fact in facts for posting in _read_or_stop(fact, postings_of)]
            await add_postings(connection, postings)
        else:
            subjects = [subject for fact in facts for subject in _read_or_stop(fact, subjects_of)]
            await put_subjects(connection, subjects)
        await store_projected(connection, kind.source, through)
        return Decided(len(facts))


class FactUnreadable(Exception):
    """A copied fact is no event: settlement must not go on without it."""


def _read_or_stop(fact: KeptFact, read: Callable[[KeptFact], list[T]]) -> list[T]:
    try:
        return read(fact)
    except DecodeError as error:
        place = f"{fact.source}/{fact.stripe}/{fact.sequence}"
        raise FactUnreadable(f"{place} is no event: {error}") from error


def _bounded(after: dict[int, int], known: dict[int, int]) -> dict[int, int]:
    """How far to read each stripe now, so that one transaction stays of a size."""
    behind = {stripe: known[stripe] - after[stripe] for stripe in known}
    moving = {stripe: count for stripe, count in behind.items() if count > 0}
    if not moving:
        return {}
    share = max(1, TAKE_LIMIT // len(moving))
    return {stripe: after[stripe] + min(count, share) for stripe, count in moving.items()}
