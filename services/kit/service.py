"""What every service's `__main__` puts together first: clock, pool, Kafka, outbox, RPC server."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from services.core.clock import Clock
from services.kit.kafka import KafkaAway, Publisher, Topics
from services.kit.keeping import OutboxKeeper, ReadSoFar, reads_nothing
from services.kit.life import Life
from services.kit.outbox import OutboxSender
from services.kit.postgres import open_pool
from services.kit.rpc import RpcServer
from services.kit.settings import ServiceSettings
from services.kit.tls import server_credentials
from services.kit.unit import Units

KAFKA_RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that all services share."""

    clock: Clock
    pool: asyncpg.Pool
    topics: Topics
    publisher: Publisher
    units: Units
    server: RpcServer


async def build_parts(
    life: Life, service: str, settings: ServiceSettings, read_so_far: ReadSoFar = reads_nothing
) -> Parts:
    """Connect and start what every service has; the caller adds its own and starts the server.

    `read_so_far`: of a service that reads its own messages, which are kept until then.
    """
    clock = settings.make_clock()
    pool = await open_pool(settings.postgres.get_secret_value(), service, settings.pool_size)
    life.on_close(pool.close)
    topics = Topics(settings.kafka, settings.topic_prefix, settings.partitions, settings.replicas)
    publisher = Publisher(topics)
    life.on_close(publisher.stop)
    await _start_publisher(publisher, topics)
    sender = OutboxSender(service, pool, publisher)
    life.run_part("outbox", sender.run())
    life.run_part("relay", sender.run_relay())
    if settings.outbox_keep_days:
        keep = timedelta(days=settings.outbox_keep_days)
        life.run_part("outbox_keeper", OutboxKeeper(pool, keep, read_so_far).run())
    server = RpcServer(settings.listen, server_credentials(settings), settings.probes_listen)
    life.on_close(server.stop)
    return Parts(clock, pool, topics, publisher, Units(pool, sender), server)


async def _start_publisher(publisher: Publisher, topics: Topics) -> None:
    while True:
        try:
            await topics.ensure()
            return await publisher.start()
        except KafkaAway:
            await asyncio.sleep(KAFKA_RETRY_SECONDS)
