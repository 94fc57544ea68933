"""The parts of a gateway process that acquirers call."""

from datetime import timedelta

from services.core.clock import Clock
from services.formats.banks import ZenginBanks
from services.gateway.access.keys import Keys
from services.gateway.acquiring.codes.handlers import CodeHandlers
from services.gateway.acquiring.codes.shops import Shops
from services.gateway.acquiring.merchants.accounts import Accounts
from services.gateway.acquiring.merchants.handlers import MerchantHandlers
from services.gateway.acquiring.merchants.plans import PlanKeeper
from services.gateway.acquiring.merchants.sealing import AccountSealer
from services.gateway.acquiring.orders.handlers import OrderHandlers
from services.gateway.acquiring.payments import ShopPayments
from services.gateway.acquiring.serving.calls import AcquirerCalls
from services.gateway.acquiring.serving.server import NAME, AcquirerServer
from services.gateway.reference.board import ReferenceBoard
from services.gateway.settings import GatewaySettings
from services.kit.life import Life
from services.kit.sealing import PAYEE_SETTING, SecretBox
from services.kit.service import Parts
from services.kit.unit import Units
from services.pb.kawase.gateway.v1.acquirer_service_pb2_grpc import (
    add_AcquirerServiceServicer_to_server,
)


def accounts_of(settings: GatewaySettings) -> Accounts:
    """How the process keeps the accounts of shops."""
    box = SecretBox(settings.payee_key, PAYEE_SETTING)
    return Accounts(box, timedelta(hours=settings.gateway_account_cooling_hours))


def acquirer_calls(
    units: Units, board: ReferenceBoard, clock: Clock, accounts: Accounts
) -> AcquirerCalls:
    """What both edges call."""
    shops = Shops(board)
    return AcquirerCalls(
        MerchantHandlers(units, board, clock, ZenginBanks(), accounts),
        CodeHandlers(units, shops, clock),
        OrderHandlers(units, shops, clock),
        ShopPayments(units, board),
        clock,
    )


def run_acquiring(
    life: Life, settings: GatewaySettings, parts: Parts, board: ReferenceBoard, keys: Keys
) -> AcquirerCalls:
    """Serve `AcquirerService`, and end plans in time; its calls, for the routes."""
    accounts = accounts_of(settings)
    calls = acquirer_calls(parts.units, board, parts.clock, accounts)
    life.run_part("account_sealer", AccountSealer(parts.units, accounts).run())
    life.run_part("plan_keeper", PlanKeeper(parts.units, board, parts.clock).run())
    parts.server.add(add_AcquirerServiceServicer_to_server, AcquirerServer(keys, calls), NAME)
    return calls
