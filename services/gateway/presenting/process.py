"""The parts of a gateway process that take codes of payers."""

from fastapi import APIRouter

from services.gateway.access.keys import Keys
from services.gateway.calls import Calls
from services.gateway.payments.shelf import Shelf
from services.gateway.presenting.charging import Charging
from services.gateway.presenting.codes import Codes
from services.gateway.presenting.lifetimes import Lifetimes
from services.gateway.presenting.routes import presented_router
from services.gateway.presenting.server import NAME, PresentedServer
from services.gateway.reference.board import ReferenceBoard
from services.gateway.settings import GatewaySettings
from services.kit.sealing import SecretBox
from services.kit.service import Parts
from services.pb.kawase.gateway.v1 import presented_service_pb2_grpc


def run_presenting(
    settings: GatewaySettings,
    parts: Parts,
    board: ReferenceBoard,
    keys: Keys,
    calls: Calls,
    shelf: Shelf,
) -> APIRouter:
    """Serve `PresentedService`; its routes."""
    box = SecretBox(settings.gateway_secrets_key)
    codes = Codes(parts.units, board, parts.clock, box)
    charging = Charging(parts.units, board, parts.clock, shelf, calls, box)
    lifetimes = Lifetimes(parts.units, parts.clock)
    parts.server.add(
        presented_service_pb2_grpc.add_PresentedServiceServicer_to_server,
        PresentedServer(keys, codes, charging, lifetimes, parts.clock),
        NAME,
    )
    return presented_router(codes, charging, parts.clock)
