"""The parts of a gateway process that acquirers call."""

from services.core.clock import Clock
from services.formats.banks import ZenginBanks
from services.gateway.access.keys import Keys
from services.gateway.acquiring.codes.handlers import CodeHandlers
from services.gateway.acquiring.codes.shops import Shops
from services.gateway.acquiring.merchants.handlers import MerchantHandlers
from services.gateway.acquiring.merchants.plans import PlanKeeper
from services.gateway.acquiring.orders.handlers import OrderHandlers
from services.gateway.acquiring.serving.calls import AcquirerCalls
from services.gateway.acquiring.serving.server import NAME, AcquirerServer
from services.gateway.reference.board import ReferenceBoard
from services.kit.life import Life
from services.kit.service import Parts
from services.kit.unit import Units
from services.pb.kawase.gateway.v1.acquirer_service_pb2_grpc import (
    add_AcquirerServiceServicer_to_server,
)


def acquirer_calls(units: Units, board: ReferenceBoard, clock: Clock) -> AcquirerCalls:
    """What both edges call."""
    shops = Shops(board)
    return AcquirerCalls(
        MerchantHandlers(units, board, clock, ZenginBanks()),
        CodeHandlers(units, shops, clock),
        OrderHandlers(units, shops, clock),
        clock,
    )


def run_acquiring(life: Life, parts: Parts, board: ReferenceBoard, keys: Keys) -> AcquirerCalls:
    """Serve `AcquirerService`, and end plans in time; its calls, for the routes."""
    calls = acquirer_calls(parts.units, board, parts.clock)
    life.run_part("plan_keeper", PlanKeeper(parts.units, board, parts.clock).run())
    parts.server.add(add_AcquirerServiceServicer_to_server, AcquirerServer(keys, calls), NAME)
    return calls
