"""The parts of a gateway process that tell participants."""

from fastapi import APIRouter

from services.core.clock import SystemClock
from services.gateway.access.keys import Keys
from services.gateway.reference.board import ReferenceBoard
from services.gateway.settings import GatewaySettings
from services.gateway.webhooks.addresses import AddressRules
from services.gateway.webhooks.handlers import Webhooks
from services.gateway.webhooks.keeping import Keeper
from services.gateway.webhooks.owners import Owners
from services.gateway.webhooks.reading import Reader
from services.gateway.webhooks.routes import webhook_router
from services.gateway.webhooks.sending import Names, Sender
from services.gateway.webhooks.server import NAME, WebhookServer
from services.gateway.webhooks.worker import TOTAL_LIMIT, Worker
from services.kit.life import Life
from services.kit.sealing import SecretBox
from services.kit.service import Parts
from services.pb.kawase.gateway.v1 import webhook_service_pb2_grpc


def run_webhooks(
    life: Life, settings: GatewaySettings, parts: Parts, board: ReferenceBoard, keys: Keys
) -> APIRouter:
    """Read, send and keep until the process ends, and serve `WebhookService`; its routes."""
    box = SecretBox(settings.gateway_secrets_key)
    rules = AddressRules(settings.gateway_webhook_inside, settings.gateway_webhook_ports)
    names = Names(rules)
    life.on_close(names.close)
    sender = Sender(rules, names, TOTAL_LIMIT)
    life.on_close(sender.close)
    worker = Worker(parts.units, parts.clock, SystemClock(), sender, box)
    life.run_part("webhook_reader", Reader(parts.units, parts.clock).run())
    life.run_part("webhook_worker", worker.run())
    life.run_part("webhook_keeper", Keeper(parts.units, parts.clock).run())
    owners = Owners(board)
    webhooks = Webhooks(parts.units, parts.clock, box, names)
    parts.server.add(
        webhook_service_pb2_grpc.add_WebhookServiceServicer_to_server,
        WebhookServer(keys, owners, webhooks),
        NAME,
    )
    return webhook_router(webhooks, owners)
