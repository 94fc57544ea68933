"""Breaks over gRPC: seen, given to people, resolved by two of them, and refused by name."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from services.core.errors import KawaseError
from services.kit.kafka import Topics
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.money.v1.money_pb2 import Money
from services.pb.kawase.reconciliation.v1 import break_service_pb2 as pb
from services.pb.kawase.reconciliation.v1 import break_service_pb2_grpc
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletCommand, WalletEvent
from services.reconciliation.breaks.desk import Desk
from services.reconciliation.breaks.resolving import Policy
from services.reconciliation.breaks.server import NAME, BreakServer
from tests.conftest import Database
from tests.parts import take_records, watching
from tests.store.reconciliation.breaks.books import NEXT, Books, bookkeeping, broken

SUSPENSE, PAYABLE, LOSS = "suspense:KRW", "partner-payable:kakaopay:KRW", "loss:KRW"
Kind = pb.ResolutionKind


@dataclass
class Served:
    """Books with a server before them."""

    books: Books
    stub: Any

    async def ask(self, method: str, request: Any) -> Any:
        return await call(getattr(self.stub, method)(request, timeout=30))

    async def break_of(self, size: int = 10_000) -> str:
        """A break of an amount that differs."""
        ours, theirs = await self.books.ours("R1"), await self.books.theirs("R1", 10_000 - size)
        await self.books.run([broken(ours, theirs, "AMOUNT", size)])
        return (await self.books.only()).item.break_id

    async def propose(self, break_id: str, kind: Any, person: str = "hanako", **more: Any) -> Any:
        resolution = pb.Resolution(kind=kind, reason="as the partner says", **more)
        request = pb.ProposeResolutionRequest(
            break_id=break_id, resolution=resolution, operator=person
        )
        return (await self.ask("ProposeResolution", request)).item

    async def approve(self, break_id: str, person: str) -> Any:
        request = pb.ApproveResolutionRequest(break_id=break_id, operator=person)
        return (await self.ask("ApproveResolution", request)).item

    async def get(self, break_id: str) -> Any:
        return await self.ask("GetBreak", pb.GetBreakRequest(break_id=break_id))


@pytest.fixture
async def served(database: Database, topics: Topics) -> AsyncIterator[Served]:
    async with bookkeeping(database, topics) as books:
        desk = Desk(books.units, books.clock, Policy({"KRW": 1_000}))
        server = RpcServer("127.0.0.1:0")
        register = break_service_pb2_grpc.add_BreakServiceServicer_to_server
        server.add(register, BreakServer(books.units.pool, books.clock, desk), NAME)
        await server.start()
        async with open_channel(f"127.0.0.1:{server.port}") as channel:
            yield Served(books, break_service_pb2_grpc.BreakServiceStub(channel))
        await server.stop()


async def test_a_break_is_shown_with_its_rows_its_notes_and_a_sentence(served: Served) -> None:
    break_id = await served.break_of(400)
    shown = await served.get(break_id)
    assert [row.side for row in shown.rows] == ["ledger", "partner"]
    assert [row.amount.minor_units for row in shown.rows] == [10_000, 9_600]
    assert [note.what for note in shown.notes] == ["opened"]
    assert (shown.item.size.minor_units, shown.item.age_class) == (400, "0-1")
    assert "KRW 400 more for R1" in shown.item.explanation


async def test_a_correction_moves_money_once_a_second_person_has_approved(
    served: Served, topics: Topics
) -> None:
    break_id = await served.break_of()
    accounts = {"debit_account_id": PAYABLE, "credit_account_id": SUSPENSE}
    async with watching(topics, "wallet.command") as tail:
        proposed = await served.propose(
            break_id, Kind.RESOLUTION_KIND_CORRECTING_TRANSFER, **accounts
        )
        with pytest.raises(KawaseError) as caught:
            await served.approve(break_id, "hanako")
        assert caught.value.reason == "SAME_PERSON"
        approved = await served.approve(break_id, "taro")
        await served.approve(break_id, "taro")
        (_opening, record) = await take_records(tail, 2)
    transfer = WalletCommand.FromString(record.value).transfer_funds
    link = proposed.resolution.link_id
    assert (transfer.link_id, transfer.legs[0].amount.minor_units) == (link, 10_000)
    assert approved.state == "proposed"
    event = WalletEvent(link_id=link)
    event.funds_posted.posting_sequence = 1
    await served.books.answer(event)
    await served.books.answer(event)
    shown = await served.get(break_id)
    assert shown.item.state == "resolved"
    assert [note.what for note in shown.notes] == ["opened", "proposed", "approved", "resolved"]


async def test_a_transfer_the_ledger_refuses_leaves_the_break_open(served: Served) -> None:
    break_id = await served.break_of()
    proposed = await served.propose(
        break_id,
        Kind.RESOLUTION_KIND_CORRECTING_TRANSFER,
        debit_account_id=PAYABLE,
        credit_account_id=SUSPENSE,
    )
    await served.approve(break_id, "taro")
    event = WalletEvent(link_id=proposed.resolution.link_id)
    event.funds_refused.reason, event.funds_refused.message = "EXCEEDS_CREDITS", "no money"
    await served.books.answer(event)
    shown = await served.get(break_id)
    assert shown.item.state == "open"
    assert not shown.item.HasField("resolution")
    assert "no money" in shown.notes[-1].text


@pytest.mark.parametrize(("size", "people"), [(1_000, 1), (1_001, 2)])
async def test_a_write_off_above_the_limit_needs_two(
    served: Served, topics: Topics, size: int, people: int
) -> None:
    break_id = await served.break_of(size)
    item = await served.propose(
        break_id,
        Kind.RESOLUTION_KIND_WRITE_OFF,
        debit_account_id=LOSS,
        credit_account_id=PAYABLE,
    )
    assert item.resolution.approved_by == ("hanako" if people == 1 else "")


async def test_what_was_explained_comes_back_when_a_later_run_finds_something_else(
    served: Served,
) -> None:
    break_id = await served.break_of(400)
    await served.propose(break_id, Kind.RESOLUTION_KIND_EXPLAINED)
    assert (await served.approve(break_id, "taro")).state == "resolved"
    item = (await served.books.only()).item
    same = [broken(item.our_row, item.their_row, "AMOUNT", 400)]
    assert await served.books.run(same, NEXT) == []
    other = await served.books.theirs("R1", 9_000, day=NEXT)
    await served.books.run([broken(item.our_row, other, "AMOUNT", 1_000)], NEXT)
    shown = await served.get(break_id)
    assert (shown.item.state, shown.item.reopen_count) == ("open", 1)
    assert (shown.item.day, shown.item.size.minor_units) == (NEXT.isoformat(), 1_000)


async def test_a_break_is_given_to_somebody_talked_about_and_its_proposal_turned_down(
    served: Served,
) -> None:
    break_id = await served.break_of()
    request = pb.AssignBreakRequest(break_id=break_id, assignee="taro", operator="hanako")
    assert (await served.ask("AssignBreak", request)).item.state == "assigned"
    comment = pb.CommentBreakRequest(break_id=break_id, operator="taro", text="asked them")
    await served.ask("CommentBreak", comment)
    await served.propose(break_id, Kind.RESOLUTION_KIND_PARTNER_CORRECTED)
    reject = pb.RejectResolutionRequest(break_id=break_id, operator="taro", reason="not yet")
    assert (await served.ask("RejectResolution", reject)).item.state == "assigned"
    notes = (await served.get(break_id)).notes
    assert [note.number for note in notes] == [1, 2, 3, 4, 5]
    assert [note.what for note in notes][1:] == ["assigned", "commented", "proposed", "rejected"]


async def test_breaks_are_listed_by_what_is_asked_for_and_by_page(served: Served) -> None:
    rows = [await served.books.ours(f"R{number}") for number in range(5)]
    await served.books.run([broken(row, None, "MISSING_AT_PARTNER", 10_000) for row in rows])
    seen: list[str] = []
    token = ""
    while True:
        request = pb.ListBreaksRequest(state="open", page_size=2, page_token=token)
        page = await served.ask("ListBreaks", request)
        seen += [item.our_reference for item in page.breaks]
        if not (token := page.next_page_token):
            break
    assert sorted(seen) == [f"R{number}" for number in range(5)]
    other = pb.ListBreaksRequest(kind="FEE")
    assert not (await served.ask("ListBreaks", other)).breaks


@pytest.mark.parametrize(
    ("method", "request_", "reason"),
    [
        ("GetBreak", pb.GetBreakRequest(break_id="no"), "BREAK_NOT_FOUND"),
        (
            "AssignBreak",
            pb.AssignBreakRequest(break_id="no", assignee="a", operator="b"),
            "BREAK_NOT_FOUND",
        ),
        ("ListBreaks", pb.ListBreaksRequest(kind="ODD"), "FILTER_UNKNOWN"),
        ("ListBreaks", pb.ListBreaksRequest(day="today"), "DAY_MALFORMED"),
        ("ProposeResolution", pb.ProposeResolutionRequest(break_id="no"), "RESOLUTION_UNKNOWN"),
    ],
)
async def test_what_is_wrong_is_refused_by_name(
    served: Served, method: str, request_: Any, reason: str
) -> None:
    with pytest.raises(KawaseError) as caught:
        await served.ask(method, request_)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("debit", "credit", "amount", "reason"),
    [
        (LOSS, "suspense:JPY", 100, "TRANSFER_MALFORMED"),
        (LOSS, LOSS, 100, "TRANSFER_MALFORMED"),
        (LOSS, "house", 100, "TRANSFER_MALFORMED"),
        (SUSPENSE, PAYABLE, 100, "TRANSFER_MALFORMED"),
        (LOSS, PAYABLE, -1, "TRANSFER_MALFORMED"),
        (LOSS, PAYABLE, 10_001, "AMOUNT_UNFIT"),
    ],
)
async def test_a_write_off_that_cannot_be_is_refused(
    served: Served, debit: str, credit: str, amount: int, reason: str
) -> None:
    break_id = await served.break_of()
    with pytest.raises(KawaseError) as caught:
        await served.propose(
            break_id,
            Kind.RESOLUTION_KIND_WRITE_OFF,
            debit_account_id=debit,
            credit_account_id=credit,
            amount=Money(minor_units=amount, currency_code="KRW"),
        )
    assert caught.value.reason == reason
