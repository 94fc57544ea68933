"""Runs the bridge: consumer, worker, callback endpoint, gRPC server."""

import random
from datetime import timedelta
from uuid import uuid4

from yarl import URL

from services.bridge.accounts import AccountBook
from services.bridge.callback import Callbacks, bind, serve, url_of
from services.bridge.codes import CodeBook
from services.bridge.consumer import CommandHandler
from services.bridge.directory import make_partners, moving
from services.bridge.disputes.worker import DisputeWorker
from services.bridge.guard.calls import PartnerCalls
from services.bridge.guard.keeper import Keeper
from services.bridge.notices.endpoint import Notices
from services.bridge.notices.taking import NoticeBook
from services.bridge.notices.unsent import UnsentDeposits
from services.bridge.operators import Operators, Queue
from services.bridge.partner import Surroundings
from services.bridge.payouts.calls import PayoutCalls
from services.bridge.payouts.operators import PayoutOperators
from services.bridge.payouts.worker import PayoutWorker
from services.bridge.server import BridgeServer
from services.bridge.settings import BridgeSettings, read_partners
from services.bridge.statements import StatementCalls
from services.bridge.store.attempts import journals_keeper
from services.bridge.store.sealing import accounts_sealer
from services.bridge.worker import Worker
from services.core.clock import SystemClock
from services.core.ids import STRIPE_COUNT
from services.kit.batch import BatchConsumer
from services.kit.kafka import GroupConsumer
from services.kit.life import Life, run_process
from services.kit.log import configure_logs
from services.kit.sealing import PAYEE_SETTING, SecretBox
from services.kit.service import Parts, build_parts
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
    box = SecretBox(settings.payee_key, PAYEE_SETTING)
    parts = await _begin(life, settings, box)
    callback_url = settings.bridge_callback_url or url_of(taken)
    around = Surroundings(callback_url, parts.clock, parts.pool, box)
    partners = make_partners(configs, around)
    for partner in partners.values():
        life.on_close(partner.close)
    # A batch then locks one row of outbox_stripes, and another process likely another.
    lane = random.randrange(EVENT_STRIPES)  # noqa: S311
    worker = Worker(parts.units, partners, parts.clock, SystemClock(), lane)
    life.on_close(worker.drain)
    disputes = DisputeWorker(parts.units, worker.desks, worker.moment, lane)
    life.on_close(disputes.drain)
    payouts = PayoutWorker(parts.units, worker.desks, worker.moment, lane, box)
    life.on_close(payouts.drain)
    book = NoticeBook(parts.units, worker, lane, box, payouts.hear_notices)
    notices = Notices(
        partners,
        book,
        parts.clock,
        SystemClock(),
        address_header=settings.bridge_notice_address_header,
        prefix=URL(around.callback_url).path,
    )
    callbacks = Callbacks(parts.units, partners, worker)
    runner = await serve([*callbacks.routes(), *notices.routes()], taken)
    life.on_close(runner.cleanup)
    keeper = Keeper(parts.units, worker.desks, parts.clock, SystemClock(), uuid4().hex)
    await keeper.refresh()
    rules = {name: partner.rules for name, partner in partners.items()}
    queue = Queue(parts.units, rules, parts.clock)
    server = BridgeServer(
        parts.units,
        CodeBook(partners, parts.clock, lambda name: worker.desks[name].answers),
        AccountBook(parts.units, partners, parts.clock, box),
        Operators(parts.units, worker, lane),
        queue,
        PartnerCalls(keeper, {config.partner_id: config.adapter for config in configs}),
        PayoutCalls(parts.units, PayoutOperators(parts.units, payouts, lane), parts.clock),
        StatementCalls(partners),
    )
    parts.server.add(add_BridgeServiceServicer_to_server, server, SERVICE)
    handler = CommandHandler(worker, lane, box)
    group = GroupConsumer(parts.topics, "bridge", ["bridge.command"], settings.instance)
    consumer = BatchConsumer("bridge", group, parts.units, handler.handle, handler.after_commit)
    life.run_part("consumer", consumer.run())
    life.run_part("worker", worker.run())
    life.run_part("availability", keeper.run())
    life.run_part("operator_queue", queue.run())
    life.run_part("disputes", disputes.run())
    life.run_part("payouts", payouts.run())
    for name in moving(partners):
        life.run_part(f"partner_{name}", partners[name].run())
    life.run_part("unsent_deposits", UnsentDeposits(partners, book).run())
    await parts.server.start()


async def _begin(life: Life, settings: BridgeSettings, box: SecretBox) -> Parts:
    parts = await build_parts(life, "bridge", settings)
    life.run_part("accounts_sealer", accounts_sealer(parts.pool, box).run())
    if settings.bridge_journal_keep_days:
        keep = timedelta(days=settings.bridge_journal_keep_days)
        life.run_part("journals_keeper", journals_keeper(parts.pool, keep).run())
    return parts


if __name__ == "__main__":
    configure_logs("bridge")
    run_process(build)
