"""Agreements, payouts and statements over gRPC: put, shown, listed, paid again, refused by name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from services.core.errors import Conflict, Forbidden, KawaseError, Malformed, NotFound, Refused
from services.kit.kafka import Topics
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.settlement.v1 import (
    arrival_service_pb2_grpc,
    payout_service_pb2_grpc,
    settlement_service_pb2_grpc,
)
from services.pb.kawase.settlement.v1 import payout_service_pb2 as pb
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as settlement_pb
from services.settlement.payouts.releasing import PayoutReleases
from services.settlement.payouts.server import NAME, PayoutServer
from services.settlement.server import NAME as SETTLEMENT_NAME
from services.settlement.server import SettlementServer
from services.settlement.statements import Statements
from services.settlement.store.statements import ACCOUNT_LIMIT
from services.settlement.stuck_arrivals import NAME as ARRIVALS_NAME
from services.settlement.stuck_arrivals import ArrivalServer
from tests.conftest import Database
from tests.store.settlement.paying_world import CAFE, SHOP, PayingWorld, paying_world

PAYEE = {
    "bank_code": "0005",
    "branch_code": "001",
    "account_type": "1",
    "account_number": "1234567",
    "holder_name": "キッサテン",
}


class Served:
    """A settlement and stubs of it."""

    def __init__(self, house: PayingWorld, channel: Any) -> None:
        self.house = house
        self._stub = payout_service_pb2_grpc.PayoutServiceStub(channel)
        self._windows = settlement_service_pb2_grpc.SettlementServiceStub(channel)

    async def ask(self, method: str, request: Any) -> Any:
        return await call(getattr(self._stub, method)(request, timeout=30))

    async def agree(self, **fields: Any) -> Any:
        whole = {
            "agreement_id": "kissaten",
            "participant_id": "kissaten",
            "account_ids": [CAFE],
            "currency_code": "JPY",
            "bank_partner_id": "japan-bank",
            "payee": PAYEE,
            "active": True,
        }
        agreement = pb.Agreement(**(whole | fields))  # type: ignore[arg-type]
        return await self.ask("PutAgreement", pb.PutAgreementRequest(agreement=agreement))

    async def window(self, window_id: str) -> Any:
        request = settlement_pb.GetWindowRequest(window_id=window_id)
        return await call(self._windows.GetWindow(request, timeout=30))


@asynccontextmanager
async def serving(house: PayingWorld) -> AsyncIterator[str]:
    """The services of a settlement, at an address."""
    pool = house.world.units.pool
    server = RpcServer("127.0.0.1:0")
    server.add(
        payout_service_pb2_grpc.add_PayoutServiceServicer_to_server,
        PayoutServer(
            pool,
            house.operators,
            PayoutReleases(house.world.units, house.clock),
            Statements(pool),
        ),
        NAME,
    )
    server.add(
        settlement_service_pb2_grpc.add_SettlementServiceServicer_to_server,
        SettlementServer(pool, house.closing),
        SETTLEMENT_NAME,
    )
    server.add(
        arrival_service_pb2_grpc.add_ArrivalServiceServicer_to_server,
        ArrivalServer(house.world.units, house.clock),
        ARRIVALS_NAME,
    )
    await server.start()
    yield f"127.0.0.1:{server.port}"
    await server.stop()


@pytest.fixture
async def served(database: Database, topics: Topics) -> AsyncIterator[Served]:
    async with (
        paying_world(database, topics) as house,
        serving(house) as address,
        open_channel(address) as channel,
    ):
        yield Served(house, channel)


async def test_an_agreement_is_listed_without_its_account_number(served: Served) -> None:
    for _ in range(2):
        await served.agree()
    listed = (await served.ask("ListAgreements", pb.ListAgreementsRequest())).agreements
    assert [each.agreement_id for each in listed] == ["kissaten", "shokudo"]
    assert listed[0].payee.account_number == "***567"
    assert not listed[0].payee.holder_name
    assert listed[0].settlement_currency_code == "JPY"


async def test_agreements_and_a_windows_parts_come_by_page(served: Served) -> None:
    await served.agree()
    await served.house.pay(10_000)
    await served.house.pay(10_000, CAFE)
    window = await served.house.close()
    listing, ids = pb.ListAgreementsRequest(page_size=1), []
    for _ in range(2):
        page = await served.ask("ListAgreements", listing)
        ids += [each.agreement_id for each in page.agreements]
        listing.page_token = page.next_page_token
    assert ids == ["kissaten", "shokudo"]

    whole = await served.window(window.window_id)
    assert not whole.next_page_token
    accounts, agreements, token = [], [], ""
    while True:
        request = settlement_pb.GetWindowRequest(
            window_id=window.window_id, page_size=1, page_token=token
        )
        part = await call(served._windows.GetWindow(request, timeout=30))
        accounts += [each.account_id for each in part.window.movements]
        agreements += [each.agreement_id for each in part.positions]
        if not (token := part.next_page_token):
            break
    assert accounts == [each.account_id for each in whole.window.movements]
    assert agreements == [each.agreement_id for each in whole.positions] == ids


async def test_a_window_shows_what_each_participant_has_of_it_and_the_payout_that_pays_it(
    served: Served,
) -> None:
    await served.agree(reserve_basis_points=1_000, reserve_days=30)
    await served.house.pay(10_000)
    await served.house.pay(20_000, CAFE)
    window = await served.house.close()
    positions = (await served.window(window.window_id)).positions
    assert [(each.participant_id, each.net_minor, each.reserve_minor) for each in positions] == [
        ("kissaten", 19_800, 1_980),
        ("shokudo", 9_900, 0),
    ]
    paid = {each.participant_id: each for each in await served.house.pay_due()}
    positions = (await served.window(window.window_id)).positions
    assert [each.payout_id for each in positions] == [
        paid["kissaten"].payout_id,
        paid["shokudo"].payout_id,
    ]


async def test_payouts_are_listed_newest_first_by_page_participant_and_state(
    served: Served,
) -> None:
    await served.agree()
    for account in (SHOP, CAFE):
        await served.house.pay(10_000, account)
        await served.house.close()
        await served.house.pay_due()
    page = await served.ask("ListPayouts", pb.ListPayoutsRequest(page_size=1))
    assert [each.participant_id for each in page.payouts] == ["kissaten"]
    request = pb.ListPayoutsRequest(page_size=1, page_token=page.next_page_token)
    (first,) = (await served.ask("ListPayouts", request)).payouts
    assert first.participant_id == "shokudo"
    request = pb.ListPayoutsRequest(participant_id="shokudo", state=pb.PAYOUT_STATE_ORDERED)
    assert list((await served.ask("ListPayouts", request)).payouts) == [first]
    request = pb.ListPayoutsRequest(state=pb.PAYOUT_STATE_SETTLED)
    assert not (await served.ask("ListPayouts", request)).payouts
    one = pb.GetPayoutRequest(payout_id=first.payout_id)
    assert (await served.ask("GetPayout", one)).payout == first
    assert (first.amount.minor_units, first.payee) == (9_900, "0005-001 ***567")


async def test_a_rejected_payout_is_paid_again_by_an_operator(served: Served) -> None:
    await served.house.pay(10_000)
    await served.house.close()
    (payout,) = await served.house.pay_due()
    request = pb.RetryPayoutRequest(payout_id=payout.payout_id, operator="hanako", reason="name")
    with pytest.raises(Refused, match="is ordered"):
        await served.ask("RetryPayout", request)
    await served.house.bank_says(payout.payout_id, "payout_rejected", reason="NAME_MISMATCH")
    again = (await served.ask("RetryPayout", request)).payout
    assert again.retry_of_payout_id == payout.payout_id
    assert (await served.ask("RetryPayout", request)).payout.payout_id == again.payout_id


async def test_a_payout_the_ledger_has_refused_goes_on_when_two_people_release_it(
    served: Served,
) -> None:
    await served.house.pay(10_000)
    await served.house.close()
    (payout,) = await served.house.pay_due()
    await served.house.bank_says(payout.payout_id, "payout_executed")
    pool = served.house.world.units.pool
    await pool.execute(_STUCK, payout.payout_id)
    asked = pb.ProposePayoutReleaseRequest(
        payout_id=payout.payout_id, operator="mei", reason="the account is open now"
    )
    proposed = (await served.ask("ProposePayoutRelease", asked)).payout
    assert (proposed.stuck, proposed.release_proposed_by) == (True, "mei")
    agreed = pb.ApprovePayoutReleaseRequest(payout_id=payout.payout_id, operator="mei")
    with pytest.raises(Forbidden, match="another person"):
        await served.ask("ApprovePayoutRelease", agreed)
    agreed.operator = "kenji"
    freed = (await served.ask("ApprovePayoutRelease", agreed)).payout
    assert (freed.stuck, freed.reason) == (False, "")
    assert (await served.house.journal(payout.payout_id))[-2:] == ["release_proposed", "released"]


_STUCK = """
UPDATE payouts SET refused = '{settle}', heard = heard || '{stuck}'::text[], reason = 'X'
WHERE payout_id = $1
"""


async def test_a_statement_of_a_day_holds_every_line_of_the_participants_accounts(
    served: Served,
) -> None:
    references = [await served.house.pay(10_000 + number) for number in range(5)]
    await served.house.pay(50_000, CAFE)
    await served.house.close()
    (payout,) = await served.house.pay_due()
    request = pb.GetStatementRequest(participant_id="shokudo", day="2026-10-30", page_size=4)
    first = await served.ask("GetStatement", request)
    (movement,) = first.movements
    earned = sum(10_000 + number - (10_000 + number) // 100 for number in range(5))
    assert (movement.account_id, movement.opening_minor) == (SHOP, 0)
    assert (movement.payments_minor, movement.other_minor) == (earned, -earned)
    request.page_token = first.next_page_token
    second = await served.ask("GetStatement", request)
    assert not second.movements
    assert not second.next_page_token
    lines = [*first.lines, *second.lines]
    assert {each.resource_id for each in lines} == {
        payout.payout_id,
        *(f"payment-{reference}" for reference in references),
    }
    assert sum(each.amount_minor for each in lines) == movement.closing_minor == 0
    assert sorted(each.kind for each in lines) == [*["payment"] * 5, "payout"]


async def test_a_day_opens_with_what_the_days_before_it_have_left(served: Served) -> None:
    await served.house.pay(10_000)
    day = timedelta(days=1)
    served.house.clock.advance(day)
    await served.house.pay(20_000)
    await served.house.close()
    served.house.clock.advance(day)
    await served.house.pay(30_000)
    for date, opening, closing in (
        ("2026-10-29", 0, 0),
        ("2026-10-30", 0, 9_900),
        ("2026-10-31", 9_900, 29_700),
        ("2026-11-01", 29_700, 59_400),
        ("2026-11-02", 59_400, 59_400),
    ):
        request = pb.GetStatementRequest(participant_id="shokudo", day=date)
        (movement,) = (await served.ask("GetStatement", request)).movements
        assert (movement.opening_minor, movement.closing_minor) == (opening, closing)


async def test_a_statement_that_would_hold_only_part_of_the_accounts_is_refused(
    served: Served,
) -> None:
    async with served.house.world.units.pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO account_totals"
            " SELECT 'merchant:wide:till-' || each || ':JPY', 'JPY', 0, 0"
            " FROM generate_series(0, $1::int) AS each",
            ACCOUNT_LIMIT,
        )
    request = pb.GetStatementRequest(participant_id="wide", day="2026-10-30")
    with pytest.raises(Refused, match="more than 10,000 accounts") as caught:
        await served.ask("GetStatement", request)
    assert caught.value.metadata["limit"] == str(ACCOUNT_LIMIT)


async def test_a_statement_of_a_window_holds_its_own_lines_and_no_others(served: Served) -> None:
    await served.house.pay(10_000)
    first = await served.house.close()
    later = await served.house.pay(20_000)
    second = await served.house.close()
    await served.house.pay_due()
    request = pb.GetStatementRequest(participant_id="shokudo", window_id=first.window_id)
    answer = await served.ask("GetStatement", request)
    assert [each.amount_minor for each in answer.lines] == [9_900]
    assert [each.closing_minor for each in answer.movements] == [9_900]
    request = pb.GetStatementRequest(participant_id="shokudo", window_id=second.window_id)
    answer = await served.ask("GetStatement", request)
    assert [each.resource_id for each in answer.lines] == [f"payment-{later}"]
    assert [each.closing_minor for each in answer.movements] == [29_700]


@pytest.mark.parametrize(
    ("method", "request_", "kind", "reason"),
    [
        ("PutAgreement", pb.PutAgreementRequest(), Malformed, "ID_MALFORMED"),
        ("GetPayout", pb.GetPayoutRequest(payout_id="no"), NotFound, "PAYOUT_NOT_FOUND"),
        ("ListPayouts", pb.ListPayoutsRequest(state=99), Malformed, "PAYOUT_STATE_UNKNOWN"),  # type: ignore[arg-type]
        ("RetryPayout", pb.RetryPayoutRequest(payout_id="no"), Malformed, "RETRY_MALFORMED"),
        (
            "RetryPayout",
            pb.RetryPayoutRequest(payout_id="no", operator="x", reason="y"),
            NotFound,
            "PAYOUT_NOT_FOUND",
        ),
        ("ResolvePayout", pb.ResolvePayoutRequest(), Malformed, "OUTCOME_MALFORMED"),
        (
            "ResolvePayout",
            pb.ResolvePayoutRequest(
                payout_id="no", outcome=pb.PAYOUT_OUTCOME_LEFT, operator="x", reason="y"
            ),
            NotFound,
            "PAYOUT_NOT_FOUND",
        ),
        (
            "ProposePayoutRelease",
            pb.ProposePayoutReleaseRequest(payout_id="no", operator="x"),
            Malformed,
            "RELEASE_MALFORMED",
        ),
        (
            "ApprovePayoutRelease",
            pb.ApprovePayoutReleaseRequest(payout_id="no", operator="x"),
            NotFound,
            "PAYOUT_NOT_FOUND",
        ),
        ("GetStatement", pb.GetStatementRequest(), Malformed, "STATEMENT_MALFORMED"),
        (
            "GetStatement",
            pb.GetStatementRequest(participant_id="nobody", day="2026-10-30"),
            NotFound,
            "PARTICIPANT_WITHOUT_ACCOUNTS",
        ),
        (
            "GetStatement",
            pb.GetStatementRequest(participant_id="shokudo", window_id="no"),
            NotFound,
            "WINDOW_NOT_CLOSED",
        ),
    ],
)
async def test_what_is_wrong_is_refused_by_name(
    served: Served, method: str, request_: Any, kind: type[KawaseError], reason: str
) -> None:
    with pytest.raises(kind) as caught:
        await served.ask(method, request_)
    assert isinstance(caught.value, KawaseError)
    assert caught.value.reason == reason


async def test_an_account_is_paid_by_one_agreement_alone(served: Served) -> None:
    with pytest.raises(Conflict, match="is paid by the agreement shokudo"):
        await served.agree(account_ids=[SHOP])
