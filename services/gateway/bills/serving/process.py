"""The parts of a gateway process that take payments of bills."""

from fastapi import APIRouter

from services.gateway.access.keys import Keys
from services.gateway.bills.handlers import Billers
from services.gateway.bills.paying import BillPaying
from services.gateway.bills.serving.routes import bill_router
from services.gateway.bills.serving.server import NAME, BillServer
from services.gateway.calls import Calls
from services.gateway.payments.shelf import Shelf
from services.gateway.reference.board import ReferenceBoard
from services.kit.service import Parts
from services.pb.kawase.gateway.v1 import bill_service_pb2_grpc


def run_bills(
    parts: Parts, board: ReferenceBoard, keys: Keys, calls: Calls, shelf: Shelf
) -> APIRouter:
    """Serve `BillService`; its routes."""
    billers = Billers(board, parts.units, parts.clock)
    paying = BillPaying(parts.units, calls, shelf, parts.clock)
    parts.server.add(
        bill_service_pb2_grpc.add_BillServiceServicer_to_server,
        BillServer(keys, billers, paying),
        NAME,
    )
    return bill_router(billers, paying)
