"""Endpoints: made, changed, rotated, deleted; what is replayed and forgotten; who is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from standardwebhooks import Webhook

from services.core.clock import ManualClock
from services.gateway.webhooks.model import State
from services.gateway.webhooks.refusals import DeliveryPending, TooManyWebhookEndpoints
from tests.store.gateway.payments_world import EDO, PANDA, SHOP, Gateway
from tests.store.gateway.webhook_world import URL, World, opened


@pytest.fixture
async def world(pool: asyncpg.Pool, clock: ManualClock) -> AsyncIterator[World]:
    async with opened(pool, clock) as made:
        yield made


async def test_both_secrets_sign_until_the_former_ones_time_is_over(world: World) -> None:
    former = await world.endpoint()
    _, present = await world.webhooks.rotate("panda", "main", 3600)
    await world.pay("completed")
    await world.send()
    world.clock.advance(timedelta(hours=1))
    await world.pay("completed")
    await world.send()

    (_, _, both_body), (_, _, one_body) = world.sender.sent
    both, one = world.sender.headers
    for secret in (former, present):
        Webhook(secret).verify(both_body, both)
    Webhook(present).verify(one_body, one)
    assert len(one["webhook-signature"].split()) == 1


async def test_secrets_are_sealed_at_rest(world: World) -> None:
    secret = await world.endpoint()

    stored = await world.pool.fetchval("SELECT secret FROM webhook_endpoints")

    assert secret.startswith("whsec_")
    assert secret.encode() not in stored


async def test_a_period_is_replayed_oldest_first(world: World) -> None:
    await world.endpoint()
    for _ in range(4):
        await world.pay("completed")
        world.clock.advance(timedelta(minutes=1))
    await world.send()
    times = [one.event_time for one in await world.deliveries()]

    replayed = await world.webhooks.replay_many("panda", "main", (times[1], times[3]))

    assert (replayed.count, replayed.more, replayed.last_event_time) == (2, False, times[2])
    assert await world.send() == 2


async def test_what_is_pending_needs_no_replay(world: World) -> None:
    await world.endpoint()
    await world.pay("completed")
    (delivery,) = await world.deliveries()

    with pytest.raises(DeliveryPending):
        await world.webhooks.replay_one("panda", delivery.delivery_id)


async def test_an_endpoint_set_aside_keeps_its_events(world: World) -> None:
    await world.endpoint()
    await world.pay("completed")
    await world.webhooks.put("panda", "main", URL, [], active=False)
    await world.keeper.step()
    await world.pay("completed")

    assert await world.states() == [State.DEAD, State.DEAD]
    assert await world.send() == 0


async def test_a_deleted_endpoint_gets_nothing_and_its_name_begins_afresh(world: World) -> None:
    first = await world.endpoint()
    await world.webhooks.delete("panda", "main")
    await world.webhooks.delete("panda", "main")
    await world.pay("completed")

    assert await world.deliveries() == []
    assert await world.webhooks.endpoints("panda") == []
    assert await world.endpoint() not in ("", first)


async def test_putting_the_same_again_tells_no_secret_and_changes_nothing(world: World) -> None:
    await world.endpoint()
    (before,) = await world.webhooks.endpoints("panda")
    world.clock.advance(timedelta(hours=1))

    again, secret = await world.webhooks.put("panda", "main", URL, [], active=True)

    assert (again, secret) == (before, "")


async def test_a_participant_has_so_many_endpoints_and_no_more(world: World) -> None:
    answers = await asyncio.gather(
        *(world.endpoint(f"e-{number}") for number in range(20)), return_exceptions=True
    )

    refused = [answer for answer in answers if isinstance(answer, TooManyWebhookEndpoints)]
    assert len(refused) == 4


async def test_what_ended_long_ago_is_forgotten(world: World) -> None:
    await world.endpoint()
    await world.pay("completed")
    await world.send()
    world.clock.advance(timedelta(days=31))

    await world.keeper.step()

    assert await world.deliveries() == []


async def test_the_acquirer_of_the_shop_is_told_too(gateway: Gateway, world: World) -> None:
    await world.pool.execute("INSERT INTO schemes VALUES ('jpqr', '', 'JPY', 'JP', false)")
    await world.pool.execute(
        "INSERT INTO fee_plans VALUES ('jp-shop', 'merchant', 160, 'JPY', 0, 0, 'down')"
    )
    await world.pool.execute(
        "INSERT INTO merchants VALUES ($1, 'edo', 'SHOKUDO', 'TOKYO', 'JP', '5812', 'JPY', 'jpqr',"
        " $2, 'jp-shop', 0)",
        SHOP.merchant_id,
        SHOP.scheme_account_id,
    )
    await world.endpoint(by=EDO)
    await world.endpoint(by=PANDA)
    payment = await gateway.create("p-1")
    await gateway.cancel("p-1")

    await world.read()
    await world.send()

    bodies = [json.loads(body)["data"] for _, _, body in world.sender.sent]
    assert {body["reference"] for body in bodies} == {payment.terms.reference}
    (shop,) = [body for body in bodies if "payer_id" not in body]
    assert shop["target"]["minor_units"] == 1_000
    assert "home" not in shop
