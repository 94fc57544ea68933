"""AdminService over gRPC on Postgres and Kafka: what is put is stored, journaled and opened."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from services.core.clock import ManualClock
from services.core.errors import Forbidden, KawaseError, Malformed, NotFound, Unauthenticated
from services.gateway.access.keys import Keys
from services.gateway.admin.server import AdminServer
from services.gateway.reference.board import ReferenceBoard
from services.gateway.waking import Wakers
from services.kit.kafka import Topics
from services.kit.rpc import RpcServer, call, open_channel
from services.kit.unit import Units
from services.pb.kawase.gateway.v1 import admin_service_pb2 as pb
from services.pb.kawase.gateway.v1.admin_service_pb2_grpc import (
    AdminServiceStub,
    add_AdminServiceServicer_to_server,
)
from services.pb.kawase.money.v1.money_pb2 import Money
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletCommand
from tests.conftest import Database
from tests.parts import running_units, take_records, until, watching
from tests.store.gateway.payments_world import BOXES

START = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
SETTING = "an-operator-key-by-setting"
CALL_SECONDS = 10.0
POSITIONS = ("position:CNY", "position:JPY", "fx-income:CNY")

PANDA = pb.Participant(
    participant_id="panda",
    kind=pb.PARTICIPANT_KIND_WALLET,
    display_name="Panda Wallet",
    funding=pb.FUNDING_PREFUND,
    home_currency_code="CNY",
    time_zone="Asia/Shanghai",
    net_debit_limit=900,
)
SAKURA = pb.Participant(
    participant_id="sakura", kind=pb.PARTICIPANT_KIND_ACQUIRER, display_name="Sakura"
)
PLAN = pb.FeePlan(
    fee_plan_id="jp",
    payer=pb.FEE_PAYER_MERCHANT,
    rate_basis_points=198,
    fixed=Money(minor_units=0, currency_code="JPY"),
    rounding=pb.FEE_ROUNDING_DOWN,
)
SHOP = pb.AcquiredMerchant(
    merchant_id="shop-1",
    acquirer_id="sakura",
    name="Soba",
    city="Tokyo",
    country_code="JP",
    category_code="5812",
    currency_code="JPY",
    scheme="jpqr",
    scheme_account_id="0001",
    fee_plan_id="jp",
    net_debit_limit=10_000,
)
WAY = pb.Corridor(
    corridor_id="panda-jp",
    wallet_id="panda",
    home_currency_code="CNY",
    target_currency_code="JPY",
    fee_plan_id="jp",
    quote_seconds=60,
    payment_limit=50_000,
    open=True,
    refund_policy=pb.RefundPolicy(
        rate=pb.REFUND_RATE_DAY, keeps_fee=True, within_days=30, by_shop_only=True
    ),
    authorisation_days=7,
    escrow_days=14,
)


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway's AdminService, and what is behind it."""

    stub: Any
    board: ReferenceBoard
    units: Units

    async def call(self, method: str, request: object, key: str = SETTING) -> Any:
        metadata = [("authorization", f"Bearer {key}")] if key else []
        answer = getattr(self.stub, method)(request, metadata=metadata, timeout=CALL_SECONDS)
        return await call(answer)

    async def put_all(self) -> None:
        await self.call("PutParticipant", pb.PutParticipantRequest(participant=PANDA))
        await self.call("PutParticipant", pb.PutParticipantRequest(participant=SAKURA))
        await self.call("PutFeePlan", pb.PutFeePlanRequest(fee_plan=PLAN))
        scheme = pb.Scheme(scheme="jpqr", currency_code="JPY", country_code="JP")
        await self.call("PutScheme", pb.PutSchemeRequest(scheme=scheme))
        await self.call("PutMerchant", pb.PutMerchantRequest(merchant=SHOP))
        await self.call("PutCorridor", pb.PutCorridorRequest(corridor=WAY))


@asynccontextmanager
async def serving(database: Database, topics: Topics) -> AsyncIterator[Served]:
    async with running_units("gateway", database, topics) as units:
        board = ReferenceBoard(units.pool)
        await board.load()
        clock = ManualClock(START)
        keys = Keys(board, clock, SecretStr(SETTING))

        async def list_stuck(limit: int) -> list[pb.StuckPayment]:
            return [pb.StuckPayment(step="reserve", repeat_count=limit)]

        server = RpcServer("127.0.0.1:0")
        admin = AdminServer(keys, board, units, clock, list_stuck, Wakers(), BOXES)
        server.add(add_AdminServiceServicer_to_server, admin, "kawase.gateway.v1.AdminService")
        await server.start()
        channel = open_channel(server.address)
        try:
            yield Served(AdminServiceStub(channel), board, units)
        finally:
            await channel.close()
            await server.stop()


