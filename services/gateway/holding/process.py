"""The parts of a gateway process that serve authorisations."""

from fastapi import APIRouter

from services.gateway.access.keys import Keys
from services.gateway.calls import Calls
from services.gateway.holding.handlers import HoldingHandlers
from services.gateway.holding.routes import holding_router
from services.gateway.holding.server import NAME, HoldingServer
from services.gateway.reference.board import ReferenceBoard
from services.kit.service import Parts
from services.pb.kawase.gateway.v1 import holding_service_pb2_grpc


def serve_holding(parts: Parts, board: ReferenceBoard, keys: Keys, calls: Calls) -> APIRouter:
    """Serve `HoldingService`; its routes."""
    holding = HoldingHandlers(parts.units, board, parts.clock, calls.waiters)
    parts.server.add(
        holding_service_pb2_grpc.add_HoldingServiceServicer_to_server,
        HoldingServer(keys, calls, holding),
        NAME,
    )
    return holding_router(calls, holding)
