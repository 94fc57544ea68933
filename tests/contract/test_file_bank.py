"""The bank by file: what is gathered, sent once, and heard of, whatever becomes of the files."""

from collections.abc import AsyncIterator

import pytest

from services.bridge.domain.charge import State
from services.bridge.operators import Queue
from services.bridge.partners.http import NoAnswer
from services.bridge.partners.zengin_bank_rules import FileState, number_of
from services.bridge.payouts.model import PayoutState
from services.sandbox.partners.file_bank_orders import NO_SUCH_ACCOUNT
from tests.conftest import Database
from tests.contract.file_bank_house import (
    GATHERED,
    HANAKOS,
    LATE,
    MONDAY,
    PARTNER,
    WEDNESDAY,
    YEN,
    FileWorld,
    debit,
    file_bank,
    in_state,
    pay,
)
from tests.contract.japan_bank_house import (
    payout_of,
    text_of,
)


@pytest.fixture
async def house(database: Database) -> AsyncIterator[FileWorld]:
    async with file_bank(database.dsn("bridge")) as running:
        yield running


async def executed_payout(house: FileWorld) -> str:
    resource = await pay(house)
    house.at(*GATHERED)
    await house.move()
    house.at(*MONDAY)
    await house.move(2)
    await in_state(house, resource, PayoutState.EXECUTED)
    return resource


async def test_payouts_of_a_day_go_out_in_one_file_at_the_cut_off(house: FileWorld) -> None:
    resources = [await pay(house, YEN + each) for each in range(3)]
    await house.move()
    assert await house.files() == []
    house.at(*GATHERED)
    await house.move()
    (file,) = await house.files()
    assert (file["record_count"], file["total_minor"]) == (3, 3 * YEN + 3)
    assert (file["value_date"].month, file["value_date"].day) == (11, 2)
    for resource in resources:
        await house.world.event("PayoutSubmitted", resource)
        await house.world.event("PayoutAccepted", resource)
    house.at(*MONDAY)
    await house.move(2)
    for resource in resources:
        await house.world.event("PayoutExecuted", resource)
    books = await house.bank.books()
    assert books["paid"] == {text_of(each): YEN + n for n, each in enumerate(resources)}
    assert (await house.files())[0]["state"] == FileState.DONE


async def test_a_debit_that_waits_alarms_nobody_before_its_age(house: FileWorld) -> None:
    resource = await debit(house)
    world = house.world
    queue = Queue(world.units, {PARTNER: house.partner.rules}, world.clock)
    house.at(35, 10)
    assert await queue.count() == 0
    house.at(31 + 12, 12)
    assert [each.charge_id for each in await queue.list(None, PARTNER, 10)] == [
        f"{resource}-charge"
    ]


async def test_a_debit_waits_for_its_result_and_is_then_accepted(house: FileWorld) -> None:
    resource = await debit(house)
    house.at(*GATHERED)
    await house.move()
    house.at(*MONDAY)
    await house.move(2)
    assert (await house.charge(resource)).state is State.UNKNOWN
    house.at(*WEDNESDAY)
    await house.move(2)
    await house.world.event("ChargeAccepted", resource)
    books = await house.bank.books()
    assert books["accepted"] == {number_of(f"{resource}-charge"): 1_000}
    assert books["balances"][HANAKOS] == 999_000


@pytest.mark.parametrize(
    ("fate", "reason"),
    [
        ("low_balance", "PAYER_FUNDS"),
        ("account_closed", "PAYER_UNKNOWN"),
        ("name_mismatch", "PAYER_UNKNOWN"),
        ("refused_whole", "FILE_REFUSED"),
    ],
)
async def test_a_debit_that_fails_is_rejected_with_our_reason(
    house: FileWorld, fate: str, reason: str
) -> None:
    await house.bank.fault(fate)
    resource = await debit(house)
    house.at(*GATHERED)
    await house.move()
    house.at(*WEDNESDAY)
    await house.move(2)
    said = await house.world.event("ChargeRejected", resource)
    assert said.charge_rejected.reason == reason
    assert (await house.bank.books())["accepted"] == {}


