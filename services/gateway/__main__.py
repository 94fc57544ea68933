"""Puts a gateway process together and runs it: `python -m services.gateway`."""

from services.core.ids import Resource
from services.gateway.access.keys import Keys
from services.gateway.access.serving.process import open_gate
from services.gateway.acquiring.serving.process import run_acquiring
from services.gateway.acquiring.serving.routes import acquirer_router
from services.gateway.admin.server import AdminServer
from services.gateway.availability import AvailabilityBoard
from services.gateway.bills.serving.process import run_bills
from services.gateway.calls import Calls
from services.gateway.cases.handlers import kinds_with
from services.gateway.consumer import GROUP, TOPICS, EventConsumer, EventHandler
from services.gateway.desk.process import run_desk
from services.gateway.disputes.events import DisputeEvents
from services.gateway.escrow.serving.process import run_escrow
from services.gateway.holding.process import serve_holding
from services.gateway.http.app import routers_of, serve_http
from services.gateway.payments.confirming import Confirming
from services.gateway.payments.creating import Creating
from services.gateway.payments.driving import PaymentEvents
from services.gateway.payments.reading import Reading
from services.gateway.payments.scanning import Resolver
from services.gateway.payments.shelf import Shelf
from services.gateway.payments.sweeping import Sweeper
from services.gateway.payments.waiters import PaymentTail, Waiters
from services.gateway.personal.serving.process import run_personal
from services.gateway.prepaid.serving.process import run_prepaid
from services.gateway.presenting.process import run_presenting
from services.gateway.reference.board import ReferenceBoard
from services.gateway.refunds.handlers import RefundHandlers
from services.gateway.repeating import Repeater
from services.gateway.resources.events import ResourceEvents, repeat_of
from services.gateway.screening.builtin import FileScreening
from services.gateway.server import GatewayServer
from services.gateway.settings import GatewaySettings
from services.gateway.topups.handlers import BankLinkHandlers, TopUpHandlers
from services.gateway.waking import Wakers
from services.gateway.webhooks.process import run_webhooks
from services.gateway.webhooks.store.places import read_so_far
from services.gateway.withdrawals.payees import PayeeBoxes
from services.gateway.withdrawals.process import serve_withdrawals
from services.kit.kafka import GroupConsumer
from services.kit.life import Life, run_process
from services.kit.log import configure_logs
from services.kit.rpc import open_channel
from services.kit.sealing import PAYEE_SETTING, SecretBox
from services.kit.service import Parts, build_parts
from services.kit.sheets import SheetBoard
from services.kit.tls import channel_credentials
from services.pb.kawase.bridge.v1.bridge_service_pb2_grpc import BridgeServiceStub
from services.pb.kawase.gateway.v1 import admin_service_pb2_grpc, gateway_service_pb2_grpc


async def build(life: Life) -> None:
    """Settings, then parts, then the server last: it answers once all else runs."""
    settings = GatewaySettings()  # type: ignore[call-arg]  # from the environment
    parts = await build_parts(life, "gateway", settings, read_so_far)
    board = ReferenceBoard(parts.pool)
    await board.load()
    life.run_part("reference", board.run())
    sheets = SheetBoard(parts.topics)
    life.run_part("sheets", sheets.run())
    waiters = Waiters()
    life.run_part("payment_tail", PaymentTail(parts.topics, waiters).run())
    await _serve(life, settings, parts, board, sheets, waiters)


def _drive(
    life: Life,
    settings: GatewaySettings,
    parts: Parts,
    board: ReferenceBoard,
    shelf: Shelf,
    waiters: Waiters,
    wakers: Wakers,
    boxes: PayeeBoxes,
) -> None:
    """Hear what wallet and bridge say, and repeat what they do not answer."""
    kinds = kinds_with(boxes).values()
    handlers: dict[Resource, EventHandler] = {
        Resource.PAYMENT: PaymentEvents(board, shelf, waiters, parts.clock, parts.units.reach),
        **{kind.resource: ResourceEvents(kind, wakers, parts.clock) for kind in kinds},
        Resource.DISPUTE: DisputeEvents(wakers, parts.clock),
    }
    group = GroupConsumer(parts.topics, GROUP, TOPICS, settings.instance)
    life.run_part("consumer", EventConsumer(handlers).consume(group, parts.units).run())
    sweeper = Sweeper(parts.units, parts.clock, shelf, waiters, group.lag)
    life.run_part("sweeper", sweeper.run())
    repeater = Repeater(parts.units, group.lag, [repeat_of(kind) for kind in kinds])
    life.run_part("repeater", repeater.run())


async def _serve(
    life: Life,
    settings: GatewaySettings,
    parts: Parts,
    board: ReferenceBoard,
    sheets: SheetBoard,
    waiters: Waiters,
) -> None:
    screening = None
    if settings.gateway_screening_list is not None:
        screening = await FileScreening.open(settings.gateway_screening_list)
        life.run_part("screening_list", screening.run())
    availability = AvailabilityBoard(parts.topics, parts.clock)
    life.run_part("availability", availability.run())
    shelf = Shelf()
    channel = open_channel(settings.bridge_address, channel_credentials(settings))
    life.on_close(channel.close)
    bridge = BridgeServiceStub(channel)
    wakers = Wakers()
    box = SecretBox(settings.gateway_secrets_key)
    boxes = PayeeBoxes(box, SecretBox(settings.payee_key, PAYEE_SETTING))
    _drive(life, settings, parts, board, shelf, waiters, wakers, boxes)
    keys = Keys(board, parts.clock, settings.gateway_operator_key)
    gate = open_gate(life, parts, board, keys, box)
    reading = Reading(parts.pool, shelf, waiters)
    calls = Calls(
        Creating(parts.units, board, sheets, parts.clock, shelf, Resolver(bridge), availability),
        Confirming(parts.units, board, parts.clock, shelf, waiters, availability, screening),
        reading,
        waiters,
        RefundHandlers(parts.units, board, sheets, wakers, parts.clock),
        BankLinkHandlers(parts.units, bridge, parts.clock, box),
        TopUpHandlers(parts.units, wakers, parts.clock),
    )
    admin = AdminServer(keys, board, parts.units, parts.clock, reading.list_stuck, wakers, boxes)
    parts.server.add(
        gateway_service_pb2_grpc.add_GatewayServiceServicer_to_server,
        GatewayServer(keys, calls),
        "kawase.gateway.v1.GatewayService",
    )
    parts.server.add(
        admin_service_pb2_grpc.add_AdminServiceServicer_to_server,
        admin,
        "kawase.gateway.v1.AdminService",
    )
    webhooks = run_webhooks(life, settings, parts, board, keys)
    holding = serve_holding(parts, board, keys, calls)
    escrow = run_escrow(life, parts, board, wakers, keys, calls)
    acquiring = acquirer_router(run_acquiring(life, settings, parts, board, keys))
    withdrawals = serve_withdrawals(parts, board, keys, wakers)
    presented = run_presenting(settings, parts, board, keys, calls, shelf)
    bills = run_bills(parts, board, keys, calls, shelf)
    prepaid = run_prepaid(life, parts, board, sheets, keys, calls, shelf)
    routers = [*routers_of(calls), webhooks, holding, escrow, acquiring, presented, withdrawals]
    routers += [bills, prepaid, run_personal(parts, board, keys)]
    run_desk(life, settings, parts.server, board, keys)
    await serve_http(life, settings, parts, gate, routers)
    await parts.server.start()


if __name__ == "__main__":
    configure_logs("gateway")
    run_process(build)
