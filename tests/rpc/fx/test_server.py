"""fx's questions over gRPC: answers, and a typed refusal for each thing that can be wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from services.core.clock import ManualClock
from services.core.errors import KawaseError, Malformed, NotFound, Unavailable
from services.fx.domain import SourceFailed
from services.fx.server import NAME, FxServer
from services.fx.worker import RateDesk
from services.kit.kafka import Topics
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.fx.v1 import fx_service_pb2 as fx
from services.pb.kawase.fx.v1 import fx_service_pb2_grpc
from services.pb.kawase.money.v1 import money_pb2
from tests.conftest import Database
from tests.parts import running_units
from tests.store.fx.parts import make_desk
from tests.unit.fx.builders import NOON, SteadySource


@dataclass(frozen=True, slots=True)
class Fx:
    """A served desk and what steers it."""

    desk: RateDesk
    clock: ManualClock
    source: SteadySource
    server: RpcServer
    channel: grpc.aio.Channel

    async def ask(self, method: str, request: Any) -> Any:
        """The answer of a method; raises what it refuses with."""
        stub = fx_service_pb2_grpc.FxServiceStub(self.channel)
        return await call(getattr(stub, method)(request, timeout=10))


@asynccontextmanager
async def serving(database: Database, topics: Topics) -> AsyncIterator[Fx]:
    clock, source = ManualClock(NOON), SteadySource("steady")
    async with running_units("fx", database, topics) as units:
        desk = make_desk(units, clock, source)
        server = RpcServer("127.0.0.1:0")
        servicer = FxServer(desk, clock)
        server.add(fx_service_pb2_grpc.add_FxServiceServicer_to_server, servicer, NAME)
        await server.start()
        async with open_channel(f"127.0.0.1:{server.port}") as channel:
            yield Fx(desk, clock, source, server, channel)
        await server.stop()


def spread(**fields: Any) -> fx.SetSpreadRequest:
    """An order to set a spread."""
    order: dict[str, Any] = {
        "corridor_id": "panda-kakaopay",
        "spread_basis_points": 150,
        "operator": "aiko",
        "reason": "first spread",
    }
    return fx.SetSpreadRequest(**(order | fields))


def quote(corridor: str, minor: int, target: str, home: str) -> fx.QuoteRequest:
    amount = money_pb2.Money(minor_units=minor, currency_code=target)
    return fx.QuoteRequest(corridor_id=corridor, target=amount, home_currency_code=home)


async def test_a_spread_is_set_and_priced_with_at_once(database: Database, topics: Topics) -> None:
    async with serving(database, topics) as served:
        answer = await served.ask("SetSpread", spread())
        quoted = await served.ask("Quote", quote("panda-kakaopay", 18_900, "KRW", "CNY"))

    assert quoted.sheet_id == answer.sheet.sheet_id
    assert quoted.home.minor_units == 9559
    assert quoted.spread.minor_units == 142
    assert quoted.spread_basis_points == 150
    assert quoted.mid == "0.004982436853"


async def test_rates_are_listed_with_their_sources(database: Database, topics: Topics) -> None:
    async with serving(database, topics) as served:
        await served.desk.publish()
        answer = await served.ask("ListRates", fx.ListRatesRequest())

    assert len(answer.sheet.rates) == 12
    assert [(one.source, one.usable, one.problem) for one in answer.sources] == [
        ("steady", True, "")
    ]


async def test_a_rate_is_given_with_its_sheet(database: Database, topics: Topics) -> None:
    async with serving(database, topics) as served:
        sheet = await served.desk.publish()
        request = fx.GetRateRequest(base_currency_code="JPY", quote_currency_code="KRW")
        answer = await served.ask("GetRate", request)

    assert answer.rate.mid == "8.491347905282"
    assert answer.sheet_id == sheet.sheet_id


async def test_sources_are_listed_even_when_there_is_no_valid_sheet(
    database: Database, topics: Topics
) -> None:
    async with serving(database, topics) as served:
        sheet = await served.desk.publish()
        served.source.given = SourceFailed("it is away")
        served.clock.set(sheet.expire_time)
        with pytest.raises(Unavailable):
            await served.desk.step()
        answer = await served.ask("ListRates", fx.ListRatesRequest())

    assert not answer.HasField("sheet")
    assert [(one.usable, one.problem) for one in answer.sources] == [(False, "it is away")]


async def test_prices_are_refused_once_the_sheet_has_expired(
    database: Database, topics: Topics
) -> None:
    async with serving(database, topics) as served:
        await served.ask("SetSpread", spread())
        served.clock.advance(timedelta(minutes=30))
        for method, request in (
            ("GetRate", fx.GetRateRequest(base_currency_code="JPY", quote_currency_code="KRW")),
            ("Quote", quote("panda-kakaopay", 1, "KRW", "CNY")),
        ):
            with pytest.raises(Unavailable) as refusal:
                await served.ask(method, request)
            assert refusal.value.reason == "RATES_STALE"


REFUSED = [
    (
        "GetRate",
        fx.GetRateRequest(base_currency_code="XXX", quote_currency_code="JPY"),
        Malformed,
        "CURRENCY_UNKNOWN",
    ),
    (
        "GetRate",
        fx.GetRateRequest(base_currency_code="JPY", quote_currency_code=""),
        Malformed,
        "CURRENCY_UNKNOWN",
    ),
    (
        "GetRate",
        fx.GetRateRequest(base_currency_code="JPY", quote_currency_code="VND"),
        NotFound,
        "RATE_UNKNOWN",
    ),
    ("Quote", quote("panda-jpqr", 1, "KRW", "CNY"), NotFound, "CORRIDOR_UNPRICED"),
    ("Quote", quote("panda-kakaopay", 1, "WON", "CNY"), Malformed, "CURRENCY_UNKNOWN"),
    ("Quote", quote("panda-kakaopay", 1, "KRW", "RMB"), Malformed, "CURRENCY_UNKNOWN"),
    ("Quote", quote("panda-kakaopay", 0, "KRW", "CNY"), Malformed, "AMOUNT_OUT_OF_RANGE"),
    ("Quote", quote("panda-kakaopay", -1, "KRW", "CNY"), Malformed, "AMOUNT_OUT_OF_RANGE"),
    ("Quote", quote("panda-kakaopay", 1, "VND", "CNY"), NotFound, "RATE_UNKNOWN"),
    ("SetSpread", spread(corridor_id="../panda"), Malformed, "ID_MALFORMED"),
    ("SetSpread", spread(spread_basis_points=-1), Malformed, "SPREAD_OUT_OF_RANGE"),
    ("SetSpread", spread(spread_basis_points=2001), Malformed, "SPREAD_OUT_OF_RANGE"),
    ("SetSpread", spread(operator=""), Malformed, "OPERATOR_MISSING"),
    ("SetSpread", spread(reason=" "), Malformed, "REASON_MISSING"),
]


async def test_each_wrong_question_has_its_refusal(database: Database, topics: Topics) -> None:
    told = []
    async with serving(database, topics) as served:
        await served.ask("SetSpread", spread())
        for method, request, _, _ in REFUSED:
            with pytest.raises(KawaseError) as refusal:
                await served.ask(method, request)
            told.append((refusal.value.reason, refusal.type.__mro__[2]))

    assert told == [(reason, kind) for _, _, kind, reason in REFUSED]


async def test_a_spread_order_without_a_source_is_refused_with_the_problem(
    database: Database, topics: Topics
) -> None:
    async with serving(database, topics) as served:
        served.source.given = SourceFailed("it is away")
        with pytest.raises(Unavailable) as refusal:
            await served.ask("SetSpread", spread())

    assert refusal.value.reason == "NO_SOURCE_USABLE"
    assert refusal.value.metadata == {"steady": "it is away"}


async def test_health_says_whether_prices_can_be_made(database: Database, topics: Topics) -> None:
    told: asyncio.Queue[bool] = asyncio.Queue()

    async with serving(database, topics) as served, asyncio.timeout(30):

        async def tell(valid: bool) -> None:
            await served.server.set_health(NAME, valid)
            await told.put(valid)

        running = asyncio.create_task(served.desk.run(tell))
        assert await told.get()
        assert await health(served) == health_pb2.HealthCheckResponse.SERVING

        served.source.given = SourceFailed("it is away")
        served.clock.advance(timedelta(minutes=30))
        assert not await told.get()
        assert await health(served) == health_pb2.HealthCheckResponse.NOT_SERVING
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def health(served: Fx) -> int:
    """What fx says of itself."""
    check = served.channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        health_pb2.HealthCheckRequest.SerializeToString,
        health_pb2.HealthCheckResponse.FromString,
    )
    answer = await check(health_pb2.HealthCheckRequest(service=NAME), timeout=10)
    return int(answer.status)
