"""Gives a service's own facts to those that missed some: the `ListFacts` of every owner."""

from typing import Any, Protocol, TypeVar

import asyncpg

from services.core.errors import Malformed
from services.core.ids import STRIPE_COUNT
from services.kit.outbox import list_facts

PAGE_LIMIT = 1000
A = TypeVar("A")


class StripeUnknown(Malformed):
    """A stripe that is none."""


class FactsAsked(Protocol):
    """Any service's `ListFactsRequest`."""

    stripe: int
    after_sequence: int
    page_size: int


async def fill_facts(pool: asyncpg.Pool, topic: str, request: FactsAsked, answer: A) -> A:
    """`answer`, a `ListFactsResponse`, with the facts of `topic` asked for, in order.

    Raises `StripeUnknown`.
    """
    if not 0 <= request.stripe < STRIPE_COUNT:
        raise StripeUnknown(f"Stripes are 0 to {STRIPE_COUNT - 1}.", field="stripe")
    size = min(request.page_size if request.page_size > 0 else PAGE_LIMIT, PAGE_LIMIT)
    async with pool.acquire() as connection:
        facts = await list_facts(connection, topic, request.stripe, request.after_sequence, size)
    told: Any = answer
    for fact in facts:
        told.facts.add(
            stripe=fact.stripe,
            sequence=fact.sequence,
            key=fact.key,
            type=fact.type,
            payload=fact.payload,
        )
    return answer
