"""Bank links and top-ups on a real Postgres."""

import asyncio
from typing import Any

import pytest

from services.core.ids import Resource, resource_id
from services.gateway.reference import Participant
from services.gateway.reference.store import put_participant
from services.gateway.topups import refusals
from services.kit.kafka import Record
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1.money_pb2 import Money
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletCommand
from tests.store.gateway.payments_world import PANDA, SAKURA, Gateway, bridge_says
from tests.store.gateway.resources_world import BANK_LINK, World, funds

COMPLETED = payment_pb2.TOP_UP_STATE_COMPLETED
DECLINED = payment_pb2.TOP_UP_STATE_DECLINED
PENDING = payment_pb2.TOP_UP_STATE_PENDING


@pytest.fixture
async def world(gateway: Gateway) -> World:
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, SAKURA)
    return World(gateway)


async def link(world: World, caller: Participant = SAKURA, **changes: str) -> payment_pb2.BankLink:
    return await world.links.link(caller, pb.LinkBankAccountRequest(**{**BANK_LINK, **changes}))


async def top_up(
    world: World,
    top_up_id: str = "t1",
    minor: int = 30_000,
    caller: Participant = SAKURA,
    **changes: Any,
) -> payment_pb2.TopUp:
    amount = Money(minor_units=minor, currency_code=changes.get("currency", "JPY"))
    link_id = changes.get("bank_link_id", "hanako-bank")
    request = pb.CreateTopUpRequest(top_up_id=top_up_id, bank_link_id=link_id, amount=amount)
    return await world.top_ups.create(caller, request)


async def look(world: World, top_up_id: str = "t1") -> payment_pb2.TopUp:
    return await world.top_ups.get(SAKURA, pb.GetTopUpRequest(top_up_id=top_up_id))


def bank_says(made: payment_pb2.TopUp, about: str = "draw", **body: Any) -> Record:
    resource = resource_id(Resource.TOP_UP, made.reference)
    return bridge_says(resource, f"{resource}-{about}", **body)


def drawn(made: payment_pb2.TopUp) -> Record:
    return bank_says(made, charge_accepted=bridge.ChargeAccepted(partner_reference="B1"))


def refused(made: payment_pb2.TopUp) -> Record:
    said = bridge.ChargeRejected(reason="PAYER_FUNDS", message="The account has not enough.")
    return bank_says(made, charge_rejected=said)


def ledger_says(made: payment_pb2.TopUp, what: str) -> Record:
    link_id = resource_id(Resource.TOP_UP, made.reference)
    return funds(link_id, what, "ACCOUNT_UNKNOWN", "transfer")


async def test_a_linked_account_opens_the_payer_s_account(world: World) -> None:
    made = await link(world)

    assert (made.bank_link_id, made.display_name) == ("hanako-bank", "Bank ***567")
    [row] = await world.gateway.rows()
    opened = WalletCommand.FromString(row["payload"]).open_accounts.accounts
    assert [account.account_id for account in opened] == [
        "customer:sakura/hanako:JPY",
        "bank:JPY",
        "bank-clearing-in:JPY",
        "loss:JPY",
    ]
    assert row["key"] == "customer:sakura/hanako:JPY"


async def test_linking_again_gives_the_same_link_without_asking_the_bank(world: World) -> None:
    first = await link(world)

    assert await link(world) == first
    assert len(world.bank.asked) == 1
    assert await world.sent() == ["OpenAccounts"]


async def test_links_at_once_make_one(world: World) -> None:
    first, second = await asyncio.gather(link(world), link(world))

    assert first == second
    assert len({request.link_id for request in world.bank.asked}) == 1
    assert await world.sent() == ["OpenAccounts"]


async def test_another_account_under_a_taken_id_is_refused_before_the_bank_is_asked(
    world: World,
) -> None:
    await link(world)

    with pytest.raises(refusals.BankLinkExistsWithDifferentContent):
        await link(world, account_number="7654321")
    assert len(world.bank.asked) == 1


async def test_a_top_up_is_drawn_then_credited(world: World) -> None:
    await link(world)
    await world.sent()

    made = await top_up(world)
    assert made.state == PENDING
    [row] = await world.gateway.rows()
    charge = bridge.BridgeCommand.FromString(row["payload"]).start_charge
    assert charge.kind == bridge.CHARGE_KIND_TOP_UP
    assert (charge.partner_id, charge.payer_reference) == ("bank", "acct-567")

    await world.hear(drawn(made))
    [row] = await world.gateway.rows()
    transfer = WalletCommand.FromString(row["payload"]).transfer_funds
    assert (transfer.legs[0].debit_account_id, transfer.legs[0].credit_account_id) == (
        "bank-clearing-in:JPY",
        "customer:sakura/hanako:JPY",
    )
    assert row["key"] == transfer.funding_account_id == "customer:sakura/hanako:JPY"

    await world.hear(ledger_says(made, "posted"))
    assert (await look(world)).state == COMPLETED
    assert await world.sent() == ["TopUpCompleted"]


