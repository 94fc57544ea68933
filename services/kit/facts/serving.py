"""Gives a service's own facts to those that missed some, and says how far its copy of others'
reaches: the `ListFacts` of every owner, the `GetProgress` of every copy."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

import asyncpg

from services.core.errors import Malformed
from services.core.ids import STRIPE_COUNT
from services.kit.facts.keeper import read_copy
from services.kit.facts.owners import FactKind
from services.kit.outbox import list_facts, read_last

PAGE_LIMIT = 1000
# Beside the last one's own, which is at most a message of Kafka's: half of an answer's size.
PAGE_BYTES = 2 << 20
A = TypeVar("A")


class StripeUnknown(Malformed):
    """A stripe that is none."""


class FactsAsked(Protocol):
    """Any service's `ListFactsRequest`."""

    stripe: int
    after_sequence: int
    page_size: int


async def fill_facts(pool: asyncpg.Pool, topic: str, request: FactsAsked, answer: A) -> A:
    """`answer`, a `ListFactsResponse`, with the facts of `topic` asked for, in order; fewer where
    they are large. It says how far it reaches, or who asks would have a stripe in which other
    messages are many read from its last fact on, again and again.

    Raises `StripeUnknown`.
    """
    if not 0 <= request.stripe < STRIPE_COUNT:
        raise StripeUnknown(f"Stripes are 0 to {STRIPE_COUNT - 1}.", field="stripe")
    size = min(request.page_size if request.page_size > 0 else PAGE_LIMIT, PAGE_LIMIT)
    async with pool.acquire() as connection:
        last = await read_last(connection, request.stripe)
        facts = await list_facts(connection, topic, request.stripe, request.after_sequence, size)
    told: Any = answer
    far = facts[-1].sequence if facts else request.after_sequence
    told.through_sequence = far if len(facts) == size else max(last, far)
    room = PAGE_BYTES
    for fact in facts:
        if room <= 0:
            told.through_sequence = told.facts[-1].sequence
            break
        room -= len(fact.payload)
        told.facts.add(
            stripe=fact.stripe,
            sequence=fact.sequence,
            key=fact.key,
            type=fact.type,
            payload=fact.payload,
        )
    return answer


async def fill_progress(pool: asyncpg.Pool, kinds: Iterable[FactKind], answer: A) -> A:
    """`answer`, a `GetProgressResponse`, with an entry per topic of facts."""
    told: Any = answer
    for kind in kinds:
        copy = await read_copy(pool, kind)
        told.sources.add(
            topic=copy.topic,
            fact_count=copy.fact_count,
            gap_count=copy.gap_count,
            sequences=copy.sequences,
        )
    return answer
