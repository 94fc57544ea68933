"""The part of a gateway process that serves withdrawals."""

from fastapi import APIRouter

from services.gateway.access.keys import Keys
from services.gateway.reference.board import ReferenceBoard
from services.gateway.waking import Wakers
from services.gateway.withdrawals.handlers import WithdrawalHandlers
from services.gateway.withdrawals.routes import withdrawal_router
from services.gateway.withdrawals.server import NAME, WithdrawalServer
from services.kit.service import Parts
from services.pb.kawase.gateway.v1 import withdrawal_service_pb2_grpc


def serve_withdrawals(parts: Parts, board: ReferenceBoard, keys: Keys, wakers: Wakers) -> APIRouter:
    """Add `WithdrawalService` to the process's server; its routes."""
    withdrawals = WithdrawalHandlers(parts.units, board, wakers, parts.clock)
    parts.server.add(
        withdrawal_service_pb2_grpc.add_WithdrawalServiceServicer_to_server,
        WithdrawalServer(keys, withdrawals),
        NAME,
    )
    return withdrawal_router(withdrawals)