@pytest.mark.parametrize(
    ("fate", "reason"),
    [
        ("low_balance", "BANK_FUNDS"),
        ("account_closed", "PAYEE_UNKNOWN"),
        ("name_mismatch", "NAME_MISMATCH"),
        ("refused_whole", "FILE_REFUSED"),
    ],
)
async def test_a_payout_that_fails_is_rejected_with_our_reason(
    house: FileWorld, fate: str, reason: str
) -> None:
    await house.bank.fault(fate)
    resource = await pay(house)
    house.at(*GATHERED)
    await house.move()
    house.at(*MONDAY)
    await house.move(2)
    said = await house.world.event("PayoutRejected", resource)
    assert said.payout_rejected.reason == reason
    assert (await house.bank.books())["paid"] == {}


async def test_one_record_is_refused_and_the_others_are_paid(house: FileWorld) -> None:
    wrong = await pay(house, account_number=NO_SUCH_ACCOUNT)
    right = await pay(house)
    house.at(*GATHERED)
    await house.move()
    house.at(*MONDAY)
    await house.move(2)
    await in_state(house, wrong, PayoutState.REJECTED)
    await in_state(house, right, PayoutState.EXECUTED)


async def test_a_transfer_that_comes_back_is_returned(house: FileWorld) -> None:
    resource = await executed_payout(house)
    await house.bank.control("return", {"reference": text_of(resource)})
    await house.move()
    said = await house.world.event("PayoutReturned", resource)
    assert said.payout_returned.reason == "PAYEE_UNKNOWN"


@pytest.mark.parametrize("fault", ["no_answer_after_work", "error_after_work"])
async def test_an_upload_whose_answer_is_lost_is_found_and_not_sent_again(
    house: FileWorld, fault: str
) -> None:
    await house.bank.fault(fault, match={"operation": "transfer"}, delay_ms=10)
    resource = await pay(house)
    house.at(*GATHERED)
    await house.move(2)
    await in_state(house, resource, PayoutState.ACCEPTED)
    assert list((await house.bank.books())["uploads"].values()) == [1]


@pytest.mark.parametrize("fault", ["no_answer_before_work", "error_before_work"])
async def test_an_upload_that_did_not_arrive_is_searched_and_then_sent_again(
    house: FileWorld, fault: str
) -> None:
    await house.bank.fault(fault, match={"operation": "transfer"}, delay_ms=10)
    resource = await pay(house)
    house.at(*GATHERED)
    await house.move()
    (file,) = await house.files()
    assert (file["state"], file["searches"]) == (FileState.SENDING, 1)
    await house.move(3)
    await in_state(house, resource, PayoutState.ACCEPTED)
    assert list((await house.bank.books())["orders"].values()) == [1]


async def test_an_upload_that_arrives_after_it_was_sent_again_is_taken_once(
    house: FileWorld,
) -> None:
    await house.bank.fault("late_work", match={"operation": "transfer"})
    resource = await pay(house)
    house.at(*GATHERED)
    await house.move(4)
    await house.bank.control("late", {})
    house.at(*MONDAY)
    await house.move(3)
    await in_state(house, resource, PayoutState.EXECUTED)
    books = await house.bank.books()
    assert list(books["uploads"].values()) == [2]
    assert books["paid"] == {text_of(resource): YEN}


async def test_a_list_that_is_away_leaves_a_lost_upload_open(house: FileWorld) -> None:
    await house.bank.fault("no_answer_after_work", match={"operation": "transfer"}, delay_ms=10)
    await house.bank.fault("error_before_work", times=3, match={"operation": "received"})
    resource = await pay(house)
    house.at(*GATHERED)
    for _ in range(3):
        with pytest.raises(NoAnswer, match="500"):
            await house.move()
    (file,) = await house.files()
    assert (file["state"], file["searches"]) == (FileState.SENDING, 0)
    await house.move()
    await in_state(house, resource, PayoutState.ACCEPTED)


async def test_a_file_that_is_delivered_twice_has_one_effect(house: FileWorld) -> None:
    await house.bank.fault("upload_twice")
    resource = await pay(house)
    house.at(*GATHERED)
    await house.move()
    house.at(*MONDAY)
    await house.move(2)
    await in_state(house, resource, PayoutState.EXECUTED)
    assert (await house.bank.books())["paid"] == {text_of(resource): YEN}


