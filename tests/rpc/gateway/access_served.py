"""A gateway with all its services behind the guard, and people and participants who call it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from pydantic import SecretStr

from services.core.errors import Refused
from services.gateway.access.approvals.proposals import Approvals
from services.gateway.access.audit import Trail
from services.gateway.access.gate import Gate
from services.gateway.access.keys import Keys
from services.gateway.access.proof.nonces import LocalNonces
from services.gateway.access.serving.guard import Guard
from services.gateway.access.serving.server import NAME, AccessServer
from services.gateway.admin.server import AdminServer
from services.gateway.desk.process import SERVICES, add_desk
from services.gateway.waking import Wakers
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.gateway.v1 import (
    access_service_pb2,
    access_service_pb2_grpc,
    admin_service_pb2,
    admin_service_pb2_grpc,
)
from services.pb.kawase.money.v1.money_pb2 import Money
from tests.rpc.gateway.participant_services import add_services, stubs_of
from tests.rpc.gateway.payments_served import calls_of
from tests.store.gateway.payments_world import BOX, BOXES, Gateway

SETTING = "an-operator-key-by-setting"
CALL_SECONDS = 10.0
NO_CHANNELS: Mapping[str, grpc.aio.Channel] = {}

Put = admin_service_pb2
Access = access_service_pb2


def wallet(name: str, limit: int = 0) -> admin_service_pb2.Participant:
    return Put.Participant(
        participant_id=name,
        kind=Put.PARTICIPANT_KIND_WALLET,
        display_name=name.title(),
        funding=Put.FUNDING_PREFUND,
        home_currency_code="CNY",
        time_zone="Asia/Shanghai",
        net_debit_limit=limit,
    )


def acquirer(name: str) -> admin_service_pb2.Participant:
    return Put.Participant(
        participant_id=name, kind=Put.PARTICIPANT_KIND_ACQUIRER, display_name=name.title()
    )


def fee_plan(basis_points: int = 160) -> admin_service_pb2.FeePlan:
    return Put.FeePlan(
        fee_plan_id="jp-shop",
        payer=Put.FEE_PAYER_MERCHANT,
        rate_basis_points=basis_points,
        fixed=Money(minor_units=0, currency_code="JPY"),
        rounding=Put.FEE_ROUNDING_DOWN,
    )


PARTICIPANTS = (wallet("panda"), wallet("momo"), acquirer("edo"), acquirer("kyo"))
PEOPLE = {
    "mei": [Access.ROLE_FINANCE],
    "ken": [Access.ROLE_FINANCE, Access.ROLE_RISK],
    "ada": [Access.ROLE_ADMIN],
    "sue": [Access.ROLE_SUPPORT],
}
SHOP = Put.AcquiredMerchant(
    merchant_id="shokudo", acquirer_id="edo", name="SHOKUDO", city="TOKYO", country_code="JP",
    category_code="5812", currency_code="JPY", scheme="jpqr",
    scheme_account_id="0000000000001.0001.000001.000001", fee_plan_id="jp-shop",
)  # fmt: skip
CORRIDORS = tuple(
    Put.Corridor(
        corridor_id=f"{name}_edo",
        wallet_id=name,
        home_currency_code="CNY",
        target_currency_code="JPY",
        fee_plan_id="jp-shop",
        quote_seconds=120,
        open=True,
    )
    for name in ("panda", "momo")
)


@dataclass
class House:
    """The services' stubs by name, and everybody's key."""

    gateway: Gateway
    trail: Trail
    gate: Gate
    stubs: dict[str, Any]
    address: str
    keys: dict[str, str] = field(default_factory=lambda: {"bootstrap": SETTING})

    async def call(self, service: str, method: str, request: object, by: str = "bootstrap") -> Any:
        metadata = (("authorization", f"Bearer {self.keys[by]}"),) if by else ()
        stub = self.stubs[service]
        return await call(getattr(stub, method)(request, metadata=metadata, timeout=CALL_SECONDS))

    async def admin(self, method: str, request: object, by: str = "bootstrap") -> Any:
        return await self.call("AdminService", method, request, by)

    async def access(self, method: str, request: object, by: str = "bootstrap") -> Any:
        return await self.call("AccessService", method, request, by)

    async def pay(self, method: str, request: object, by: str = "panda") -> Any:
        return await self.call("GatewayService", method, request, by)

    async def make_key(self, name: str, **given: Any) -> Any:
        """A key by `CreateApiKey`, kept under `name`."""
        made = await self.admin("CreateApiKey", Put.CreateApiKeyRequest(**given))
        self.keys[name] = made.api_key
        return made

    async def make_key_by(self, by: str, name: str, **given: Any) -> Any:
        """A key that `by` makes and the key of the setting approves, kept under `name`."""
        request = Put.CreateApiKeyRequest(**given)
        with pytest.raises(Refused) as waits:
            await self.admin("CreateApiKey", request, by)
        proposal_id = waits.value.metadata["proposal_id"]
        approving = Access.ApproveProposalRequest(proposal_id=proposal_id)
        await self.access("ApproveProposal", approving)
        made = await self.admin("CreateApiKey", request, by)
        self.keys[name] = made.api_key
        return made

    async def audited(self) -> list[Any]:
        """What the audit log holds, oldest first."""
        await self.trail.write(self.gateway.pool)
        answer = await self.access("ListAuditEntries", Access.ListAuditEntriesRequest())
        return list(reversed(answer.audit_entries))

    async def open_up(self) -> None:
        """Put participants, people, and a key of each."""
        for participant in PARTICIPANTS:
            request = Put.PutParticipantRequest(participant=participant)
            await self.admin("PutParticipant", request)
            name = participant.participant_id
            await self.make_key(name, participant_id=name)
        boss = Put.Participant(
            participant_id="boss", kind=Put.PARTICIPANT_KIND_OPERATOR, display_name="Boss"
        )
        await self.admin("PutParticipant", Put.PutParticipantRequest(participant=boss))
        for name, roles in PEOPLE.items():
            person = Access.Person(person_id=name, display_name=name, roles=roles, active=True)
            await self.access("PutPerson", Access.PutPersonRequest(person=person))
            await self.make_key(name, participant_id="boss", person_id=name)

    async def open_shop(self) -> None:
        """What a payment needs."""
        await self.admin("PutFeePlan", Put.PutFeePlanRequest(fee_plan=fee_plan()))
        scheme = Put.Scheme(scheme="jpqr", currency_code="JPY", country_code="JP")
        await self.admin("PutScheme", Put.PutSchemeRequest(scheme=scheme))
        await self.admin("PutMerchant", Put.PutMerchantRequest(merchant=SHOP))
        for corridor in CORRIDORS:
            await self.admin("PutCorridor", Put.PutCorridorRequest(corridor=corridor))


def admin_of(gateway: Gateway, keys: Keys) -> AdminServer:
    """The gateway's AdminService."""
    stuck = gateway.reading.list_stuck
    return AdminServer(keys, gateway.board, gateway.units, gateway.clock, stuck, Wakers(), BOXES)


