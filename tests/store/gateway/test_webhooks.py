"""Deliveries: made once, sent in order, tried again, given up and replayed."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from standardwebhooks import Webhook

from services.core.clock import ManualClock
from services.core.ids import new_reference
from services.gateway.webhooks.model import State
from services.gateway.webhooks.reading import Reader
from services.gateway.webhooks.refusals import (
    WebhookEndpointInactive,
)
from services.gateway.webhooks.schedule import FAILING_LIMIT, WAITS
from services.kit.trace import follow, made_of
from tests.store.gateway.payments_world import NOW, SAKURA
from tests.store.gateway.webhook_world import BROKEN, URL, WELL, World, opened, says, status

SLOW_URL = "http://127.0.0.1:2/slow"


@pytest.fixture
async def world(pool: asyncpg.Pool, clock: ManualClock) -> AsyncIterator[World]:
    async with opened(pool, clock) as made:
        yield made


async def test_an_event_is_told_to_each_endpoint_that_wants_it(world: World) -> None:
    await world.endpoint("all")
    await world.endpoint("declined", types=["payment.declined"])
    await world.endpoint("others", by=SAKURA)

    await world.pay("completed")

    (delivery,) = await world.deliveries()
    assert (delivery.endpoint_id, delivery.event_type) == ("all", "payment.completed")
    assert await world.deliveries(SAKURA) == []


async def test_readers_that_read_at_once_make_each_delivery_once(world: World) -> None:
    await world.endpoint()
    await world.happen(*[says("completed", new_reference(NOW), NOW) for _ in range(200)])
    readers = [Reader(world.units, world.clock, take_limit=32) for _ in range(3)]

    async def read(reader: Reader) -> None:
        for _ in range(10):
            await reader.step()

    await asyncio.gather(*(read(reader) for reader in readers))
    await world.read()

    assert len({one.event_id for one in await world.deliveries()}) == 200
    assert len(await world.deliveries()) == 200


async def test_what_happened_before_an_endpoint_is_not_told(world: World) -> None:
    await world.pay("completed")
    await world.endpoint()

    await world.read()

    assert await world.deliveries() == []


async def test_each_delivery_verifies_and_is_sent_once(world: World) -> None:
    secret = await world.endpoint()
    for _ in range(20):
        await world.pay("completed")

    assert await world.send() == 20
    assert await world.send() == 0
    for (_, _, body), headers in zip(world.sender.sent, world.sender.headers, strict=True):
        assert Webhook(secret).verify(body, headers)["type"] == "payment.completed"


async def test_two_workers_never_send_the_same(world: World) -> None:
    await world.endpoint()
    for _ in range(30):
        await world.pay("completed")
    workers = [world.another(30), world.another(30), world.another(30)]

    async def work() -> None:
        while any(await asyncio.gather(*(worker.step() for worker in workers))):
            await asyncio.gather(*(worker.idle() for worker in workers))

    await work()

    assert sorted({event for _, event, _ in world.sender.sent}) == sorted(
        event for _, event, _ in world.sender.sent
    )
    assert set(await world.states()) == {State.DELIVERED}


async def test_a_later_event_waits_for_an_earlier_one_of_its_payment(world: World) -> None:
    await world.endpoint()
    world.sender.answers[URL] = BROKEN
    first = await world.pay("asked", "completed")
    assert await world.send() == 1

    world.sender.answers[URL] = WELL
    other = await world.pay("completed")
    await world.send()
    world.clock.advance(WAITS[0] * 2)
    await world.send()

    told = [(json.loads(body)["data"]["reference"], json.loads(body)["type"])
            for _, _, body in world.sender.sent]  # fmt: skip
    assert told == [
        (first, "payment.action_required"),
        (other, "payment.completed"),
        (first, "payment.action_required"),
        (first, "payment.completed"),
    ]


async def test_a_receiver_that_fails_for_one_payment_is_told_of_all_others(world: World) -> None:
    await world.endpoint()
    bad = await world.pay("asked", "completed")
    world.sender.refused = {bad}
    others = [await world.pay("asked", "completed") for _ in range(5)]
    await world.send()
    world.clock.advance(WAITS[0] * 2)
    others.append(await world.pay("asked", "completed"))
    await world.send()

    heard: dict[str, list[str]] = {}
    for _, _, body in world.sender.sent:
        event = json.loads(body)
        heard.setdefault(event["data"]["reference"], []).append(event["type"])
    in_order = ["payment.action_required", "payment.completed"]
    assert heard == {bad: in_order[:1] * 2, **dict.fromkeys(others, in_order)}
    world.sender.refused.clear()
    world.clock.advance(WAITS[1] * 2)
    await world.send()
    assert set(await world.states()) == {State.DELIVERED}


async def test_order_holds_whichever_gateway_wrote_an_event(world: World) -> None:
    await world.endpoint()
    reference = new_reference(NOW)
    # The second gateway's clock is behind, and its facts are in a stripe that is read before.
    await world.happen(says("asked", reference, NOW, stripe=9))
    await world.happen(says("completed", reference, NOW - timedelta(seconds=3), stripe=1))

    await world.read()
    await world.send()

    types = [json.loads(body)["type"] for _, _, body in world.sender.sent]
    assert types == ["payment.action_required", "payment.completed"]


async def test_nothing_is_sent_while_a_round_of_reading_is_open(world: World) -> None:
    await world.endpoint()
    reference = new_reference(NOW)
    await world.happen(*[says("completed", new_reference(NOW), NOW, stripe=9) for _ in range(9)])
    await world.happen(says("asked", reference, NOW, stripe=9))
    await world.happen(says("completed", reference, NOW, stripe=1))
    world.reader = Reader(world.units, world.clock, take_limit=2)

    assert await world.reader.step()
    assert await world.send() == 0
    await world.read()
    await world.send()

    types = [json.loads(body)["type"] for _, _, body in world.sender.sent
             if json.loads(body)["data"]["reference"] == reference]  # fmt: skip
    assert types == ["payment.action_required", "payment.completed"]


async def test_a_slow_endpoint_keeps_no_other_waiting(world: World) -> None:
    await world.endpoint("slow", SLOW_URL)
    await world.endpoint("quick")
    world.sender.held[SLOW_URL] = asyncio.Event()
    for _ in range(40):
        await world.pay("completed")

    async def quick_is_through() -> None:
        while sum(url == URL for url, _, _ in world.sender.sent) < 40:
            await world.worker.step()
            await asyncio.sleep(0)

    async with asyncio.timeout(20):
        await quick_is_through()

    assert world.sender.most[SLOW_URL] <= 8
    world.sender.held[SLOW_URL].set()
    await world.worker.idle()


async def test_an_endpoint_that_fails_is_asked_by_one_attempt_at_a_time(world: World) -> None:
    await world.endpoint()
    world.sender.answers[URL] = BROKEN
    await world.pay("completed")
    await world.send()
    world.sender.most.clear()
    for _ in range(10):
        await world.pay("completed")

    await world.send()

    assert world.sender.most[URL] == 1


async def test_a_delivery_is_given_up_after_the_last_wait_and_can_be_replayed(
    world: World,
) -> None:
    await world.endpoint()
    world.sender.answers[URL] = BROKEN
    await world.pay("completed")
    while await world.send():
        (dead,) = await world.deliveries()
        world.clock.set(dead.next_attempt_time or world.clock.now())

    assert (dead.state, dead.last_status, dead.reason) == (State.DEAD, 500, "refused_status")
    assert dead.attempt_count == len(WAITS) + 1

    world.sender.answers[URL] = WELL
    replayed = await world.webhooks.replay_many("panda", "main", None)
    await world.send()

    assert replayed.count == 1
    delivery, body, attempts = await world.webhooks.delivery("panda", dead.delivery_id)
    assert delivery.state is State.DELIVERED
    assert [attempt.number for attempt in attempts] == list(range(1, len(WAITS) + 3))
    assert {event for _, event, _ in world.sender.sent} == {delivery.event_id}
    assert {text for _, _, text in world.sender.sent} == {body}


async def test_retry_after_leaves_the_whole_endpoint_alone(world: World) -> None:
    await world.endpoint()
    world.sender.answers[URL] = status(429, timedelta(minutes=30))
    await world.pay("completed")
    await world.send()
    world.sender.answers[URL] = WELL
    await world.pay("completed")

    assert await world.send() == 0
    world.clock.advance(timedelta(minutes=31))

    assert await world.send() == 2


async def test_410_ends_the_endpoint_and_loses_nothing(world: World) -> None:
    await world.endpoint()
    await world.pay("completed")
    world.sender.answers[URL] = status(410)
    for _ in range(3):
        await world.pay("declined")
    world.worker = world.another(limit=1)
    assert await world.send() == 1
    await world.keeper.step()
    await world.pay("completed")

    (endpoint,) = await world.webhooks.endpoints("panda")
    assert endpoint.inactive_reason == "gone"
    assert set(await world.states()) == {State.DEAD}
    with pytest.raises(WebhookEndpointInactive):
        await world.webhooks.replay_many("panda", "main", None)

    world.sender.answers[URL] = WELL
    await world.endpoint()
    assert (await world.webhooks.replay_many("panda", "main", None)).count == 5
    assert await world.send() == 5


async def test_an_endpoint_that_fails_for_days_is_called_no_more(world: World) -> None:
    await world.endpoint()
    world.sender.answers[URL] = BROKEN
    await world.pay("completed")
    await world.send()
    world.clock.advance(FAILING_LIMIT)
    await world.send()

    (endpoint,) = await world.webhooks.endpoints("panda")

    assert (endpoint.active, endpoint.inactive_reason) == (False, "failing")


async def test_one_success_ends_the_time_of_failing(world: World) -> None:
    await world.endpoint()
    world.sender.answers[URL] = BROKEN
    await world.pay("completed")
    await world.send()
    world.sender.answers[URL] = WELL
    world.clock.advance(timedelta(minutes=1))
    await world.send()

    (endpoint,) = await world.webhooks.endpoints("panda")

    assert endpoint.failing_since is None


async def test_what_a_dead_process_had_taken_is_sent_by_another(world: World) -> None:
    await world.endpoint()
    world.sender.held[URL] = asyncio.Event()
    await world.pay("completed")
    await world.worker.step()
    survivor = world.another()

    assert await survivor.step() == 0
    await world.pool.execute("UPDATE webhook_deliveries SET lease_until = now() - interval '1 s'")
    assert await survivor.step() == 1
    world.sender.held[URL].set()
    await asyncio.gather(survivor.idle(), world.worker.idle())

    (delivery,) = await world.deliveries()
    _, _, attempts = await world.webhooks.delivery("panda", delivery.delivery_id)
    assert delivery.state is State.DELIVERED
    assert len(attempts) == 1


async def test_an_event_is_sent_with_the_trace_of_what_it_tells(world: World) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await world.endpoint()
    follow(trace)
    await world.pay("completed")
    follow("")
    reference = await world.pay("completed")
    await world.send()

    sent = {headers["traceparent"] for headers in world.sender.headers}
    assert sent == {trace, made_of(reference)}
