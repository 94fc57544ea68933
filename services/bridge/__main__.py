"""Runs the bridge: consumer, worker, callback endpoint, gRPC server."""

import random

from services.bridge.accounts import AccountBook
from services.bridge.callback import Callbacks, bind, serve, url_of
from services.bridge.codes import CodeBook
from services.bridge.consumer import CommandHandler
from services.bridge.directory import make_partners
from services.bridge.operators import Operators
from services.bridge.partner import Surroundings
from services.bridge.server import BridgeServer
from services.bridge.settings import BridgeSettings, read_partners
from services.bridge.worker import Worker
from services.core.clock import SystemClock
from services.core.ids import STRIPE_COUNT
from services.kit.batch import BatchConsumer
from services.kit.kafka import GroupConsumer
from services.kit.life import Life, run_process
from services.kit.log import configure_logs
from services.kit.service import build_parts
from services.pb.kawase.bridge.v1.bridge_service_pb2_grpc import (
    add_BridgeServiceServicer_to_server,
)

SERVICE = "kawase.bridge.v1.BridgeService"
# The last stripe is for dead letters, so that the others hold events without gaps.
EVENT_STRIPES = STRIPE_COUNT - 1


async def build(life: Life) -> None:
    """Put the parts together and start them."""
    settings = BridgeSettings()  # type: ignore[call-arg]
    configs = read_partners(settings.bridge_partners)
    taken = bind(settings.bridge_callback_listen)
    around = Surroundings(settings.bridge_callback_url or url_of(taken), settings.make_clock())
    partners = make_partners(configs, around)
    for partner in partners.values():
        life.on_close(partner.close)
    parts = await build_parts(life, "bridge", settings)
    # A batch then locks one row of outbox_stripes, and another process likely another.
    lane = random.randrange(EVENT_STRIPES)  # noqa: S311
    worker = Worker(parts.units, partners, parts.clock, SystemClock(), lane)
    life.on_close(worker.drain)
    runner = await serve(Callbacks(parts.units, partners, worker), taken)
    life.on_close(runner.cleanup)
    server = BridgeServer(
        parts.units,
        CodeBook(partners, parts.clock),
        AccountBook(parts.units, partners, parts.clock),
        Operators(parts.units, worker, lane),
    )
    parts.server.add(add_BridgeServiceServicer_to_server, server, SERVICE)
    handler = CommandHandler(worker, lane)
    group = GroupConsumer(parts.topics, "bridge", ["bridge.command"], settings.instance)
    consumer = BatchConsumer("bridge", group, parts.units, handler.handle, handler.after_commit)
    life.run_part("consumer", consumer.run())
    life.run_part("worker", worker.run())
    await parts.server.start()


if __name__ == "__main__":
    configure_logs("bridge")
    run_process(build)