async def test_a_bank_that_refuses_declines_the_top_up(world: World) -> None:
    await link(world)
    made = await top_up(world)
    await world.sent()
    await world.hear(refused(made))

    declined = await look(world)
    assert (declined.state, declined.reason) == (DECLINED, "PAYER_FUNDS")
    assert await world.sent() == ["TopUpDeclined"]


async def test_a_silent_bank_leaves_the_top_up_pending_until_its_word(world: World) -> None:
    await link(world)
    made = await top_up(world)
    await world.hear(bank_says(made, charge_unknown=bridge.ChargeUnknown()))
    assert (await look(world)).reason == "PARTNER_SILENT"

    await world.hear(drawn(made), ledger_says(made, "posted"))

    found = await look(world)
    assert (found.state, found.reason) == (COMPLETED, "")


async def test_money_drawn_after_the_decline_is_given_back(world: World) -> None:
    await link(world)
    made = await top_up(world)
    await world.hear(refused(made))
    await world.sent()
    late = bank_says(made, charge_accepted_late=bridge.ChargeAcceptedLate())
    await world.hear(late, late)

    [row] = await world.gateway.rows()
    asked = bridge.BridgeCommand.FromString(row["payload"]).refund_charge
    assert asked.charge_id.endswith("-draw")
    assert asked.amount.minor_units == 30_000
    await world.hear(bank_says(made, "back", refund_accepted=bridge.RefundAccepted()))
    assert (await look(world)).state == DECLINED
    await world.make_due()
    assert await world.repeater.step() == 0


async def test_what_the_bank_will_not_take_back_waits_for_the_operator(world: World) -> None:
    await link(world)
    made = await top_up(world)
    await world.hear(
        refused(made),
        bank_says(made, charge_accepted_late=bridge.ChargeAcceptedLate()),
        bank_says(made, "back", refund_rejected=bridge.RefundRejected(reason="NO")),
    )

    assert (await look(world)).reason == "PAYER_FUNDS"
    await world.make_due()
    assert await world.repeater.step() == 0


async def test_what_the_ledger_will_not_credit_waits_for_the_operator(world: World) -> None:
    await link(world)
    made = await top_up(world)
    await world.hear(drawn(made), ledger_says(made, "refused"))

    found = await look(world)
    assert (found.state, found.reason) == (PENDING, "ACCOUNT_UNKNOWN")


async def test_every_event_may_come_twice(world: World) -> None:
    await link(world)
    made = await top_up(world)
    for event in (drawn(made), ledger_says(made, "posted")):
        await world.hear(event, event)
        await world.hear(event)

    kinds = await world.sent()
    assert kinds == ["OpenAccounts", "StartCharge", "TransferFunds", "TopUpCompleted"]


async def test_the_command_of_a_silent_step_is_repeated(world: World) -> None:
    await link(world)
    await top_up(world)
    await world.make_due()

    assert await world.repeater.step() == 1
    assert await world.sent() == ["OpenAccounts", "StartCharge", "StartCharge"]


async def test_the_same_id_and_content_give_the_same_top_up(world: World) -> None:
    await link(world)
    first, second = await asyncio.gather(top_up(world), top_up(world))

    assert first == second
    assert await world.sent() == ["OpenAccounts", "StartCharge"]


async def test_a_taken_id_and_an_unknown_link_are_refused(world: World) -> None:
    await link(world)
    await top_up(world, "taken", 1)

    with pytest.raises(refusals.TopUpExistsWithDifferentContent):
        await top_up(world, "taken", 2)
    with pytest.raises(refusals.BankLinkUnknown):
        await top_up(world, bank_link_id="none")


async def test_links_and_top_ups_are_for_hosted_wallets_and_seen_by_their_own(
    world: World,
) -> None:
    with pytest.raises(refusals.HostedWalletRequired):
        await link(world, PANDA)
    await link(world)
    await top_up(world)
    with pytest.raises(refusals.TopUpUnknown):
        await world.top_ups.get(PANDA, pb.GetTopUpRequest(top_up_id="t1"))