@pytest.fixture
async def served(database: Database, topics: Topics) -> AsyncIterator[Served]:
    async with serving(database, topics) as admin:
        yield admin


async def test_what_is_put_is_known_at_once(served: Served) -> None:
    await served.put_all()

    known = served.board.current
    assert known.participants["panda"].net_debit_limit == 900
    assert known.merchants_by_account["jpqr", "0001"].merchant_id == "shop-1"
    assert known.corridors["panda", "", "JPY"].payment_limit == 50_000
    assert known.fee_plans["jp"].minimum.minor == 0


async def test_what_is_put_comes_back_as_it_was(served: Served) -> None:
    answer = await served.call("PutParticipant", pb.PutParticipantRequest(participant=PANDA))

    assert answer.participant == PANDA


async def test_accounts_are_opened_for_what_is_put(served: Served, topics: Topics) -> None:
    async with watching(topics, "wallet.command") as tail:
        await served.put_all()
        records = await take_records(tail, 3)

    commands = [WalletCommand.FromString(record.value).open_accounts for record in records]
    opened = [[account.account_id for account in command.accounts] for command in commands]
    assert opened == [
        ["prefund:panda:CNY"],
        ["merchant-payable:shop-1:JPY"],
        ["fee-income:JPY", "suspense:JPY", "loss:JPY", "suspense:CNY", "loss:CNY", *POSITIONS],
    ]
    assert [record.key for record in records] == [accounts[0] for accounts in opened]
    assert commands[0].accounts[0].net_debit_limit == 900
    assert not commands[2].accounts[0].HasField("net_debit_limit")


async def test_the_same_again_changes_nothing(served: Served, database: Database) -> None:
    await served.put_all()
    before = await journal(database)
    await served.put_all()

    assert await journal(database) == before
    assert len(before) == 6


async def journal(database: Database) -> list[tuple[str, str, str]]:
    connection = await asyncpg.connect(database.owner)
    rows = await connection.fetch(
        "SELECT key_id, operation, subject_id FROM gateway.reference_changes ORDER BY change_id"
    )
    await connection.close()
    return [tuple(row) for row in rows]


async def test_every_change_is_journaled_with_the_key_that_made_it(
    served: Served, database: Database
) -> None:
    boss = pb.Participant(
        participant_id="boss", kind=pb.PARTICIPANT_KIND_OPERATOR, display_name="Boss"
    )
    await served.call("PutParticipant", pb.PutParticipantRequest(participant=boss))
    made = await served.call("CreateApiKey", pb.CreateApiKeyRequest(participant_id="boss"))
    await served.call("PutFeePlan", pb.PutFeePlanRequest(fee_plan=PLAN), made.api_key)
    await served.call("RevokeApiKey", pb.RevokeApiKeyRequest(key_id=made.key_id))

    assert await journal(database) == [
        ("setting", "PutParticipant", "boss"),
        ("setting", "CreateApiKey", made.key_id),
        (made.key_id, "PutFeePlan", "jp"),
        ("setting", "RevokeApiKey", made.key_id),
    ]
    connection = await asyncpg.connect(database.owner)
    content = await connection.fetchval(
        "SELECT content FROM gateway.reference_changes WHERE operation = 'PutFeePlan'"
    )
    kept = await connection.fetchval("SELECT string_agg(c::text, '') FROM gateway.api_keys c")
    await connection.close()
    assert json.loads(content)["rate_basis_points"] == 198
    assert made.api_key.split("_", 2)[2] not in kept


async def test_a_revoked_key_is_refused_from_then_on(served: Served) -> None:
    await served.put_all()
    made = await served.call("CreateApiKey", pb.CreateApiKeyRequest(participant_id="panda"))
    await served.call("RevokeApiKey", pb.RevokeApiKeyRequest(key_id=made.key_id))
    await served.call("RevokeApiKey", pb.RevokeApiKeyRequest(key_id=made.key_id))

    with pytest.raises(Unauthenticated) as refusal:
        await served.call("ListFacts", pb.ListFactsRequest(), made.api_key)
    assert refusal.value.reason == "KEY_REVOKED"


