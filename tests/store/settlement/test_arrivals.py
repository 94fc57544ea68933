"""Top-ups and withdrawals on a bank's statement: booked from clearing to the bank, once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from services.core.errors import KawaseError
from services.kit.kafka import Topics
from services.kit.repeating import Repeater
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.bridge.v1.bridge_message_pb2 import BridgeEvent
from services.pb.kawase.reconciliation.v1.reconciliation_event_pb2 import ReconciliationEvent
from services.pb.kawase.settlement.v1 import arrival_service_pb2 as pb
from services.pb.kawase.settlement.v1.arrival_service_pb2_grpc import (
    ArrivalServiceStub,
    add_ArrivalServiceServicer_to_server,
)
from services.pb.kawase.wallet.v1.wallet_message_pb2 import (
    TransferFunds,
    WalletCommand,
    WalletEvent,
)
from services.settlement.arrivals import take_silent
from services.settlement.store.arrivals import Kept, list_stuck
from services.settlement.stuck_arrivals import NAME, ArrivalServer
from tests.conftest import Database
from tests.parts import take_records, watching
from tests.store.settlement.world import World, settling

TOP_UP = "topup-01ARZ3NDEKTSV4RRFFQ69G5FAV"
WITHDRAWAL = "withdrawal-01ARZ3NDEKTSV4RRFFQ69G5FAV"


async def show(
    world: World, entry: str, minor: int = 30_000, *, credit: bool = True, resource: str = TOP_UP
) -> None:
    """Reconciliation tells of an entry."""
    event = ReconciliationEvent()
    told = event.resource_on_statement
    told.resource_id, told.partner_id, told.entry_reference = resource, "japan-bank", entry
    told.credit, told.amount.minor_units, told.amount.currency_code = credit, minor, "JPY"
    record = world.fact("reconciliation", "reconciliation.event", resource, event)
    await world.bring([record])


def asked(value: bytes) -> TransferFunds:
    return WalletCommand.FromString(value).transfer_funds


async def carry_out(world: World, command: TransferFunds) -> None:
    """The ledger posts it and says so."""
    legs = [
        (
            leg.debit_account_id,
            leg.credit_account_id,
            leg.amount.minor_units,
            leg.amount.currency_code,
            leg.purpose,
        )
        for leg in command.legs
    ]
    await world.bring([world.posting(command.link_id, legs)])


async def refuse(world: World, link_id: str) -> None:
    """The ledger would not book it."""
    event = WalletEvent(link_id=link_id)
    event.event_time.FromDatetime(world.clock.now())
    event.funds_refused.reason = "ACCOUNT_UNKNOWN"
    await world.bring([world.fact("wallet", "wallet.event", link_id, event)])


async def stuck(world: World) -> list[Kept]:
    async with world.units.pool.acquire() as connection:
        return await list_stuck(connection, 10)


async def repeated(world: World) -> int:
    found: int = await world.units.pool.fetchval("SELECT repeat_count FROM arrivals")
    return found


@asynccontextmanager
async def served(world: World) -> AsyncIterator[Any]:
    """Operators' calls, over gRPC."""
    server = RpcServer("127.0.0.1:0")
    service = ArrivalServer(world.units, world.clock)
    server.add(add_ArrivalServiceServicer_to_server, service, NAME)
    await server.start()
    async with open_channel(f"127.0.0.1:{server.port}") as channel:
        yield ArrivalServiceStub(channel)
    await server.stop()


