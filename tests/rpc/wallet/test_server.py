"""WalletService over gRPC, served in process on a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from services.core import errors
from services.core.accounts import AccountKind, AccountSpec
from services.core.clock import ManualClock
from services.core.ids import stripe_of
from services.kit.kafka import Topics
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.wallet.v1 import transfer_pb2, wallet_message_pb2
from services.pb.kawase.wallet.v1 import wallet_service_pb2 as pb
from services.pb.kawase.wallet.v1.wallet_service_pb2_grpc import WalletServiceStub
from services.wallet.server import WalletServer
from services.wallet.work import WalletWork
from tests.conftest import Database
from tests.parts import running_units
from tests.unit.wallet.builders import BANK, PANDA, POSITION, START, WORLD


@dataclass
class Served:
    """A wallet's stub, and the clock of its server."""

    stub: Any
    clock: ManualClock

    async def ask(self, method: str, request: Any) -> Any:
        """The answer; raises what the wallet refuses with."""
        return await call(getattr(self.stub, method)(request, timeout=10))

    async def top_up(self, link_id: str, amount: int = 1_000) -> Any:
        return await self.ask("Transfer", transfer(link_id, amount, BANK, PANDA))


def account(spec: AccountSpec) -> transfer_pb2.Account:
    return transfer_pb2.Account(
        account_id=spec.account_id,
        currency_code=spec.currency,
        kind=transfer_pb2.AccountKind.Value(f"ACCOUNT_KIND_{spec.kind.name}"),
        owner_id=spec.owner,
        striped=spec.striped,
        net_debit_limit=spec.net_debit_limit,
    )


def transfer(
    link_id: str, amount: int, debit: AccountSpec, credit: AccountSpec
) -> pb.TransferRequest:
    leg = transfer_pb2.Leg(
        debit_account_id=debit.account_id,
        credit_account_id=credit.account_id,
        amount=money_pb2.Money(minor_units=amount, currency_code=debit.currency),
        purpose="test",
    )
    return pb.TransferRequest(link_id=link_id, funding_account_id=debit.account_id, legs=[leg])


@asynccontextmanager
async def serving(database: Database, topics: Topics) -> AsyncIterator[Served]:
    clock = ManualClock(START)
    async with running_units("wallet", database, topics) as units:
        server = RpcServer("127.0.0.1:0")
        WalletServer(units.pool, units, WalletWork(clock)).register(server)
        await server.start()
        async with open_channel(server.address) as channel:
            yield Served(WalletServiceStub(channel), clock)
        await server.stop()


@pytest.fixture
async def served(database: Database, topics: Topics) -> AsyncIterator[Served]:
    async with serving(database, topics) as served:
        request = pb.CreateAccountsRequest(accounts=[account(spec) for spec in WORLD])
        await served.ask("CreateAccounts", request)
        yield served


async def test_accounts_are_opened_once_and_shown(served: Served) -> None:
    request = pb.CreateAccountsRequest(accounts=[account(PANDA), account(POSITION)])
    again = await served.ask("CreateAccounts", request)
    assert {entry.account_id for entry in again.accounts} == {
        PANDA.account_id,
        POSITION.account_id,
    }
    shown = await served.ask("GetAccounts", pb.GetAccountsRequest(owner_id="panda"))
    (panda,) = shown.accounts
    assert panda.kind == transfer_pb2.ACCOUNT_KIND_PREFUND
    assert panda.HasField("net_debit_limit")
    assert panda.create_time.ToSeconds() == int(START.timestamp())


async def test_an_account_of_other_content_is_a_conflict(served: Served) -> None:
    other = account(PANDA)
    other.net_debit_limit = 5
    with pytest.raises(errors.Conflict) as caught:
        await served.ask("CreateAccounts", pb.CreateAccountsRequest(accounts=[other]))
    assert caught.value.reason == "ACCOUNT_EXISTS_WITH_DIFFERENT_CONTENT"
    assert caught.value.metadata == {"account_id": PANDA.account_id}


async def test_an_account_that_is_not_open_is_not_found(served: Served) -> None:
    with pytest.raises(errors.NotFound) as caught:
        await served.ask("GetAccounts", pb.GetAccountsRequest(account_ids=["nobody"]))
    assert caught.value.reason == "ACCOUNT_NOT_FOUND"


async def test_accounts_come_in_pages(served: Served) -> None:
    names: list[str] = []
    token = ""
    while True:
        page = await served.ask("GetAccounts", pb.GetAccountsRequest(page_size=4, page_token=token))
        names += [entry.account_id for entry in page.accounts]
        token = page.next_page_token
        if not token:
            break
    assert sorted(names) == sorted(spec.account_id for spec in WORLD)


async def test_a_transfer_is_posted_at_once_and_its_repeat_is_the_same(served: Served) -> None:
    first = await served.top_up("top-up")
    again = await served.top_up("top-up")
    assert first == again
    (entry,) = first.transfers
    assert entry.state == transfer_pb2.TRANSFER_STATE_POSTED
    assert entry.stripe == stripe_of(BANK.account_id)
    assert entry.sequence > 0
    listed = await served.ask("ListTransfers", pb.ListTransfersRequest(link_id="top-up"))
    assert list(listed.transfers) == [entry]