METHODS = [
    ("PutParticipant", pb.PutParticipantRequest(participant=PANDA)),
    ("CreateApiKey", pb.CreateApiKeyRequest(participant_id="panda")),
    ("RevokeApiKey", pb.RevokeApiKeyRequest(key_id="x")),
    ("PutMerchant", pb.PutMerchantRequest(merchant=SHOP)),
    ("PutScheme", pb.PutSchemeRequest()),
    ("PutFeePlan", pb.PutFeePlanRequest(fee_plan=PLAN)),
    ("PutCorridor", pb.PutCorridorRequest(corridor=WAY)),
    ("PutLimitRule", pb.PutLimitRuleRequest()),
    ("ListLimitRules", pb.ListLimitRulesRequest()),
    ("ListScreenings", pb.ListScreeningsRequest()),
    ("ListCases", pb.ListCasesRequest()),
    ("ResolveCase", pb.ResolveCaseRequest()),
    ("ListDisputes", pb.ListDisputesRequest()),
    ("AnswerDispute", pb.AnswerDisputeRequest()),
    ("ListStuckPayments", pb.ListStuckPaymentsRequest()),
    ("ListFacts", pb.ListFactsRequest()),
]


async def test_every_method_needs_an_operators_key(served: Served) -> None:
    await served.call("PutParticipant", pb.PutParticipantRequest(participant=PANDA))
    made = await served.call("CreateApiKey", pb.CreateApiKeyRequest(participant_id="panda"))

    assert {method for method, _ in METHODS} == {
        method.name for method in pb.DESCRIPTOR.services_by_name["AdminService"].methods
    }
    for method, request in METHODS:
        with pytest.raises(Forbidden) as refusal:
            await served.call(method, request, made.api_key)
        assert refusal.value.reason == "OPERATOR_REQUIRED"
        with pytest.raises(Unauthenticated):
            await served.call(method, request, "")


REFUSED: list[tuple[str, object, type[KawaseError], str]] = [
    ("PutParticipant", pb.PutParticipantRequest(), Malformed, "FIELD_MISSING"),
    ("PutFeePlan", pb.PutFeePlanRequest(), Malformed, "FIELD_MISSING"),
    ("PutMerchant", pb.PutMerchantRequest(merchant=SHOP), NotFound, "PARTICIPANT_UNKNOWN"),
    ("PutCorridor", pb.PutCorridorRequest(corridor=WAY), NotFound, "PARTICIPANT_UNKNOWN"),
    (
        "CreateApiKey",
        pb.CreateApiKeyRequest(participant_id="panda"),
        NotFound,
        "PARTICIPANT_UNKNOWN",
    ),
    ("RevokeApiKey", pb.RevokeApiKeyRequest(key_id="x"), NotFound, "KEY_UNKNOWN"),
    ("ListFacts", pb.ListFactsRequest(stripe=64), Malformed, "STRIPE_UNKNOWN"),
    ("ResolveCase", pb.ResolveCaseRequest(resource_id="late-x"), Malformed, "FIELD_MISSING"),
    (
        "ResolveCase",
        pb.ResolveCaseRequest(
            resource_id=f"late-{'0' * 26}",
            resolution=pb.CASE_RESOLUTION_RETRY,
            operator="mei",
            reason="asked the partner",
        ),
        NotFound,
        "CASE_UNKNOWN",
    ),
    (
        "AnswerDispute",
        pb.AnswerDisputeRequest(dispute_id="d1", operator="mei"),
        Malformed,
        "EVIDENCE_MISSING",
    ),
    (
        "AnswerDispute",
        pb.AnswerDisputeRequest(dispute_id="d1", operator="mei", accept=True),
        NotFound,
        "DISPUTE_UNKNOWN",
    ),
]


async def test_what_cannot_be_is_refused_and_nothing_is_stored(
    served: Served, database: Database
) -> None:
    for method, request, kind, reason in REFUSED:
        with pytest.raises(kind) as refusal:
            await served.call(method, request)
        assert refusal.value.reason == reason

    assert await journal(database) == []


async def test_another_gateway_hears_of_a_change(served: Served) -> None:
    other = ReferenceBoard(served.units.pool)
    following = asyncio.create_task(other.run())
    try:
        await served.put_all()
        await until(lambda: bool(other.current.corridors))
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def test_two_puts_of_a_new_participant_at_once_make_one(
    served: Served, database: Database
) -> None:
    put = pb.PutParticipantRequest(participant=PANDA)
    await asyncio.gather(*(served.call("PutParticipant", put) for _ in range(4)))

    assert len(await journal(database)) == 1


async def test_stuck_payments_are_listed_a_page_at_a_time(served: Served) -> None:
    answer = await served.call("ListStuckPayments", pb.ListStuckPaymentsRequest(page_size=7))

    assert answer.payments[0].repeat_count == 7