async def test_what_the_ledger_refuses_waits_for_a_person_and_is_asked_once_more_under_a_new_link(
    database: Database, topics: Topics
) -> None:
    async with settling(database, topics) as world, watching(topics, "wallet.command") as tail:
        await show(world, "17")
        (first,) = [asked(record.value) for record in await take_records(tail, 1)]
        repeater = Repeater(world.units, world.clock, "arrivals", take_silent)
        await refuse(world, first.link_id)
        world.clock.advance(timedelta(hours=9))
        await repeater.step()
        (waiting,) = await stuck(world)
        assert (waiting.refusal, waiting.repeat_count) == ("ACCOUNT_UNKNOWN", 0)

        async with served(world) as stub:
            (shown,) = (await call(stub.ListStuckArrivals(pb.ListStuckArrivalsRequest()))).arrivals
            word = pb.RetryArrivalRequest(
                arrival_id=shown.arrival_id, operator="hanako", reason="opened"
            )
            again = (await call(stub.RetryArrival(word))).arrival
            for refusal in (
                (word, "ARRIVAL_NOT_STUCK"),
                (pb.RetryArrivalRequest(arrival_id="x"), "ARRIVAL_RETRY_MALFORMED"),
                (
                    pb.RetryArrivalRequest(arrival_id="x", operator="o", reason="r"),
                    "ARRIVAL_NOT_FOUND",
                ),
            ):
                with pytest.raises(KawaseError) as caught:
                    await call(stub.RetryArrival(refusal[0]))
                assert caught.value.reason == refusal[1]
        (second,) = [asked(record.value) for record in await take_records(tail, 1)]
        # A repeat of the first answer is none to the second question.
        await refuse(world, first.link_id)
        assert await stuck(world) == []
        await carry_out(world, second)
        world.clock.advance(timedelta(hours=9))
        await repeater.step()
        assert await stuck(world) == []

    assert (shown.reason, again.retried_by) == ("ACCOUNT_UNKNOWN", "hanako")
    assert (second.link_id, second.legs) == (f"{first.link_id}-1", first.legs)


async def test_what_the_ledger_does_not_answer_is_asked_ever_more_seldom_and_then_listed(
    database: Database, topics: Topics
) -> None:
    async with settling(database, topics) as world:
        await show(world, "17")
        repeater = Repeater(world.units, world.clock, "arrivals", take_silent)
        for repeats, doublings in enumerate((*range(8), 7)):
            assert [kept.repeat_count for kept in await stuck(world)] == [8] * (repeats == 8)
            world.clock.advance(timedelta(seconds=30) * (1 << doublings))
            await repeater.step()
            assert await repeated(world) == repeats
            world.clock.advance(timedelta(seconds=1))
            await repeater.step()
            assert await repeated(world) == repeats + 1


async def test_money_on_the_statement_leaves_clearing_once(
    database: Database, topics: Topics
) -> None:
    async with settling(database, topics) as world, watching(topics, "wallet.command") as tail:
        await show(world, "17")
        await show(world, "17")
        await show(world, "18", 500, credit=False)
        came, left = [asked(record.value) for record in await take_records(tail, 2)]
        await carry_out(world, came)
        world.clock.advance(timedelta(seconds=31))
        repeater = Repeater(world.units, world.clock, "arrivals", take_silent)
        await repeater.step()
        await repeater.step()
        (again,) = [asked(record.value) for record in await take_records(tail, 1)]

    assert [(leg.debit_account_id, leg.credit_account_id) for leg in came.legs] == [
        ("bank:JPY", "bank-clearing-in:JPY")
    ]
    assert [(leg.debit_account_id, leg.credit_account_id) for leg in left.legs] == [
        ("bank-clearing-in:JPY", "bank:JPY")
    ]
    # Only what the ledger has not answered is asked for again, in the same words.
    assert again == left


async def test_a_withdrawal_and_its_fee_leave_clearing_when_they_are_on_the_statement(
    database: Database, topics: Topics
) -> None:
    async with settling(database, topics) as world, watching(topics, "wallet.command") as tail:
        event = BridgeEvent(resource_id=WITHDRAWAL, charge_id=WITHDRAWAL)
        event.payout_executed.bank_fee.minor_units = 145
        event.payout_executed.bank_fee.currency_code = "JPY"
        for _ in range(2):
            await world.bring([world.fact("bridge", "bridge.event", WITHDRAWAL, event)])
        await show(world, "21", 30_000, credit=False, resource=WITHDRAWAL)
        await show(world, "22", 145, credit=False, resource=WITHDRAWAL)
        found = [asked(record.value) for record in await take_records(tail, 3)]

    assert [
        (leg.debit_account_id, leg.credit_account_id, leg.amount.minor_units)
        for command in found
        for leg in command.legs
    ] == [
        ("bank-fee-expense:JPY", "bank-clearing-out:JPY", 145),
        ("bank-clearing-out:JPY", "bank:JPY", 30_000),
        ("bank-clearing-out:JPY", "bank:JPY", 145),
    ]
