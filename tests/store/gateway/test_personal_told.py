"""What is kept of corridors and limits of persons, and who is told of what they are paid."""

import json
from dataclasses import replace

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.gateway.reference.store import (
    put_corridor,
    put_fee_plan,
    put_limit_rule,
    put_merchant,
    put_participant,
    put_scheme,
    read_reference,
)
from tests.store.gateway.payments_world import (
    CORRIDORS,
    EDO,
    PANDA,
    REFERENCE,
    SAKURA,
    SHOP,
    Gateway,
    posted,
    reserved,
)
from tests.store.gateway.personal_world import RULES, Persons, open_persons, to_persons
from tests.store.gateway.webhook_world import opened


async def test_corridors_and_rules_of_persons_are_read_as_they_were_put(
    pool: asyncpg.Pool,
) -> None:
    of_shops, of_persons = CORRIDORS[0], to_persons(PANDA, payer_day_limit=7)
    async with pool.acquire() as connection:
        for one in (PANDA, SAKURA):
            await put_participant(connection, one)
        await put_fee_plan(connection, REFERENCE.fee_plans["jp-shop"])
        for corridor in (of_shops, of_persons):
            await put_corridor(connection, corridor)
        for rule in RULES:
            await put_limit_rule(connection, rule)
        known = await read_reference(connection)

    assert known.corridors == {of_shops.way: of_shops, of_persons.way: of_persons}
    assert known.limit_rules == {rule.limit_rule_id: rule for rule in RULES}
    # No rule of receivers or of shops counts for who pays a person.
    assert known.rules_of == {of_shops.corridor_id: (RULES[-1],)}
    assert "kawase-person" in known.schemes


@pytest.fixture
async def persons(gateway: Gateway) -> Persons:
    return await open_persons(gateway)


async def test_both_wallets_are_told_and_nobody_who_took_the_token_for_a_shop_s_id(
    persons: Persons, gateway: Gateway, pool: asyncpg.Pool, clock: ManualClock
) -> None:
    code = await persons.code()
    async with opened(pool, clock) as webhooks, pool.acquire() as connection:
        for one in (PANDA, EDO):
            await put_participant(connection, one)
        await put_scheme(connection, REFERENCE.schemes["jpqr"])
        await put_fee_plan(connection, REFERENCE.fee_plans["jp-shop"])
        await put_merchant(connection, replace(SHOP, merchant_id=code.token))
        for one in (PANDA, SAKURA, EDO):
            await webhooks.endpoint(by=one)
        payment = await persons.quote("p1", code)
        await gateway.confirm("p1")
        await gateway.hear(reserved(payment))
        await gateway.hear(posted(payment))
        await webhooks.read()

        told = {
            one.participant_id: [each.event_type for each in await webhooks.deliveries(one)]
            for one in (PANDA, SAKURA, EDO)
        }
        assert told["edo"] == []
        assert told["panda"] == ["payment.completed"]
        assert told["sakura"] == ["personal_receipt.completed"]
        (receipt,) = await webhooks.deliveries(SAKURA)
        _, body, _ = await webhooks.webhooks.delivery("sakura", receipt.delivery_id)
        data = json.loads(body)["data"]
        assert (data["reference"], data["payer_id"]) == (payment.terms.reference, "hanako")
        assert data["amount"]["minor_units"] == 1_000