REFUSED: list[tuple[pb.TransferRequest, type[errors.KawaseError], str]] = [
    (transfer("t1", 1_001, PANDA, BANK), errors.Refused, "EXCEEDS_CREDITS"),
    (transfer("t2", 0, BANK, PANDA), errors.Malformed, "AMOUNT_NOT_POSITIVE"),
    (transfer("top-up", 5, BANK, PANDA), errors.Conflict, "LINK_EXISTS_WITH_DIFFERENT_CONTENT"),
    (
        transfer("t3", 5, BANK, AccountSpec(AccountKind.LOSS, "CNY")),
        errors.NotFound,
        "CREDIT_ACCOUNT_NOT_FOUND",
    ),
]


async def test_a_refused_transfer_is_an_error_named_as_its_clause(served: Served) -> None:
    await served.top_up("top-up")
    for request, kind, reason in REFUSED:
        with pytest.raises(kind) as caught:
            await served.ask("Transfer", request)
        assert caught.value.reason == reason


async def test_a_call_that_was_refused_is_refused_after_a_top_up_too(served: Served) -> None:
    spend = transfer("spend", 500, PANDA, BANK)
    for _ in range(2):
        with pytest.raises(errors.Refused, match="enough funds"):
            await served.ask("Transfer", spend)
        await served.top_up("top-up")


async def test_concurrent_calls_are_worked_together(served: Served) -> None:
    answers = await asyncio.gather(*(served.top_up(f"t{number}", 10) for number in range(40)))
    assert len({entry.transfers[0].sequence for entry in answers}) == 40
    shown = await served.ask("GetAccounts", pb.GetAccountsRequest(account_ids=[PANDA.account_id]))
    assert shown.accounts[0].credits_posted == 400


async def test_balances_are_shown_as_of_a_time_or_of_sequences(served: Served) -> None:
    await served.top_up("first")
    seen = await served.ask("GetAccounts", pb.GetAccountsRequest(account_ids=[PANDA.account_id]))
    served.clock.advance(timedelta(hours=1))
    await served.top_up("second")
    by_time = pb.GetAccountsRequest(account_ids=[PANDA.account_id])
    by_time.as_of_time.FromDatetime(START)
    by_sequence = pb.GetAccountsRequest(
        account_ids=[PANDA.account_id], as_of_sequences=seen.sequences
    )
    nothing = pb.GetAccountsRequest(
        account_ids=[PANDA.account_id], as_of_sequences=pb.SequenceVector()
    )
    credited = [
        (await served.ask("GetAccounts", request)).accounts[0].credits_posted
        for request in (by_time, by_sequence, nothing)
    ]
    assert credited == [1_000, 1_000, 0]


async def test_an_instant_given_twice_is_malformed(served: Served) -> None:
    request = pb.GetAccountsRequest(as_of_sequences=pb.SequenceVector())
    request.as_of_time.FromDatetime(START)
    with pytest.raises(errors.Malformed) as caught:
        await served.ask("GetAccounts", request)
    assert caught.value.reason == "INSTANT_AMBIGUOUS"


async def test_transfers_of_an_account_come_in_pages(served: Served) -> None:
    for number in range(3):
        await served.top_up(f"t{number}")
    request = pb.ListTransfersRequest(account_id=PANDA.account_id, page_size=2)
    first = await served.ask("ListTransfers", request)
    request.page_token = first.next_page_token
    second = await served.ask("ListTransfers", request)
    links = [entry.link_id for entry in (*first.transfers, *second.transfers)]
    assert links == ["t0", "t1", "t2"]
    assert second.next_page_token == ""


MALFORMED: list[tuple[str, Any, str]] = [
    ("ListTransfers", pb.ListTransfersRequest(), "FILTER_MISSING"),
    ("ListTransfers", pb.ListTransfersRequest(page_token="x"), "PAGE_TOKEN_MALFORMED"),
    ("ListTransfers", pb.ListTransfersRequest(link_id="a\x00"), "FILTER_MALFORMED"),
    ("ListFacts", pb.ListFactsRequest(stripe=64), "STRIPE_UNKNOWN"),
    ("GetAccounts", pb.GetAccountsRequest(account_ids=["a\x00"]), "FILTER_MALFORMED"),
    ("GetAccounts", pb.GetAccountsRequest(account_ids=["a"] * 1001), "FILTER_MALFORMED"),
    (
        "GetAccounts",
        pb.GetAccountsRequest(as_of_time=Timestamp(seconds=10**15)),
        "INSTANT_MALFORMED",
    ),
]


async def test_a_malformed_question_is_told_so(served: Served) -> None:
    for method, request, reason in MALFORMED:
        with pytest.raises(errors.Malformed) as caught:
            await served.ask(method, request)
        assert caught.value.reason == reason


async def test_facts_missed_can_be_fetched(served: Served) -> None:
    await served.top_up("t0")
    await served.top_up("t1")
    stripe = stripe_of(BANK.account_id)
    answer = await served.ask("ListFacts", pb.ListFactsRequest(stripe=stripe, after_sequence=1))
    (fact,) = answer.facts
    assert (fact.stripe, fact.sequence, fact.key, fact.type) == (stripe, 2, "t1", "FundsPosted")
    event = wallet_message_pb2.WalletEvent.FromString(fact.payload)
    assert event.funds_posted.posting_sequence == 2


async def test_the_books_are_checked_in_public(served: Served) -> None:
    await served.top_up("t0")
    books = await served.ask("CheckBooks", pb.CheckBooksRequest())
    assert books.balanced
    assert books.transfer_count == 1
    by_currency = {total.currency_code: total for total in books.totals}
    assert by_currency["CNY"].debits_posted == by_currency["CNY"].credits_posted == 1_000