async def test_a_file_refused_as_late_goes_with_the_next_days(house: FileWorld) -> None:
    await house.bank.fault("late_file")
    resource = await pay(house)
    house.at(*GATHERED)
    await house.move()
    house.at(33, 14, 5)
    await house.move()
    first, second = await house.files()
    assert (first["state"], first["code"]) == (FileState.REFUSED, "LATE_FILE")
    assert (second["value_date"].month, second["value_date"].day) == (11, 4)
    house.at(*WEDNESDAY)
    await house.move(2)
    await in_state(house, resource, PayoutState.EXECUTED)
    assert (await house.bank.books())["paid"] == {text_of(resource): YEN}


async def test_a_file_that_could_not_be_sent_before_the_cut_off_is_taken_apart(
    house: FileWorld,
) -> None:
    await house.bank.fault("reject", times=0, match={"operation": "transfer"})
    resource = await pay(house)
    house.at(*GATHERED)
    await house.move()
    house.at(*LATE)
    await house.move()
    assert [file["code"] for file in await house.files()] == ["LATE_FILE"]
    await house.bank.session.delete("/_control/faults")
    house.at(33, 14, 5)
    await house.move()
    await in_state(house, resource, PayoutState.ACCEPTED)
    assert len((await house.bank.books())["uploads"]) == 1


@pytest.mark.parametrize(
    ("fault", "match"),
    [("cut_short", {}), ("wrong_totals", {}), ("no_answer_before_work", {"operation": "fetch"})],
)
async def test_a_damaged_result_has_no_effect_and_is_asked_for_again(
    house: FileWorld, fault: str, match: dict[str, str]
) -> None:
    resource = await debit(house)
    paid = await pay(house)
    house.at(*GATHERED)
    await house.move()
    await house.bank.fault(fault, times=2, match=match, delay_ms=10)
    house.at(*WEDNESDAY)
    for _ in range(3):
        await house.move()
    house.at(35, 11)
    await house.move(3)
    await house.world.event("ChargeAccepted", resource)
    await in_state(house, paid, PayoutState.EXECUTED)


async def test_a_result_that_cannot_be_had_holds_up_no_other(house: FileWorld) -> None:
    resources = [await debit(house) for _ in range(2)]
    house.at(*GATHERED)
    await house.move()
    paid = await pay(house)
    house.at(33, 14, 5)
    await house.move()
    first, _ = await house.files()
    match = {"operation": "fetch", "id": first["file_id"]}
    await house.bank.fault("error_before_work", times=0, match=match)
    house.at(*WEDNESDAY)
    await house.move(2)
    await in_state(house, paid, PayoutState.EXECUTED)
    for resource in resources:
        assert (await house.charge(resource)).state is State.UNKNOWN


async def test_a_result_with_wrong_totals_changes_nothing(house: FileWorld) -> None:
    resource = await debit(house)
    house.at(*GATHERED)
    await house.move()
    await house.bank.fault("wrong_totals")
    await house.bank.fault("error_before_work", times=9, match={"operation": "again"})
    house.at(*WEDNESDAY)
    await house.move(3)
    assert (await house.charge(resource)).state is State.UNKNOWN


async def test_a_result_that_comes_twice_has_one_effect(house: FileWorld) -> None:
    await house.bank.fault("duplicate_result", times=0)
    resource = await debit(house)
    house.at(*GATHERED)
    await house.move()
    house.at(*WEDNESDAY)
    await house.move(2)
    await house.world.event("ChargeAccepted", resource)
    assert house.world.sent.kinds(resource) == []


async def test_payouts_as_zedi_are_paid_and_known_by_the_same_reference(
    database: Database,
) -> None:
    async with file_bank(database.dsn("bridge"), options={"format": "zedi"}) as house:
        resource = await executed_payout(house)
        assert (await house.bank.books())["paid"] == {text_of(resource): YEN}


async def test_a_payout_an_operator_has_rejected_is_not_filed(house: FileWorld) -> None:
    resource = await pay(house)
    payout = await payout_of(house.world, resource)
    async with house.world.units.pool.acquire() as connection:
        await connection.execute("UPDATE payouts SET state = 6 WHERE payout_id = $1", resource)
    house.at(*GATHERED)
    await house.move()
    assert payout.asked
    assert await house.files() == []
