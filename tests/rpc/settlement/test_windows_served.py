"""Schedules and windows over gRPC: closed, shown, listed, and refused by name."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.core.errors import Conflict, KawaseError, Malformed, NotFound
from services.core.ids import STRIPE_COUNT
from services.kit.kafka import Topics
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.settlement.v1 import settlement_event_pb2 as events
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as pb
from services.pb.kawase.settlement.v1 import settlement_service_pb2_grpc
from services.settlement.closing import Closing
from services.settlement.server import NAME, SettlementServer
from tests.conftest import Database
from tests.store.settlement.world import CORRIDOR, PAYABLE, POSITION, World, next_days, settling


class Served:
    """A settlement and a stub of it."""

    def __init__(self, world: World, stub: Any) -> None:
        self.world = world
        self._stub = stub

    async def ask(self, method: str, request: Any) -> Any:
        return await call(getattr(self._stub, method)(request, timeout=30))

    async def close(self) -> Any:
        request = pb.CloseWindowRequest(
            corridor_id=CORRIDOR, currency_code="KRW", operator="hanako"
        )
        return (await self.ask("CloseWindow", request)).window

    async def window(self, window_id: str) -> Any:
        return await self.ask("GetWindow", pb.GetWindowRequest(window_id=window_id))


@pytest.fixture
async def served(database: Database, topics: Topics) -> AsyncIterator[Served]:
    async with settling(database, topics) as world:
        closing = Closing(world.units, world.ledger, world.clock, next_days)
        server = RpcServer("127.0.0.1:0")
        register = settlement_service_pb2_grpc.add_SettlementServiceServicer_to_server
        server.add(register, SettlementServer(world.units.pool, closing), NAME)
        await server.start()
        async with open_channel(f"127.0.0.1:{server.port}") as channel:
            one = Served(world, settlement_service_pb2_grpc.SettlementServiceStub(channel))
            schedule = pb.Schedule(
                schedule_id="krw",
                corridor_id=CORRIDOR,
                currency_code="KRW",
                cut_off_time="18:00",
                time_zone="Asia/Seoul",
                country_code="KR",
                settle_days=1,
                active=True,
            )
            await one.ask("PutSchedule", pb.PutScheduleRequest(schedule=schedule))
            yield one
        await server.stop()


async def test_a_closed_window_is_shown_with_its_accounts_and_its_cut(served: Served) -> None:
    first = await served.world.pay(10_000)
    await served.world.refund(first, 4_000)
    window = await served.close()
    assert window.state == pb.WINDOW_STATE_CLOSED
    assert (window.payment_count, window.refund_count) == (1, 1)
    answer = await served.window(window.window_id)
    (payable,) = [each for each in answer.window.movements if each.account_id == PAYABLE]
    assert (payable.payments_minor, payable.refunds_minor) == (9_900, -4_000)
    assert payable.closing_minor == 5_900
    assert answer.window.cut_time.ToSeconds() > 0
    assert sum(answer.cut.values()) == 2


async def test_a_window_that_differs_says_in_which_account(served: Served) -> None:
    await served.world.pay(10_000)
    served.world.ledger._legs.append((0, 0, (POSITION, PAYABLE, 5, "KRW", "mid")))
    window = await served.close()
    answer = await served.window(window.window_id)
    assert answer.window.state == pb.WINDOW_STATE_DIFFERS
    assert PAYABLE in answer.window.difference


async def test_a_difference_that_a_cut_between_closes_has_found_is_told(served: Served) -> None:
    world = served.world
    await world.pay(10_000)
    closing = Closing(world.units, world.ledger, world.clock, next_days, facts_per_cut=1)
    wrong = (0, 0, (POSITION, PAYABLE, 5, "KRW", "mid"))
    world.ledger._legs.append(wrong)
    await closing.step()
    world.ledger._legs.remove(wrong)
    window = await served.close()
    answer = await served.window(window.window_id)
    assert answer.window.state == pb.WINDOW_STATE_DIFFERS
    assert PAYABLE in answer.window.difference


async def test_a_window_that_differs_is_closed_once_it_agrees(served: Served) -> None:
    await served.world.pay(10_000)
    wrong = (0, 0, (POSITION, PAYABLE, 5, "KRW", "mid"))
    served.world.ledger._legs.append(wrong)
    window = await served.close()
    request = pb.RecheckWindowRequest(window_id=window.window_id, operator="hanako")
    again = (await served.ask("RecheckWindow", request)).window
    assert again.state == pb.WINDOW_STATE_DIFFERS
    served.world.ledger._legs.remove(wrong)
    for _ in range(2):
        again = (await served.ask("RecheckWindow", request)).window
        assert (again.state, again.accepted_by) == (pb.WINDOW_STATE_CLOSED, "")
    assert not (await served.window(window.window_id)).window.difference


async def test_a_difference_is_accepted_by_name_and_with_a_reason(served: Served) -> None:
    await served.world.pay(10_000)
    served.world.ledger._legs.append((0, 0, (POSITION, PAYABLE, 5, "KRW", "mid")))
    window = await served.close()
    request = pb.RecheckWindowRequest(
        window_id=window.window_id, operator="hanako", accept_difference=True
    )
    with pytest.raises(Malformed, match="why the difference is accepted"):
        await served.ask("RecheckWindow", request)
    request.reason = "five won, booked by hand tomorrow"
    await served.ask("RecheckWindow", request)
    found = (await served.window(window.window_id)).window
    assert found.state == pb.WINDOW_STATE_CLOSED
    assert (found.accepted_by, found.accept_reason) == ("hanako", request.reason)
    assert PAYABLE in found.difference


async def test_a_closed_window_is_a_fact_that_can_be_asked_for(served: Served) -> None:
    await served.world.pay()
    window = await served.close()
    found = [
        fact
        for stripe in range(STRIPE_COUNT)
        for fact in (await served.ask("ListFacts", pb.ListFactsRequest(stripe=stripe))).facts
    ]
    (fact,) = found
    event = events.SettlementEvent.FromString(fact.payload)
    assert event.window_closed.window == window


async def test_windows_are_listed_newest_first_and_by_page(served: Served) -> None:
    closed = await served.close()
    page = await served.ask("ListWindows", pb.ListWindowsRequest(page_size=1))
    assert [each.number for each in page.windows] == [2]
    request = pb.ListWindowsRequest(page_size=1, page_token=page.next_page_token)
    assert [each.number for each in (await served.ask("ListWindows", request)).windows] == [1]
    request = pb.ListWindowsRequest(state=pb.WINDOW_STATE_CLOSED)
    assert list((await served.ask("ListWindows", request)).windows) == [closed]


async def test_a_schedule_is_put_again_and_listed_once(served: Served) -> None:
    (listed,) = (await served.ask("ListSchedules", pb.ListSchedulesRequest())).schedules
    await served.ask("PutSchedule", pb.PutScheduleRequest(schedule=listed))
    again = (await served.ask("ListSchedules", pb.ListSchedulesRequest())).schedules
    assert list(again) == [listed]


@pytest.mark.parametrize("fields", [{"schedule_id": "other"}, {"corridor_id": "other"}])
async def test_a_schedule_takes_neither_the_id_nor_the_windows_of_another(
    served: Served, fields: dict[str, str]
) -> None:
    (listed,) = (await served.ask("ListSchedules", pb.ListSchedulesRequest())).schedules
    other = pb.Schedule.FromString(listed.SerializeToString())
    for name, value in fields.items():
        setattr(other, name, value)
    with pytest.raises(Conflict, match="The schedule krw is that of panda-kakaopay in KRW"):
        await served.ask("PutSchedule", pb.PutScheduleRequest(schedule=other))
    assert len((await served.ask("ListWindows", pb.ListWindowsRequest())).windows) == 1


@pytest.mark.parametrize(
    ("method", "request_", "kind", "reason"),
    [
        ("GetWindow", pb.GetWindowRequest(window_id="no"), NotFound, "WINDOW_NOT_FOUND"),
        ("RecheckWindow", pb.RecheckWindowRequest(), Malformed, "RECHECK_MALFORMED"),
        ("CloseWindow", pb.CloseWindowRequest(), Malformed, "OPERATOR_MISSING"),
        ("CloseWindow", pb.CloseWindowRequest(operator="x"), NotFound, "WINDOW_NOT_OPEN"),
        ("PutSchedule", pb.PutScheduleRequest(), Malformed, "ID_MALFORMED"),
        ("ListWindows", pb.ListWindowsRequest(state=99), Malformed, "WINDOW_STATE_UNKNOWN"),  # type: ignore[arg-type]
    ],
)
async def test_what_is_wrong_is_refused_by_name(
    served: Served, method: str, request_: Any, kind: type[KawaseError], reason: str
) -> None:
    with pytest.raises(kind) as caught:
        await served.ask(method, request_)
    assert isinstance(caught.value, KawaseError)
    assert caught.value.reason == reason
