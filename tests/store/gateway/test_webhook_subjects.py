"""Who is told of what belongs to a payment, and in which order."""

import json
from datetime import timedelta

import asyncpg

from services.core.clock import ManualClock
from services.gateway.reference.store import (
    put_fee_plan,
    put_merchant,
    put_participant,
    put_scheme,
)
from tests.store.gateway.payments_world import EDO, KAKAO, REFERENCE, SHOP, Gateway
from tests.store.gateway.resources_world import World, opened
from tests.store.gateway.webhook_world import opened as telling


async def test_the_acquirer_of_the_shop_is_told_of_a_dispute_beside_its_payment(
    gateway: Gateway, pool: asyncpg.Pool, clock: ManualClock
) -> None:
    async with telling(pool, clock) as webhooks:
        async with pool.acquire() as connection:
            await put_participant(connection, KAKAO)
            for scheme in REFERENCE.schemes.values():
                await put_scheme(connection, scheme)
            await put_fee_plan(connection, REFERENCE.fee_plans["jp-shop"])
            await put_merchant(connection, SHOP)
        for one in (KAKAO, EDO):
            await webhooks.endpoint(by=one)
        world = World(gateway)
        payment = await world.paid("p1", KAKAO)
        clock.advance(timedelta(days=1))
        await world.hear(opened(payment, payment.terms.home_minor))
        await webhooks.read()

        for one in (KAKAO, EDO):
            told = await webhooks.deliveries(one)
            assert [each.event_type for each in told] == ["payment.completed", "dispute.opened"]
            assert {each.subject for each in told} == {payment.terms.reference}
        _, body, _ = await webhooks.webhooks.delivery("edo", told[1].delivery_id)
        assert json.loads(body)["data"]["payment_reference"] == payment.terms.reference