@asynccontextmanager
async def house_of(
    gateway: Gateway,
    server: RpcServer | None = None,
    bridge: Any = None,
    credentials: grpc.ChannelCredentials | None = None,
    desk: Mapping[str, grpc.aio.Channel] = NO_CHANNELS,
) -> AsyncIterator[House]:
    """All services behind the guard, on a port of their own; nothing waits for its end. `desk` has
    channels to settlement and reconciliation by name, where they are."""
    await gateway.board.load()
    keys = Keys(gateway.board, gateway.clock, SecretStr(SETTING))
    trail = Trail()
    gate = Gate(keys, gateway.board, gateway.clock, trail, LocalNonces())
    approvals = Approvals(gateway.units, gateway.board, gateway.clock, BOX)
    server = server or RpcServer("127.0.0.1:0")
    server.guard_with(Guard(gate, approvals, with_tls=server.has_tls).guarded)
    access = AccessServer(keys, gateway.board, gateway.units, gateway.clock, approvals)
    server.add(access_service_pb2_grpc.add_AccessServiceServicer_to_server, access, NAME)
    admin = admin_of(gateway, keys)
    server.add(
        admin_service_pb2_grpc.add_AdminServiceServicer_to_server,
        admin,
        "kawase.gateway.v1.AdminService",
    )
    add_services(server, keys, gateway, calls_of(gateway, bridge, wait_seconds=0.0))
    add_desk(server, gateway.board, keys, desk)
    await server.start()
    try:
        async with open_channel(server.address, credentials) as channel:
            stubs = stubs_of(channel) | {
                **{service.descriptor.name: service.stub(channel) for service in SERVICES},
                "AdminService": admin_service_pb2_grpc.AdminServiceStub(channel),
                "AccessService": access_service_pb2_grpc.AccessServiceStub(channel),
            }
            yield House(gateway, trail, gate, stubs, server.address)
    finally:
        await asyncio.shield(server.stop())
