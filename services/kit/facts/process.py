"""The parts of a process that keeps a copy: a consumer, a fetcher per owner, a keeper by age."""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from services.kit.batch import BatchConsumer
from services.kit.facts.keeper import Fetcher, UnhurriedConsumer, handle
from services.kit.facts.owners import (
    KINDS,
    FactsSettings,
    Owner,
    bridge_owner,
    gateway_owner,
    wallet_owner,
)
from services.kit.facts.store import drop_old_facts
from services.kit.life import Life
from services.kit.postgres import Connection
from services.kit.service import Parts
from services.kit.tls import channel_to
from services.kit.upkeep import Upkeep

# Of each stripe of each owner in one transaction.
PORTION = 100


def run_copy(
    life: Life, service: str, parts: Parts, settings: FactsSettings, more: Sequence[Owner] = ()
) -> None:
    """Keep the copy of `service`, from now until the process ends.

    `more`: owners beside wallet, bridge and gateway, whose facts this service keeps too.
    """
    topics = [kind.topic for kind in (*KINDS, *(owner.kind for owner in more))]
    consumer = UnhurriedConsumer(parts.topics, service, topics, settings.instance)
    life.run_part("facts", BatchConsumer(service, consumer, parts.units, handle).run())
    if settings.facts_keep_days:
        keep = timedelta(days=settings.facts_keep_days)
        life.run_part("facts_keeper", facts_keeper(parts.pool, keep).run())
    wallet = channel_to(settings.wallet_address, settings)
    bridge = channel_to(settings.bridge_address, settings)
    gateway = channel_to(settings.gateway_address, settings)
    for channel in (wallet, bridge, gateway):
        life.on_close(channel.close)
    for owner in (
        wallet_owner(wallet),
        bridge_owner(bridge),
        gateway_owner(gateway, settings.operator_key),
        *more,
    ):
        life.run_part(f"fetcher-{owner.kind.source}", Fetcher(owner, parts.units).run())


def facts_keeper(pool: asyncpg.Pool, keep: timedelta, portion: int = PORTION) -> Upkeep:
    """Keeps the facts of a copy for `keep`; `portion` of each stripe in one transaction."""

    async def drop(connection: Connection) -> int:
        return await drop_old_facts(connection, keep, portion)

    return Upkeep(pool, "old facts", drop)
