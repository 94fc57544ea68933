"""Notices of partners: taken once, durable before they are answered, forged ones without effect."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.bridge.domain.answer import Answer, Outcome
from services.bridge.domain.charge import State
from services.bridge.domain.pace import Pace
from services.bridge.notices.charges import OPERATION
from services.bridge.notices.endpoint import BODY_BYTES, Notices
from services.bridge.notices.notice import (
    ChargeNotice,
    DepositNotice,
    DisputeNotice,
    DisputeStage,
    Notice,
    NoticeRefused,
    NoticeReply,
    NoticeRequest,
    OtherNotice,
)
from services.bridge.notices.taking import NoticeBook
from services.bridge.store.attempts import attempts_of
from services.bridge.store.charges import get_charge
from services.core.clock import ManualClock
from services.core.ids import Resource
from services.core.money import Money
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from tests.conftest import Database
from tests.contract.house import LANE, World, bridge, cancel, new_resource, start
from tests.parts import PAYEE_BOX, eventually
from tests.store.bridge.scripted import Scripted
from tests.unit.bridge.builders import MACHINE

UNKNOWN = Answer(Outcome.UNKNOWN, response="{}")
CANCELLED = Answer(Outcome.CANCELLED, response="{}")
KEY = {"X-Key": "ours"}


class Telling(Scripted):
    """Its notices carry a key; their bodies say what they are in words of the tests."""

    def read_notice(self, request: NoticeRequest) -> Notice:
        if request.headers.get("x-key") != KEY["X-Key"]:
            raise NoticeRefused("no key")
        fields = json.loads(request.body)
        notice_id = fields.get("id", "")
        match fields["kind"]:
            case "charge":
                accepted = Answer(Outcome.ACCEPTED, partner_reference="P9", response="{}")
                answer = accepted if fields.get("signed") else None
                return ChargeNotice(fields["charge"], answer, notice_id)
            case "dispute":
                stage = DisputeStage(fields["stage"])
                return DisputeNotice(
                    fields["case"], fields["charge"], stage, True, notice_id=notice_id
                )
            case "deposit":
                money = Money(fields["minor"], "JPY")
                return DepositNotice(
                    "A1", fields["entry"], money, "ﾔﾏﾀﾞ", "2026-10-30", "", notice_id
                )
            case other:
                return OtherNotice(other, notice_id)

    def notice_reply(self, request: NoticeRequest) -> NoticeReply:
        return NoticeReply(200, {"X-Path": request.path}, b'{"result":"S"}')


@pytest.fixture
def machine() -> ManualClock:
    return ManualClock(MACHINE)


@pytest.fixture
def partner() -> Telling:
    return Telling()


@pytest.fixture
async def world(database: Database, partner: Telling, machine: ManualClock) -> AsyncIterator[World]:
    partners = {"scripted": partner, "other": Telling("other")}
    async with bridge(
        database.dsn("bridge"), partners=partners, machine=machine, polls=False
    ) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


class Sender:
    """Sends notices to a bridge."""

    def __init__(self, session: aiohttp.ClientSession, world: World) -> None:
        self._session = session
        self._url = world.callback_url

    async def tell(self, partner: str = "scripted", **fields: Any) -> int:
        return (await self.post(json.dumps(fields).encode(), partner))[0]

    async def post(
        self, body: bytes, partner: str = "scripted", headers: dict[str, str] | None = None
    ) -> tuple[int, str, str]:
        """Status, body, and what the reply says of the path."""
        url = f"{self._url}/notice/{partner}"
        async with self._session.post(url, data=body, headers=headers or KEY) as answer:
            return answer.status, await answer.text(), answer.headers.get("X-Path", "")


@pytest.fixture
def sender(session: aiohttp.ClientSession, world: World) -> Sender:
    return Sender(session, world)


def order(resource: str) -> pb.StartCharge:
    return start(resource, "scripted", 900, "KRW", merchant_code="code")


async def unknown(world: World, partner: Telling) -> str:
    """A charge without a word of the partner's."""
    resource = new_resource()
    partner.answers.append(UNKNOWN)
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeUnknown", resource)
    return resource


async def test_a_notice_leads_to_an_inquiry_at_once_and_a_repeat_to_none(
    world: World, partner: Telling, sender: Sender
) -> None:
    resource = await unknown(world, partner)
    partner.answers.append(UNKNOWN)
    for _ in range(3):
        assert await sender.tell(kind="charge", charge=f"{resource}-charge") == 200
    await world.worker.drain()
    assert partner.asked == [
        ("start", f"{resource}-charge"),
        ("inquire", f"{resource}-charge"),
    ]
    assert await sender.tell(kind="charge", charge=f"{resource}-charge", id="N2") == 200
    await world.event("ChargeAccepted", resource)


async def test_the_answer_is_the_adapters_and_a_repeat_gets_the_same(
    world: World, sender: Sender
) -> None:
    body = json.dumps({"kind": "news", "id": "N1"}).encode()
    first = await sender.post(body)
    assert first == (200, '{"result":"S"}', "/notice/scripted")
    assert await sender.post(body) == first


@pytest.mark.parametrize(
    ("partner_id", "body", "headers"),
    [
        ("scripted", b'{"kind": "news"}', {"X-Key": "theirs"}),
        ("scripted", b"no json", KEY),
        ("scripted", b"{}", KEY),
        ("scripted", b" " * (BODY_BYTES + 1), KEY),
        ("nobody", b'{"kind": "news"}', KEY),
    ],
)
async def test_whoever_is_wrong_learns_nothing(
    world: World, sender: Sender, partner_id: str, body: bytes, headers: dict[str, str]
) -> None:
    assert await sender.post(body, partner_id, headers) == (404, "", "")
    async with world.units.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM notices") == 0


