"""The parts of a gateway process that take prepaid orders."""

from fastapi import APIRouter

from services.gateway.access.keys import Keys
from services.gateway.calls import Calls
from services.gateway.payments.shelf import Shelf
from services.gateway.prepaid.handlers import PrepaidOrders
from services.gateway.prepaid.refunding import Refunding
from services.gateway.prepaid.serving.routes import prepaid_router
from services.gateway.prepaid.serving.server import NAME, PrepaidServer
from services.gateway.reference.board import ReferenceBoard
from services.gateway.refunds.handlers import RefundHandlers
from services.gateway.waking import Wakers
from services.kit.life import Life
from services.kit.service import Parts
from services.kit.sheets import SheetBoard
from services.pb.kawase.gateway.v1 import prepaid_service_pb2_grpc


def run_prepaid(
    life: Life,
    parts: Parts,
    board: ReferenceBoard,
    sheets: SheetBoard,
    keys: Keys,
    calls: Calls,
    shelf: Shelf,
) -> APIRouter:
    """Serve `PrepaidService`, and end orders that nobody picks up; its routes."""
    refunds = RefundHandlers(parts.units, board, sheets, Wakers(), parts.clock, wait_seconds=0.0)
    refunding = Refunding(parts.units, board, parts.clock, refunds)
    life.run_part("prepaid_sweeper", refunding.run())
    orders = PrepaidOrders(parts.units, board, calls, shelf, parts.clock, refunding)
    parts.server.add(
        prepaid_service_pb2_grpc.add_PrepaidServiceServicer_to_server,
        PrepaidServer(keys, orders),
        NAME,
    )
    return prepaid_router(orders)
