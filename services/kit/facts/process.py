"""The parts of a process that keeps a copy: one consumer, and a fetcher per owner."""

from collections.abc import Sequence

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
from services.kit.life import Life
from services.kit.service import Parts
from services.kit.tls import channel_to


def run_copy(
    life: Life, service: str, parts: Parts, settings: FactsSettings, more: Sequence[Owner] = ()
) -> None:
    """Keep the copy of `service`, from now until the process ends.

    `more`: owners beside wallet, bridge and gateway, whose facts this service keeps too.
    """
    topics = [kind.topic for kind in (*KINDS, *(owner.kind for owner in more))]
    consumer = UnhurriedConsumer(parts.topics, service, topics, settings.instance)
    life.run_part("facts", BatchConsumer(service, consumer, parts.units, handle).run())
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
