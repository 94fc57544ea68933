"""Who owns which facts, and how the owner is asked for what was missed.

Each owner has a `ListFacts` of the same shape under its own service; answers are facts of one
topic, in order, after a sequence.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import grpc
import structlog
from google.protobuf.message import DecodeError, Message
from pydantic import Field, SecretStr, field_validator

from services.kit.facts.store import Fact
from services.kit.rpc import CALL_SECONDS, call
from services.kit.settings import ServiceSettings
from services.pb.kawase.bridge.v1 import bridge_message_pb2, bridge_service_pb2
from services.pb.kawase.bridge.v1 import bridge_service_pb2_grpc as bridge_grpc
from services.pb.kawase.gateway.v1 import admin_service_pb2, payment_event_pb2
from services.pb.kawase.gateway.v1 import admin_service_pb2_grpc as admin_grpc
from services.pb.kawase.reconciliation.v1 import (
    reconciliation_event_pb2,
    reconciliation_service_pb2,
)
from services.pb.kawase.reconciliation.v1 import (
    reconciliation_service_pb2_grpc as reconciliation_grpc,
)
from services.pb.kawase.settlement.v1 import settlement_event_pb2, settlement_service_pb2
from services.pb.kawase.settlement.v1 import settlement_service_pb2_grpc as settlement_grpc
from services.pb.kawase.wallet.v1 import wallet_message_pb2, wallet_service_pb2
from services.pb.kawase.wallet.v1 import wallet_service_pb2_grpc as wallet_grpc

log = structlog.get_logger()

FACTS_KEEP_LEAST = 30
"""Days; the migrations' functions take no fact that is younger."""


class FactsSettings(ServiceSettings):
    """Settings of a process that keeps a copy: where the owners' gRPC servers are, `host:port`."""

    wallet_address: str
    bridge_address: str
    gateway_address: str
    operator_key: SecretStr = SecretStr("")
    """The gateway gives facts to operators only; empty sends no key."""
    facts_keep_days: int = Field(default=400, ge=0, le=3660)
    """How long facts are kept after they happened, 30 days at least; 0 keeps them for ever. What is
    not read yet, or needed, is kept longer."""

    @field_validator("facts_keep_days")
    @classmethod
    def _long_enough(cls, days: int) -> int:
        if 0 < days < FACTS_KEEP_LEAST:
            raise ValueError(f"must be 0, or at least {FACTS_KEEP_LEAST}")
        return days


@dataclass(frozen=True, slots=True)
class FactKind:
    """Facts of one topic: the service that owns them, and the message they are."""

    source: str
    topic: str
    event: Callable[[], Any]


WALLET = FactKind("wallet", "wallet.event", wallet_message_pb2.WalletEvent)
BRIDGE = FactKind("bridge", "bridge.event", bridge_message_pb2.BridgeEvent)
GATEWAY = FactKind("gateway", "payment.event", payment_event_pb2.PaymentEvent)
RECONCILIATION = FactKind(
    "reconciliation", "reconciliation.event", reconciliation_event_pb2.ReconciliationEvent
)
SETTLEMENT = FactKind("settlement", "settlement.event", settlement_event_pb2.SettlementEvent)
KINDS = (WALLET, BRIDGE, GATEWAY)
"""What every copy holds."""
KIND_OF_TOPIC = {kind.topic: kind for kind in (*KINDS, RECONCILIATION, SETTLEMENT)}


def make_fact(
    kind: FactKind, stripe: int, sequence: int, key: str, type_: str, payload: bytes
) -> Fact:
    """A fact with the time its message states.

    One that cannot be read is kept as it is: a copy does not choose.
    """
    event_time: datetime | None = None
    message: Message = kind.event()
    try:
        message.ParseFromString(payload)
        if message.HasField("event_time"):
            event_time = message.event_time.ToDatetime(UTC)  # type: ignore[attr-defined]
    except (DecodeError, ValueError) as error:
        place = f"{kind.source}/{stripe}/{sequence}"
        log.error("fact_unreadable", place=place, problem=str(error))
    return Fact(kind.source, stripe, sequence, key, type_, payload, event_time)


@dataclass(frozen=True, slots=True)
class FactsPage:
    """Facts of a stripe, in order. `through`: the sequence up to which they are all there are."""

    facts: list[Fact]
    through: int


@dataclass(frozen=True, slots=True)
class Owner:
    """A service that can be asked for its facts."""

    kind: FactKind
    request: Callable[..., Any]
    list_facts: Callable[..., Awaitable[Any]]
    metadata: tuple[tuple[str, str], ...] = ()

    async def after(self, stripe: int, sequence: int, limit: int) -> FactsPage:
        """Up to `limit` facts of a stripe after `sequence`; none: there are no more.

        Raises what the owner refuses with, `Unavailable` where it does not answer.
        """
        request = self.request(stripe=stripe, after_sequence=sequence, page_size=limit)
        answer = await call(self.list_facts(request, timeout=CALL_SECONDS, metadata=self.metadata))
        facts = [
            make_fact(self.kind, fact.stripe, fact.sequence, fact.key, fact.type, fact.payload)
            for fact in answer.facts
        ]
        return FactsPage(facts, max(answer.through_sequence, sequence))


def wallet_owner(channel: grpc.aio.Channel) -> Owner:
    """The wallet, over an open channel."""
    stub: Any = wallet_grpc.WalletServiceStub(channel)
    return Owner(WALLET, wallet_service_pb2.ListFactsRequest, stub.ListFacts)


def bridge_owner(channel: grpc.aio.Channel) -> Owner:
    """The bridge, over an open channel."""
    stub: Any = bridge_grpc.BridgeServiceStub(channel)
    return Owner(BRIDGE, bridge_service_pb2.ListFactsRequest, stub.ListFacts)


def gateway_owner(channel: grpc.aio.Channel, operator_key: SecretStr) -> Owner:
    """The gateway, over an open channel."""
    stub: Any = admin_grpc.AdminServiceStub(channel)
    key = operator_key.get_secret_value()
    metadata = (("authorization", f"Bearer {key}"),) if key else ()
    return Owner(GATEWAY, admin_service_pb2.ListFactsRequest, stub.ListFacts, metadata)


def reconciliation_owner(channel: grpc.aio.Channel) -> Owner:
    """Reconciliation, over an open channel."""
    stub: Any = reconciliation_grpc.ReconciliationServiceStub(channel)
    return Owner(RECONCILIATION, reconciliation_service_pb2.ListFactsRequest, stub.ListFacts)


def settlement_owner(channel: grpc.aio.Channel) -> Owner:
    """Settlement, over an open channel."""
    stub: Any = settlement_grpc.SettlementServiceStub(channel)
    return Owner(SETTLEMENT, settlement_service_pb2.ListFactsRequest, stub.ListFacts)
