"""Payouts, statements and files over the bridge's gRPC API."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from services.pb.kawase.bridge.v1 import bridge_service_pb2 as pb
from tests.conftest import Database
from tests.contract.house import World, bridge
from tests.contract.japan_bank_house import PARTNER, Bank, bank_config, japan_bank, order_payout
from tests.rpc.bridge.served import SECONDS, reason_of, refusal, served

DAY = "2026-10-30"


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with japan_bank() as simulator:
        yield simulator


@pytest.fixture
async def world(database: Database, bank: Bank) -> AsyncIterator[World]:
    async with bridge(database.dsn("bridge"), [bank_config(bank)], polls=False) as running:
        yield running


@pytest.fixture
async def stub(world: World) -> AsyncIterator[Any]:
    async with served(world) as bridge_stub:
        yield bridge_stub


async def unknown_payout(world: World, bank: Bank) -> str:
    """A payout whose order never came to the bank, though nobody can tell."""
    await bank.fault("error_before_work", match={"operation": "transfer"})
    resource = await order_payout(world)
    await world.payouts.take_due()
    await world.payouts.drain()
    return resource


async def test_a_payout_shows_its_attempts_and_little_of_its_payee(
    stub: Any, world: World, bank: Bank
) -> None:
    resource = await unknown_payout(world, bank)
    request = pb.GetPayoutRequest(payout_id=resource)
    payout = (await stub.GetPayout(request, timeout=SECONDS)).payout
    assert payout.state == pb.PAYOUT_STATE_UNKNOWN
    assert payout.payee == "0005-001 ***567"
    assert payout.amount.minor_units == 120_000
    assert [(each.operation, each.outcome) for each in payout.attempts] == [("submit", "silent")]


async def test_an_unknown_payout_is_refused(stub: Any) -> None:
    status, reason = await refusal(stub.GetPayout, pb.GetPayoutRequest(payout_id="nothing"))
    assert (status, reason) == (grpc.StatusCode.NOT_FOUND, "PAYOUT_NOT_FOUND")


async def test_open_payouts_wait_for_an_operator_who_resolves_them(
    stub: Any, world: World, bank: Bank
) -> None:
    resource = await unknown_payout(world, bank)
    listed = await stub.ListOpenPayouts(pb.ListOpenPayoutsRequest(), timeout=SECONDS)
    assert [payout.payout_id for payout in listed.payouts] == [resource]
    young = pb.ListOpenPayoutsRequest(minimum_age_seconds=60)
    assert not (await stub.ListOpenPayouts(young, timeout=SECONDS)).payouts
    resolved = await stub.ResolvePayout(
        pb.ResolvePayoutRequest(
            payout_id=resource,
            state=pb.PAYOUT_STATE_REJECTED,
            operator="aoi",
            reason="not in the bank's lists",
        ),
        timeout=SECONDS,
    )
    assert resolved.payout.state == pb.PAYOUT_STATE_REJECTED
    assert resolved.payout.attempts[-1].detail == "aoi: not in the bank's lists"
    await world.event("PayoutRejected", resource)


@pytest.mark.parametrize(
    ("state", "operator", "expected"),
    [
        (pb.PAYOUT_STATE_RETURNED, "aoi", "PAYOUT_RESOLUTION_MALFORMED"),
        (pb.PAYOUT_STATE_UNSPECIFIED, "aoi", "PAYOUT_RESOLUTION_MALFORMED"),
        (pb.PAYOUT_STATE_REJECTED, "", "PAYOUT_RESOLUTION_MALFORMED"),
    ],
)
async def test_a_resolution_lacking_a_part_is_refused(
    stub: Any, world: World, bank: Bank, state: Any, operator: str, expected: str
) -> None:
    resource = await unknown_payout(world, bank)
    request = pb.ResolvePayoutRequest(
        payout_id=resource, state=state, operator=operator, reason="why"
    )
    status, reason = await refusal(stub.ResolvePayout, request)
    assert (status, reason) == (grpc.StatusCode.INVALID_ARGUMENT, expected)


async def test_a_statement_and_its_file_come_over_grpc(stub: Any, bank: Bank) -> None:
    await bank.control("deposit", {"yen": 5_000, "payer": "ｱｸﾜｲｱﾗ", "text": "INV 1"})
    page = await stub.ListStatementEntries(
        pb.ListStatementEntriesRequest(partner_id=PARTNER, first_date=DAY, last_date=DAY),
        timeout=SECONDS,
    )
    assert [entry.amount.minor_units for entry in page.entries] == [5_000]
    await bank.control("day", {"day": DAY})
    request = pb.FetchPartnerFileRequest(partner_id=PARTNER, kind="statement", day=DAY)
    parts = [part async for part in stub.FetchPartnerFile(request, timeout=SECONDS)]
    assert parts[0].file_name == f"{PARTNER}-statement-{DAY}.txt"
    assert b"".join(part.data for part in parts).startswith(b"103")


@pytest.mark.parametrize(
    ("partner", "kind", "day", "reason"),
    [
        (PARTNER, "statement", DAY, "PARTNER_FILE_NOT_FOUND"),
        (PARTNER, "settlement", DAY, "OPERATION_NOT_OFFERED"),
        (PARTNER, "report", DAY, "FILE_KIND_MALFORMED"),
        (PARTNER, "statement", "today", "DAY_MALFORMED"),
        ("nobody", "statement", DAY, "PARTNER_UNKNOWN"),
    ],
)
async def test_a_file_that_is_not_there_is_refused_by_name(
    stub: Any, partner: str, kind: str, day: str, reason: str
) -> None:
    request = pb.FetchPartnerFileRequest(partner_id=partner, kind=kind, day=day)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        [part async for part in stub.FetchPartnerFile(request, timeout=SECONDS)]
    assert reason_of(caught.value)[1] == reason


async def test_a_bank_that_is_away_is_told_so(stub: Any, bank: Bank) -> None:
    await bank.stop()
    request = pb.ListStatementEntriesRequest(partner_id=PARTNER, first_date=DAY, last_date=DAY)
    status, reason = await refusal(stub.ListStatementEntries, request)
    assert (status, reason) == (grpc.StatusCode.UNAVAILABLE, "PARTNER_UNAVAILABLE")
