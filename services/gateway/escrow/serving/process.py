"""The parts of a gateway process that serve escrow."""

from fastapi import APIRouter

from services.gateway.access.keys import Keys
from services.gateway.calls import Calls
from services.gateway.escrow.handlers import EscrowHandlers
from services.gateway.escrow.serving.routes import escrow_router
from services.gateway.escrow.serving.server import NAME, EscrowServer
from services.gateway.escrow.sweeping import EscrowSweeper
from services.gateway.reference.board import ReferenceBoard
from services.gateway.waking import Wakers
from services.kit.life import Life
from services.kit.service import Parts
from services.pb.kawase.gateway.v1 import escrow_service_pb2_grpc


def run_escrow(
    life: Life, parts: Parts, board: ReferenceBoard, wakers: Wakers, keys: Keys, calls: Calls
) -> APIRouter:
    """Serve `EscrowService`, and release what is due; its routes."""
    escrows = EscrowHandlers(parts.units, board, wakers, parts.clock)
    life.run_part("escrow_sweeper", EscrowSweeper(parts.units, parts.clock).run())
    parts.server.add(
        escrow_service_pb2_grpc.add_EscrowServiceServicer_to_server,
        EscrowServer(keys, calls, escrows),
        NAME,
    )
    return escrow_router(calls, escrows)
