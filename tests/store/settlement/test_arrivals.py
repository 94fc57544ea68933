"""Top-ups and withdrawals on a bank's statement: booked from clearing to the bank, once."""

from datetime import timedelta

from services.kit.kafka import Topics
from services.pb.kawase.bridge.v1.bridge_message_pb2 import BridgeEvent
from services.pb.kawase.reconciliation.v1.reconciliation_event_pb2 import ReconciliationEvent
from services.pb.kawase.wallet.v1.wallet_message_pb2 import TransferFunds, WalletCommand
from services.settlement.arrivals import take_silent
from services.settlement.repeating import Repeater
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
