"""Who is told what of an escrow: its wallet all, the shop's acquirer the merchant's side."""

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
from tests.store.gateway.escrow_world import DAYS, Keeping
from tests.store.gateway.payments_world import EDO, PANDA, REFERENCE, SHOP, Gateway
from tests.store.gateway.webhook_world import opened as telling


async def test_wallet_and_acquirer_are_told_of_disputes_and_releases_beside_their_payment(
    gateway: Gateway, pool: asyncpg.Pool, clock: ManualClock
) -> None:
    async with telling(pool, clock) as webhooks:
        async with pool.acquire() as connection:
            await put_participant(connection, PANDA)
            for scheme in REFERENCE.schemes.values():
                await put_scheme(connection, scheme)
            await put_fee_plan(connection, REFERENCE.fee_plans["jp-shop"])
            await put_merchant(connection, SHOP)
        for one in (PANDA, EDO):
            await webhooks.endpoint(by=one)
        keeping = Keeping(gateway)
        payment = await keeping.keep("p1")
        for step in (
            lambda: keeping.calls.dispute(PANDA, "p1", "It came broken."),
            lambda: keeping.calls.withdraw(PANDA, "p1"),
            lambda: keeping.release("r1", "p1", 400),
        ):
            clock.advance(timedelta(minutes=1))
            await step()
        clock.advance(timedelta(days=DAYS))
        assert await keeping.sweeper.step() == 1
        await webhooks.read()

        for one in (PANDA, EDO):
            told = await webhooks.deliveries(one)
            assert [each.event_type for each in told] == [
                "payment.completed",
                "escrow.disputed",
                "escrow.dispute_ended",
                "escrow.released",
                "escrow.released",
            ]
            assert {each.subject for each in told} == {payment.terms.reference}
        bodies = [
            json.loads((await webhooks.webhooks.delivery("edo", each.delivery_id))[1])["data"]
            for each in told
        ]
        completed, disputed, _, first, last = bodies
        assert completed["in_escrow"]
        assert disputed["dispute_reason"] == "It came broken."
        assert (first["cause"], first["left"]["minor_units"]) == ("buyer", 600)
        assert (last["cause"], last["amount"]["minor_units"]) == ("time", 600)
        assert first["payment_reference"] == payment.terms.reference
        assert not {"payment_id", "release_id"} & set(first) | {"payment_id"} & set(disputed)