async def test_a_signed_word_ends_a_charge_without_a_question(
    world: World, partner: Telling, sender: Sender
) -> None:
    resource = await unknown(world, partner)
    await sender.tell(kind="charge", charge=f"{resource}-charge", signed=True)
    event = await world.event("ChargeAccepted", resource)
    assert event.charge_accepted.partner_reference == "P9"
    assert [operation for operation, _ in partner.asked] == ["start"]
    async with world.units.pool.acquire() as connection:
        attempts = await attempts_of(connection, [f"{resource}-charge"])
    assert [attempt.operation for attempt in attempts] == ["start", OPERATION]


async def test_a_signed_word_that_overtakes_the_answer_is_said_once(
    world: World, partner: Telling, sender: Sender
) -> None:
    resource = new_resource()
    partner.gate.clear()
    await world.command(resource, start_charge=order(resource))
    await partner.called.wait()
    await sender.tell(kind="charge", charge=f"{resource}-charge", signed=True)
    await world.event("ChargeAccepted", resource)
    partner.gate.set()
    await world.worker.drain()
    assert world.sent.kinds(resource) == []


async def test_a_late_acceptance_is_heard_of_by_a_notice(
    world: World, partner: Telling, sender: Sender
) -> None:
    resource = await unknown(world, partner)
    partner.answers.append(CANCELLED)
    await world.command(resource, cancel_charge=cancel(resource))
    await world.event("ChargeCancelled", resource)
    await sender.tell(kind="charge", charge=f"{resource}-charge")
    await world.event("ChargeAcceptedLate", resource)


async def test_a_partner_speaks_only_of_its_own_charges(
    world: World, partner: Telling, sender: Sender
) -> None:
    resource = await unknown(world, partner)
    assert (
        await sender.tell("other", kind="charge", charge=f"{resource}-charge", signed=True) == 200
    )
    assert await sender.tell(kind="charge", charge="never-heard-of") == 200
    assert (world.sent.kinds(resource), len(partner.asked)) == ([], 1)


async def test_the_same_notice_many_times_at_once_is_new_once(world: World, sender: Sender) -> None:
    tells = [sender.tell(kind="deposit", entry="E1", minor=5_000) for _ in range(30)]
    assert set(await asyncio.gather(*tells)) == {200}
    event = await world.event("DepositNoticed", "scripted/A1/E1")
    assert (event.resource_id, event.deposit_noticed.amount.minor_units) == ("", 5_000)
    await sender.tell(kind="deposit", entry="E1", minor=5_000, id="another message")
    assert world.sent.kinds("scripted/A1/E1") == []


async def test_a_notice_that_cannot_be_stored_spoils_no_other(world: World, sender: Sender) -> None:
    tells = [
        sender.tell(kind="charge", charge="\0"),
        sender.tell(kind="deposit", entry="E2", minor=1),
        sender.tell(kind="deposit", entry="E3", minor=0),
    ]
    assert await asyncio.gather(*tells) == [503, 200, 503]
    await world.event("DepositNoticed", "scripted/A1/E2")


async def test_an_old_notice_is_forgotten_in_the_end(
    world: World, sender: Sender, machine: ManualClock
) -> None:
    await sender.tell(kind="news", id="N1")
    world.clock.advance(timedelta(days=9))
    machine.advance(timedelta(hours=1))
    await sender.tell(kind="news", id="N2")
    async with world.units.pool.acquire() as connection:
        keys = await connection.fetch("SELECT notice_key FROM notices")
    assert [row["notice_key"] for row in keys] == ["id/N2"]


async def test_one_address_cannot_take_all_the_time(
    world: World, session: aiohttp.ClientSession, machine: ManualClock
) -> None:
    book = NoticeBook(world.units, world.worker, LANE, PAYEE_BOX)
    pace = Pace(timedelta(seconds=1), burst=2)
    notices = Notices(world.partners, book, world.clock, machine, pace=pace)
    app = web.Application()
    app.router.add_routes(notices.routes())
    async with TestServer(app) as server:

        async def tell(partner_id: str) -> int:
            url = server.make_url(f"/notice/{partner_id}")
            async with session.post(url, data=b'{"kind": "news"}', headers=KEY) as answer:
                return answer.status

        assert [await tell("scripted") for _ in range(3)] == [200, 200, 503]
        assert await tell("other") == 200
        machine.advance(timedelta(seconds=1))
        assert await tell("scripted") == 200


_STAGES = st.sampled_from([stage.value for stage in DisputeStage])


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(stages=st.lists(_STAGES, min_size=1, max_size=6))
async def test_dispute_notices_in_any_order_open_once_and_end_once(
    world: World, sender: Sender, stages: list[str]
) -> None:
    resource = new_resource(Resource.PAYMENT)
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeAccepted", resource)
    await eventually(lambda: _is_accepted(world, resource))
    for number, stage in enumerate(stages):
        fields = {"case": f"CB-{resource}", "charge": f"{resource}-charge", "stage": stage}
        for _ in range(2):
            await sender.tell(kind="dispute", id=f"{resource}/{number}", **fields)
    opened = await world.event("DisputeOpened", resource)
    decided = [stage for stage in stages if stage != "opened"]
    if decided:
        ended = await world.event("DisputeEnded", resource)
        assert ended.dispute_ended.won == (decided[0] == "won")
        assert ended.dispute_ended.dispute_id == opened.dispute_opened.dispute_id
    assert world.sent.kinds(resource) == []


async def _is_accepted(world: World, resource: str) -> bool:
    async with world.units.pool.acquire() as connection:
        charge = await get_charge(connection, f"{resource}-charge")
    return charge is not None and charge.state is State.ACCEPTED
