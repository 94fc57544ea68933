"""No account number and no holder's name lies in plain in a table or a message of the bridge.

Rows that were stored before accounts were sealed are still read.
"""

from collections.abc import AsyncIterator

import pytest

from services.bridge.partners.zengin_bank_seals import file_place
from services.bridge.payouts.model import PayoutState
from services.bridge.store.sealing import accounts_sealer
from services.core.ids import Resource
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partners.file_bank_orders import FileHabits
from services.sandbox.partners.japan_bank_transfers import NO_SUCH_ACCOUNT
from tests.conftest import Database
from tests.contract.file_bank_house import (
    GATHERED,
    MONDAY,
    OWN,
    PARTNER,
    WEDNESDAY,
    FileWorld,
    debit,
    file_bank,
    in_state,
    pay,
)
from tests.contract.house import new_resource, refund, start
from tests.contract.japan_bank_house import (
    PARTNER as BANK,
)
from tests.contract.japan_bank_house import (
    PAYEE,
    japan_bank,
    order_payout,
    paying,
    payout_of,
    text_of,
    until_payout,
)
from tests.contract.japan_bank_house import pay as order_of
from tests.contract.test_japan_bank import HANAKO, book_of
from tests.parts import PAYEE_BOX, rows_of

NUMBER = "7654321"
# As it was given, and as banks write it.
TABLES = {
    "payouts": "sealed_payee",
    "bank_mandates": "sealed_account",
    "bank_records": "sealed_account",
}
PLANTED = (PAYEE["account_number"], NUMBER, PAYEE["holder_name"], "ﾔﾏﾀﾞ", "ヤマダ")


@pytest.fixture
async def house(database: Database) -> AsyncIterator[FileWorld]:
    async with file_bank(database.dsn("bridge"), FileHabits(0, 0, 1, 0)) as running:
        yield running


def planted_in(told: dict[str, str]) -> set[tuple[str, str]]:
    """What of the planted is in which table."""
    return {(table, text) for table, rows in told.items() for text in PLANTED if text in rows}


async def test_a_bank_by_file_leaves_no_account_in_plain(house: FileWorld) -> None:
    payout, wrong = await pay(house), await pay(house, account_number=NO_SUCH_ACCOUNT)
    top_up = await debit(house)
    house.at(*GATHERED)
    await house.move(2)
    house.at(*MONDAY)
    await house.move()
    await in_state(house, payout, PayoutState.EXECUTED)
    await house.bank.control("return", {"reference": text_of(payout)})
    house.at(*WEDNESDAY)
    await house.move(2)
    await house.world.event("PayoutReturned", payout)
    await house.world.event("ChargeAccepted", top_up)

    told = await rows_of(house.world.units.pool)
    assert planted_in(told) == set()
    for table in ("payouts", "bank_records", "bank_files", "bank_mandates"):
        assert "gAAAA" in told[table], table
    assert wrong in told["payouts"]


async def test_a_bank_over_its_api_leaves_no_account_in_plain(database: Database) -> None:
    async with japan_bank() as bank, paying(database.dsn("bridge"), bank) as world:
        top_up, linked = new_resource(Resource.TOP_UP), await book_of(world).link(HANAKO)
        order = start(top_up, BANK, 3_000, "JPY", kind=pb.CHARGE_KIND_TOP_UP)
        order.payer_reference = linked.payer_reference
        await world.command(top_up, start_charge=order)
        await world.event("ChargeAccepted", top_up)
        await world.command("back", refund_charge=refund(top_up, "back", 1_000, "JPY"))
        await world.event("RefundAccepted", "back")
        kept = await order_payout(world, account_number=NUMBER)
        back = await order_payout(world, account_number=NO_SUCH_ACCOUNT)
        await until_payout(world, kept, lambda found: found.state is PayoutState.EXECUTED)
        await world.event("PayoutReturned", back)
        told = await rows_of(world.units.pool)
        assert (await payout_of(world, kept)).order.payee.account_number == "***321"
    assert planted_in(told) == set()


async def test_a_payout_from_before_is_paid_and_its_repeat_known(house: FileWorld) -> None:
    pool = house.world.units.pool
    resource = new_resource(Resource.PAYOUT)
    plain = order_of(resource, partner_id=PARTNER)
    plain.ClearField("sealed_payee")
    plain.payee.MergeFrom(pb.Payee(**PAYEE))
    await house.world.command(resource, submit_payout=plain)
    await until_payout(house.world, resource, lambda payout: payout.asked)
    # As such rows were.
    for table, column in TABLES.items():
        await pool.execute(
            f"UPDATE {table} SET {column} = '', account_number = $1, holder_name = $2",
            PAYEE["account_number"],
            PAYEE["holder_name"],
        )
    await house.world.command(resource, submit_payout=order_of(resource, partner_id=PARTNER))
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE topic = 'dead.letter'") == 0
    house.at(*GATHERED)
    await house.move(2)
    house.at(*MONDAY)
    await house.move()
    await in_state(house, resource, PayoutState.EXECUTED)


async def test_what_lies_there_from_before_is_sealed_where_it_lies(house: FileWorld) -> None:
    pool = house.world.units.pool
    payout, top_up = await pay(house), await debit(house)
    # As such rows and files were.
    for table, column in TABLES.items():
        await pool.execute(
            f"UPDATE {table} SET {column} = '', account_number = $1, holder_name = $2",
            *(PAYEE["account_number"], "ﾔﾏﾀﾞ"),
        )
    house.at(*GATHERED)
    await house.move()
    for partner_id, file_id, content in await pool.fetch(
        "SELECT partner_id, file_id, content FROM bank_files"
    ):
        plain = PAYEE_BOX.open_for(file_place(partner_id, file_id), content)
        await pool.execute(
            "UPDATE bank_files SET sealed = false, content = $2 WHERE file_id = $1", file_id, plain
        )
    await pool.execute(
        "INSERT INTO deposits VALUES ('file-bank', $1, '1', 1, 'JPY', 'ﾔﾏﾀﾞ', '', '', now())", OWN
    )
    plain_in = {*TABLES, "bank_files", "deposits"}
    assert {table for table, _ in planted_in(await rows_of(pool))} == plain_in

    sealer = accounts_sealer(pool, PAYEE_BOX)
    assert [await sealer.step(), await sealer.step()] == [7, 0]
    assert planted_in(await rows_of(pool)) == set()
    await house.move(2)
    house.at(*MONDAY)
    await house.move()
    await in_state(house, payout, PayoutState.EXECUTED)
    house.at(*WEDNESDAY)
    await house.move()
    await house.world.event("ChargeAccepted", top_up)


async def test_a_payee_sealed_for_another_payout_is_never_paid(house: FileWorld) -> None:
    first, second = new_resource(Resource.PAYOUT), new_resource(Resource.PAYOUT)
    swapped = order_of(second, partner_id=PARTNER)
    swapped.sealed_payee = order_of(first, partner_id=PARTNER).sealed_payee
    await house.world.batch([pb.BridgeCommand(submit_payout=swapped)], second)
    assert await house.world.units.pool.fetchval("SELECT count(*) FROM payouts") == 0
