"""Puts the desk together: the services that are passed on, and where they are passed to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from google.protobuf.descriptor import ServiceDescriptor

from services.gateway.access.keys import Keys
from services.gateway.desk.forwarding import Forwarded, Passing
from services.gateway.reference.board import ReferenceBoard
from services.gateway.settings import GatewaySettings
from services.kit.life import Life
from services.kit.rpc import RpcServer
from services.kit.tls import channel_to
from services.pb.kawase.reconciliation.v1 import (
    break_service_pb2,
    break_service_pb2_grpc,
    day_service_pb2,
    day_service_pb2_grpc,
    file_service_pb2,
    file_service_pb2_grpc,
    reconciliation_service_pb2,
    reconciliation_service_pb2_grpc,
)
from services.pb.kawase.settlement.v1 import (
    arrival_service_pb2,
    arrival_service_pb2_grpc,
    fx_book_service_pb2,
    fx_book_service_pb2_grpc,
    payout_service_pb2,
    payout_service_pb2_grpc,
    prefunding_service_pb2,
    prefunding_service_pb2_grpc,
    settlement_service_pb2,
    settlement_service_pb2_grpc,
)

log = structlog.get_logger()

SETTLEMENT, RECONCILIATION = "settlement", "reconciliation"

# A service's messages, and the generated code beside them.
_MODULES: Mapping[str, tuple[tuple[Any, Any], ...]] = {
    SETTLEMENT: (
        (settlement_service_pb2, settlement_service_pb2_grpc),
        (payout_service_pb2, payout_service_pb2_grpc),
        (arrival_service_pb2, arrival_service_pb2_grpc),
        (fx_book_service_pb2, fx_book_service_pb2_grpc),
        (prefunding_service_pb2, prefunding_service_pb2_grpc),
    ),
    RECONCILIATION: (
        (reconciliation_service_pb2, reconciliation_service_pb2_grpc),
        (file_service_pb2, file_service_pb2_grpc),
        (break_service_pb2, break_service_pb2_grpc),
        (day_service_pb2, day_service_pb2_grpc),
    ),
}


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is passed on to `backend`."""

    backend: str
    descriptor: ServiceDescriptor
    stub: Callable[[grpc.aio.Channel], Any]
    register: Callable[[Any, grpc.aio.Server], None]


def _services() -> tuple[Service, ...]:
    return tuple(
        Service(
            backend,
            descriptor,
            getattr(generated, f"{descriptor.name}Stub"),
            getattr(generated, f"add_{descriptor.name}Servicer_to_server"),
        )
        for backend, modules in _MODULES.items()
        for messages, generated in modules
        for descriptor in messages.DESCRIPTOR.services_by_name.values()
    )


SERVICES = _services()


def add_desk(
    server: RpcServer, board: ReferenceBoard, keys: Keys, channels: Mapping[str, grpc.aio.Channel]
) -> None:
    """Serve the desk behind the guard that `server` has; without a channel a service refuses."""
    for service in SERVICES:
        channel = channels.get(service.backend)
        stub = None if channel is None else service.stub(channel)
        passing = Passing(service.backend, stub, keys, board)
        servicer = Forwarded(service.descriptor, passing)
        server.add(service.register, servicer, service.descriptor.full_name)


def run_desk(
    life: Life, settings: GatewaySettings, server: RpcServer, board: ReferenceBoard, keys: Keys
) -> None:
    """The desk of a gateway's process."""
    addresses = {
        SETTLEMENT: settings.settlement_address,
        RECONCILIATION: settings.reconciliation_address,
    }
    channels = {}
    for name, address in addresses.items():
        if not address:
            log.warning("desk_closed", service=name)
            continue
        channels[name] = channel_to(address, settings)
        life.on_close(channels[name].close)
    add_desk(server, board, keys, channels)
