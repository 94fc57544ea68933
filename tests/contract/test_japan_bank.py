"""The Japanese bank that funds wallets: the adapter against its simulator."""

from collections.abc import AsyncIterator
from dataclasses import astuple, replace
from hashlib import sha256

import pytest
from pydantic import SecretStr

from services.bridge.accounts import (
    AccountBook,
    AccountMalformed,
    LinkExistsWithDifferentContent,
)
from services.bridge.partner import AccountRefused, BankAccount
from services.bridge.settings import PartnerConfig
from services.bridge.store.links import Link, add_link
from services.core.clock import ManualClock
from services.core.ids import Resource
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partners.books import Books
from services.sandbox.partners.japan_bank import JapanBank
from tests.conftest import Database
from tests.contract.house import (
    TODAY,
    Simulated,
    World,
    bridge,
    cancel,
    new_resource,
    quick,
    refund,
    simulated,
    start,
)
from tests.parts import PAYEE_BOX

PARTNER = "japan-bank"
HANAKO = BankAccount("hanako-bank", PARTNER, "0310", "101", "1", "1234567", "ヤマダ　ハナコ")
HANAKOS_NUMBER = "0310-101-1-1234567"


@pytest.fixture
async def bank() -> AsyncIterator[Simulated]:
    async with simulated(JapanBank(ManualClock(TODAY), Books(None))) as simulator:
        yield simulator


@pytest.fixture
async def world(database: Database, bank: Simulated) -> AsyncIterator[World]:
    config = PartnerConfig(
        PARTNER, "aozora", bank.url, SecretStr("token"), quick(), {"account_id": "101010999999"}
    )
    async with bridge(database.dsn("bridge"), [config]) as running:
        yield running


def book_of(world: World) -> AccountBook:
    return AccountBook(world.units, world.partners, world.clock, PAYEE_BOX)


async def top_up(world: World, yen: int = 30_000) -> str:
    """Link Hanako's account and order a top-up; its resource."""
    linked = await book_of(world).link(HANAKO)
    resource = new_resource(Resource.TOP_UP)
    order = start(
        resource,
        PARTNER,
        yen,
        "JPY",
        kind=pb.CHARGE_KIND_TOP_UP,
        payer_reference=linked.payer_reference,
    )
    await world.command(resource, start_charge=order)
    return resource


async def test_a_link_is_the_same_when_it_is_asked_for_again(world: World) -> None:
    first = await book_of(world).link(HANAKO)
    assert first.display_name == "GMO Aozora Net Bank ***567"
    assert await book_of(world).link(HANAKO) == first


async def test_a_link_id_belongs_to_one_account(world: World) -> None:
    await book_of(world).link(HANAKO)
    with pytest.raises(LinkExistsWithDifferentContent):
        await book_of(world).link(replace(HANAKO, account_number="7654321"))


async def test_a_link_from_before_is_known_by_its_plain_digest(world: World) -> None:
    plain = sha256("\0".join(astuple(HANAKO)).encode()).digest()
    async with world.units.pool.acquire() as connection:
        await add_link(connection, Link("hanako-bank", PARTNER, plain, "acct", "Bank", TODAY))
    assert (await book_of(world).link(HANAKO)).payer_reference == "acct"
    with pytest.raises(LinkExistsWithDifferentContent):
        await book_of(world).link(replace(HANAKO, account_number="7654321"))


@pytest.mark.parametrize("name", ["サトウ ハナコ", "山田花子", "ヤマダ ハナ"])
async def test_an_account_under_another_name_is_not_linked(world: World, name: str) -> None:
    with pytest.raises(AccountRefused):
        await book_of(world).link(replace(HANAKO, holder_name=name))


@pytest.mark.parametrize("name", ["やまだ はなこ", "ﾔﾏﾀﾞ ﾊﾅｺ", "ヤマダハナコ"])
async def test_a_name_is_compared_as_banks_do(world: World, name: str) -> None:
    assert await book_of(world).link(replace(HANAKO, holder_name=name))


async def test_an_account_number_of_a_wrong_shape_is_refused(world: World) -> None:
    with pytest.raises(AccountMalformed):
        await book_of(world).link(replace(HANAKO, account_number="12345"))


async def test_a_top_up_is_drawn_from_the_account(world: World, bank: Simulated) -> None:
    resource = await top_up(world)
    accepted = (await world.event("ChargeAccepted", resource)).charge_accepted
    assert accepted.kind == pb.CHARGE_KIND_TOP_UP
    books = await bank.books()
    assert books["accepted"] == {f"{resource}-charge": 30_000}
    assert books["balances"][HANAKOS_NUMBER] == 970_000


async def test_an_answer_lost_after_the_work_is_found_by_inquiry(
    world: World, bank: Simulated
) -> None:
    await bank.fault("no_answer_after_work", match={"operation": "pay"})
    resource = await top_up(world)
    await world.event("ChargeUnknown", resource)
    await world.event("ChargeAccepted", resource)
    assert (await bank.books())["balances"][HANAKOS_NUMBER] == 970_000


async def test_a_top_up_lost_before_the_work_is_withdrawn(world: World, bank: Simulated) -> None:
    await bank.fault("no_answer_before_work", match={"operation": "pay"})
    resource = await top_up(world)
    rejected = (await world.event("ChargeRejected", resource)).charge_rejected
    assert rejected.reason == "NO_ANSWER"
    assert (await bank.books())["balances"][HANAKOS_NUMBER] == 1_000_000


async def test_an_account_without_the_money_is_told(world: World, bank: Simulated) -> None:
    await bank.control("balance", {"account": HANAKOS_NUMBER, "yen": 29_999})
    resource = await top_up(world)
    rejected = (await world.event("ChargeRejected", resource)).charge_rejected
    assert rejected.reason == "PAYER_FUNDS"


async def test_a_refund_goes_back_to_the_account_once_though_its_answer_is_lost(
    world: World, bank: Simulated
) -> None:
    resource = await top_up(world)
    await world.event("ChargeAccepted", resource)
    await bank.fault("no_answer_after_work", match={"operation": "transfer"})
    wish = new_resource(Resource.REFUND)
    await world.command(wish, refund_charge=refund(resource, wish, 10_000, "JPY"))
    await world.event("RefundAccepted", wish)
    assert (await bank.books())["balances"][HANAKOS_NUMBER] == 980_000


async def test_a_cancelled_top_up_is_transferred_back(world: World, bank: Simulated) -> None:
    resource = await top_up(world)
    await world.event("ChargeAccepted", resource)
    await world.command(resource, cancel_charge=cancel(resource))
    await world.event("ChargeCancelled", resource)
    assert (await bank.books())["balances"][HANAKOS_NUMBER] == 1_000_000
