"""Many charges under faults at random, by a seed: the books are equal when all have ended."""

import asyncio

from pydantic import SecretStr

from services.bridge.domain.charge import CLOSED, State
from services.bridge.settings import PartnerConfig
from services.bridge.store.charges import read_charges
from services.core.clock import ManualClock
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partners.books import Books
from services.sandbox.partners.kakaopay_acquirer import SHOPS, KakaoPayAcquirer
from tests.conftest import Database
from tests.contract.house import (
    EVENT_SECONDS,
    TODAY,
    World,
    bridge,
    new_resource,
    quick,
    simulated,
    start,
)

CHARGES = 150
CHAOS = {
    "seed": 7,
    "rates": {
        "delay": 0.1,
        "no_answer_before_work": 0.06,
        "no_answer_after_work": 0.06,
        "error_before_work": 0.06,
        "error_after_work": 0.06,
        "late_work": 0.04,
        "wrong_amount": 0.04,
        "low_balance": 0.05,
    },
    "delay": {"distribution": "lognormal", "ms": 20, "sigma": 1, "most_ms": 300},
    "late": {"distribution": "uniform", "ms": 50, "to_ms": 400},
    "silence_ms": 50,
    # Amounts differ, and ids do not repeat: so the same faults strike in each run.
    "named_by": "amount",
}
SCHEDULE = quick(call_seconds=2, lease_seconds=10, breaker={"least_calls": 100_000})


async def held(world: World, charge_ids: list[str]) -> dict[str, int]:
    """What the bridge has as captured once all charges have ended."""
    async with asyncio.timeout(EVENT_SECONDS):
        while True:
            async with world.units.pool.acquire() as connection:
                charges = await read_charges(connection, charge_ids)
            found = list(charges.values())
            if all(
                (charge.state is State.ACCEPTED or charge.state in CLOSED)
                and charge.operation is None
                for charge in found
            ):
                return {charge.charge_id: charge.captured_minor for charge in found}
            await asyncio.sleep(0.1)


async def test_the_books_are_equal_after_faults_at_random(database: Database) -> None:
    simulator = KakaoPayAcquirer(ManualClock(TODAY), Books(None))
    async with simulated(simulator) as partner:
        config = PartnerConfig(
            "kakaopay", "kakaopay_acquirer", partner.url, SecretStr("key"), SCHEDULE, {}
        )
        async with bridge(database.dsn("bridge"), [config]) as world:
            await partner.control("random", CHAOS)
            code = SHOPS[0].codes[0]
            orders = [
                start(new_resource(), "kakaopay", 1_000 + number, "KRW", merchant_code=code)
                for number in range(CHARGES)
            ]
            commands = [pb.BridgeCommand(start_charge=order) for order in orders]
            await world.batch(commands, "many")
            captured = await held(world, [order.charge_id for order in orders])
            accepted = (await partner.books())["accepted"]
    assert {key: minor for key, minor in captured.items() if minor} == accepted
    assert 0 < len(accepted) < CHARGES
    assert len(simulator.faults.struck) == len(CHAOS["rates"])  # type: ignore[arg-type]
