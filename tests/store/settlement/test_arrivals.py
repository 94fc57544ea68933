"""Top-ups on a bank's statement: booked from clearing to the bank, each entry once."""

from datetime import timedelta

from services.kit.kafka import Topics
from services.pb.kawase.reconciliation.v1.reconciliation_event_pb2 import ReconciliationEvent
from services.pb.kawase.wallet.v1.wallet_message_pb2 import TransferFunds, WalletCommand
from services.settlement.arrivals import ArrivalRepeater
from tests.conftest import Database
from tests.parts import take_records, watching
from tests.store.settlement.world import World, settling

TOP_UP = "topup-01ARZ3NDEKTSV4RRFFQ69G5FAV"


async def show(world: World, entry: str, minor: int = 30_000, *, credit: bool = True) -> None:
    """Reconciliation tells of an entry."""
    event = ReconciliationEvent()
    told = event.resource_on_statement
    told.resource_id, told.partner_id, told.entry_reference = TOP_UP, "japan-bank", entry
    told.credit, told.amount.minor_units, told.amount.currency_code = credit, minor, "JPY"
    record = world.fact("reconciliation", "reconciliation.event", TOP_UP, event)
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
        await ArrivalRepeater(world.units, world.clock).step()
        await ArrivalRepeater(world.units, world.clock).step()
        (again,) = [asked(record.value) for record in await take_records(tail, 1)]

    assert [(leg.debit_account_id, leg.credit_account_id) for leg in came.legs] == [
        ("bank:JPY", "bank-clearing-in:JPY")
    ]
    assert [(leg.debit_account_id, leg.credit_account_id) for leg in left.legs] == [
        ("bank-clearing-in:JPY", "bank:JPY")
    ]
    # Only what the ledger has not answered is asked for again, in the same words.
    assert again == left
