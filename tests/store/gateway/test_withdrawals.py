"""Withdrawals on a real Postgres and against the real ledger."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.gateway.reference import LimitFlow, LimitPeriod, LimitRule, Participant
from services.gateway.reference.store import put_participant
from services.gateway.topups.handlers import BankLinkHandlers
from services.gateway.topups.refusals import BankLinkUnknown, HostedWalletRequired
from services.gateway.withdrawals import refusals
from services.kit.kafka import Record
from services.kit.sealing import SecretBox
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.gateway.v1 import gateway_service_pb2, withdrawal_pb2
from services.pb.kawase.gateway.v1 import withdrawal_service_pb2 as pb
from services.pb.kawase.money.v1 import money_pb2
from tests.parts import opened_order, rows_of, waiting
from tests.store.gateway.ledger_world import Ledger
from tests.store.gateway.payments_world import PANDA, SAKURA, Gateway, bridge_says
from tests.store.gateway.resources_world import BANK_LINK, World, funds, word

COMPLETED = withdrawal_pb2.WITHDRAWAL_STATE_COMPLETED
DECLINED = withdrawal_pb2.WITHDRAWAL_STATE_DECLINED
PENDING = withdrawal_pb2.WITHDRAWAL_STATE_PENDING
RETURNED = withdrawal_pb2.WITHDRAWAL_STATE_RETURNED
ACCOUNT = "customer:sakura/hanako:JPY"


@pytest.fixture
async def world(gateway: Gateway) -> World:
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, SAKURA)
    made = World(gateway)
    await made.links.link(SAKURA, gateway_service_pb2.LinkBankAccountRequest(**BANK_LINK))
    await made.sent()
    return made


async def draw(
    world: World,
    withdrawal_id: str = "w1",
    minor: int = 30_000,
    caller: Participant = SAKURA,
    link_id: str = "hanako-bank",
) -> withdrawal_pb2.Withdrawal:
    amount = money_pb2.Money(minor_units=minor, currency_code="JPY")
    request = pb.CreateWithdrawalRequest(
        withdrawal_id=withdrawal_id, bank_link_id=link_id, amount=amount
    )
    return await world.withdrawals.create(caller, request)


async def look(world: World, withdrawal_id: str = "w1") -> withdrawal_pb2.Withdrawal:
    return await world.withdrawals.get(SAKURA, withdrawal_id)


def link_id(made: withdrawal_pb2.Withdrawal) -> str:
    return resource_id(Resource.WITHDRAWAL, made.reference)


def bank_says(made: withdrawal_pb2.Withdrawal, **body: Any) -> Record:
    return bridge_says(link_id(made), link_id(made), **body)


def executed(made: withdrawal_pb2.Withdrawal) -> Record:
    return bank_says(made, payout_executed=bridge.PayoutExecuted(partner_reference="B1"))


def rejected(made: withdrawal_pb2.Withdrawal) -> Record:
    said = bridge.PayoutRejected(reason="NAME_MISMATCH", message="Another name.")
    return bank_says(made, payout_rejected=said)


def returned(made: withdrawal_pb2.Withdrawal) -> Record:
    return bank_says(made, payout_returned=bridge.PayoutReturned(reason="PAYEE_UNKNOWN"))


def limit(world: World, minor: int) -> None:
    """The most that a payer may draw in a day."""
    rule = LimitRule(
        "draw-day", LimitPeriod.DAY, "", "", "", "", Money(minor, "JPY"), 0, "a law", True,
        LimitFlow.WITHDRAWAL,
    )  # fmt: skip
    board = world.gateway.board
    board.current = replace(board.current, limit_rules={rule.limit_rule_id: rule})


async def test_a_withdrawal_pays_the_account_that_was_linked(world: World) -> None:
    made = await draw(world)
    assert (made.state, made.payer_id) == (PENDING, "hanako")
    assert await world.sent() == ["OpenAccounts", "ReserveFunds"]

    await world.hear(funds(link_id(made), "reserved"))
    [row] = await world.gateway.rows()
    order = opened_order(bridge.BridgeCommand.FromString(row["payload"]).submit_payout)
    assert (order.payout_id, order.partner_id) == (link_id(made), "bank")
    assert order.amount.minor_units == 30_000
    payee = order.payee
    assert (payee.bank_code, payee.account_number, payee.holder_name) == (
        "0310", "1234567", "ヤマダ ハナコ"
    )  # fmt: skip
    await world.hear(executed(made), funds(link_id(made), "posted"))
    assert (await look(world)).state == COMPLETED
    assert await world.sent() == ["PostFunds", "WithdrawalCompleted"]


async def test_no_account_lies_in_plain_once_it_was_topped_up_from_and_paid_to(
    world: World,
) -> None:
    wanted = gateway_service_pb2.CreateTopUpRequest(top_up_id="t1", bank_link_id="hanako-bank")
    wanted.amount.minor_units, wanted.amount.currency_code = 1_000, "JPY"
    await world.top_ups.create(SAKURA, wanted)
    made = await draw(world)
    await world.hear(funds(link_id(made), "reserved"), executed(made))
    await world.hear(bank_says(made, payout_returned=bridge.PayoutReturned(reason="CLOSED")))
    told = await rows_of(world.gateway.pool)
    planted = (BANK_LINK["account_number"], BANK_LINK["holder_name"])
    assert {(table, text) for table in told for text in planted if text in told[table]} == set()
    assert "SubmitPayout" in told["outbox"]


async def test_a_link_without_a_sealed_account_is_sealed_by_linking_again(world: World) -> None:
    gateway = world.gateway
    stub: Any = world.bank
    keyless = BankLinkHandlers(gateway.units, stub, gateway.clock, SecretBox(None))
    request = gateway_service_pb2.LinkBankAccountRequest(**{**BANK_LINK, "bank_link_id": "old"})
    await keyless.link(SAKURA, request)
    with pytest.raises(refusals.BankLinkNotPayable):
        await draw(world, link_id="old")
    await world.links.link(SAKURA, request)

    assert (await draw(world, link_id="old")).state == PENDING


async def test_every_event_may_come_twice(world: World) -> None:
    made = await draw(world)
    events = (
        funds(link_id(made), "reserved"),
        bank_says(made, payout_submitted=bridge.PayoutSubmitted()),
        executed(made),
        funds(link_id(made), "posted"),
        returned(made),
        funds(f"{link_id(made)}-back", "posted"),
    )
    for event in events:
        await world.hear(event, event)
        await world.hear(event)

    assert (await look(world)).state == RETURNED
    assert sorted(await world.sent()) == [
        "OpenAccounts", "PostFunds", "ReserveFunds", "SubmitPayout", "TransferFunds",
        "WithdrawalCompleted", "WithdrawalReturned",
    ]  # fmt: skip


async def test_the_command_of_a_silent_step_is_repeated(world: World) -> None:
    made = await draw(world)
    await world.hear(funds(link_id(made), "reserved"))
    await world.sent()
    await world.make_due()

    assert await world.repeater.step() == 1
    assert await world.sent() == ["SubmitPayout"]


async def test_an_account_that_cannot_be_read_any_more_holds_up_no_other_repeat(
    world: World,
) -> None:
    other = gateway_service_pb2.LinkBankAccountRequest(**BANK_LINK)
    other.bank_link_id = "hanako-second"
    await world.links.link(SAKURA, other)
    for made in (await draw(world), await draw(world, "w2", link_id="hanako-second")):
        await world.hear(funds(link_id(made), "reserved"))
    await world.sent()
    async with world.gateway.pool.acquire() as connection:
        await connection.execute(
            "UPDATE bank_links SET sealed_payee = 'by a key that is gone'"
            " WHERE bank_link_id = 'hanako-bank'"
        )
    await world.make_due()

    assert await world.repeater.step() == 2
    assert await world.sent() == ["SubmitPayout"]


async def test_the_same_id_and_content_give_the_same_withdrawal(world: World) -> None:
    first, second = await asyncio.gather(draw(world), draw(world))

    assert first == second
    assert await world.sent() == ["OpenAccounts", "ReserveFunds"]
    with pytest.raises(refusals.WithdrawalExistsWithDifferentContent):
        await draw(world, minor=1)
    with pytest.raises(BankLinkUnknown):
        await draw(world, "w2", link_id="none")


async def test_a_day_s_limit_holds_and_is_given_back_by_a_refusal(world: World) -> None:
    limit(world, 50_000)
    made = await draw(world, "w1", 30_000)
    with pytest.raises(refusals.WithdrawalLimitReached):
        await draw(world, "w2", 20_001)
    await draw(world, "w3", 20_000)
    await world.hear(funds(link_id(made), "reserved"), rejected(made))

    assert (await look(world)).reason == "NAME_MISMATCH"
    assert (await draw(world, "w2", 20_001)).state == PENDING


async def test_a_withdrawal_asked_for_twice_at_once_takes_its_limit_once(world: World) -> None:
    limit(world, 50_000)
    await draw(world, "w0", 10_000)
    pool = world.gateway.pool
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM limit_usages FOR UPDATE")
        both = [asyncio.create_task(draw(world, "w1", 30_000)) for _ in range(2)]
        await waiting(pool, 2)
    first, second = await asyncio.gather(*both)

    assert first == second
    assert await used(world) == 40_000


async def test_what_was_taken_after_all_and_came_back_is_given_back_to_the_limit_once(
    world: World,
) -> None:
    limit(world, 50_000)
    await draw(world, "w0", 10_000)
    made = await draw(world, "w1", 30_000)
    link = link_id(made)
    await world.hear(funds(link, "reserved"), rejected(made), funds(link, "voided"))
    assert await used(world) == 10_000
    await world.hear(executed(made))
    await world.cases.resolve(link, word("retry"))
    await world.hear(funds(f"{link}-take-1", "posted"))
    assert ((await look(world, "w1")).state, await used(world)) == (COMPLETED, 40_000)

    await world.hear(returned(made), funds(f"{link}-back-1", "posted"))
    assert ((await look(world, "w1")).state, await used(world)) == (RETURNED, 10_000)


async def used(world: World) -> int:
    """What is counted against limits."""
    total: int = await world.gateway.pool.fetchval("SELECT sum(used_minor)::int FROM limit_usages")
    return total


async def test_withdrawals_at_once_keep_within_the_limit(world: World) -> None:
    limit(world, 50_000)
    done = await asyncio.gather(
        *(draw(world, f"w{number}", 20_000) for number in range(5)), return_exceptions=True
    )

    assert sum(not isinstance(each, BaseException) for each in done) == 2


async def test_withdrawals_are_for_hosted_wallets_and_seen_by_their_own(world: World) -> None:
    with pytest.raises(HostedWalletRequired):
        await draw(world, caller=PANDA)
    await draw(world)
    with pytest.raises(refusals.WithdrawalUnknown):
        await world.withdrawals.get(PANDA, "w1")
    page = await world.withdrawals.page(PANDA, pb.ListWithdrawalsRequest(payer_id="hanako"))
    assert not page.withdrawals


async def linked(ledger: Ledger, deposit: int) -> World:
    world = ledger.world
    await world.links.link(SAKURA, gateway_service_pb2.LinkBankAccountRequest(**BANK_LINK))
    await ledger.settle()
    await ledger.move("top-up", "bank:JPY", ACCOUNT, Money(deposit, "JPY"))
    return world


async def test_what_is_drawn_leaves_the_account_and_what_comes_back_is_there_again(
    ledger: Ledger,
) -> None:
    world = await linked(ledger, 50_000)
    made = await draw(world)
    await ledger.settle()
    await ledger.hear(executed(made))
    balances = await ledger.balances()
    assert (balances[ACCOUNT], balances["bank-clearing-out:JPY"]) == (20_000, 30_000)

    await ledger.hear(returned(made))

    assert (await look(world)).state == RETURNED
    assert (await ledger.balances())[ACCOUNT] == 50_000
    await ledger.assert_balanced()


async def test_an_account_is_never_drawn_below_zero(ledger: Ledger) -> None:
    world = await linked(ledger, 50_000)
    await asyncio.gather(draw(world, "w1"), draw(world, "w2"))
    await ledger.settle()

    found = [await look(world, name) for name in ("w1", "w2")]
    assert sorted(each.reason for each in found) == ["", "PAYER_FUNDS"]
    (kept,) = [each for each in found if each.state == PENDING]
    await ledger.hear(rejected(kept))
    assert (await look(world, kept.withdrawal_id)).state == DECLINED
    assert (await ledger.balances())[ACCOUNT] == 50_000


async def test_what_a_bank_pays_after_its_refusal_is_taken_on_an_operator_s_word(
    ledger: Ledger,
) -> None:
    world = await linked(ledger, 50_000)
    made = await draw(world)
    await ledger.settle()
    await ledger.hear(rejected(made))
    await ledger.hear(executed(made))
    [case] = await world.cases.list(10)
    assert (case.resource_id, case.reason) == (link_id(made), "PAID_AFTER_REFUSAL")

    await world.cases.resolve(case.resource_id, word("retry"))
    await ledger.settle()

    assert (await look(world)).state == COMPLETED
    assert (await ledger.balances())[ACCOUNT] == 20_000
    await ledger.assert_balanced()


async def test_what_was_written_off_and_comes_back_is_booked_back_from_loss(
    ledger: Ledger,
) -> None:
    world = await linked(ledger, 50_000)
    made = await draw(world)
    await ledger.settle()
    await ledger.hear(rejected(made))
    await ledger.hear(executed(made))
    await world.cases.resolve(link_id(made), word("write_off"))
    await ledger.settle()
    assert (await ledger.balances())["loss:JPY"] == -30_000

    await ledger.hear(returned(made))
    await ledger.settle()

    balances = await ledger.balances()
    assert not {"loss:JPY", "bank-clearing-out:JPY"} & set(balances)
    assert balances[ACCOUNT] == 50_000
    assert not await world.cases.list(10)
    await ledger.assert_balanced()
