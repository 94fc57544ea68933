"""A gateway that tells participants: facts in its outbox, deliveries, a sender that is played."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from cryptography.fernet import Fernet
from pydantic import SecretStr

from services.core.clock import Clock, ManualClock, SystemClock
from services.core.ids import new_reference
from services.gateway.reference import Participant
from services.gateway.reference.store import put_participant
from services.gateway.webhooks.addresses import AddressRules
from services.gateway.webhooks.handlers import Webhooks
from services.gateway.webhooks.keeping import Keeper
from services.gateway.webhooks.model import Delivery, State
from services.gateway.webhooks.reading import Reader
from services.gateway.webhooks.schedule import Ending, Outcome, ending_of
from services.gateway.webhooks.sending import Names
from services.gateway.webhooks.worker import ENDPOINT_LIMIT, Worker
from services.kit.kafka import Publisher, Topics
from services.kit.outbox import OutboxSender, Outgoing
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox
from services.kit.unit import Decided, Units
from services.pb.kawase.gateway.v1 import payment_event_pb2 as facts
from services.pb.kawase.gateway.v1 import payment_pb2
from tests.store.gateway.payments_world import EDO, PANDA, SAKURA

URL = "http://127.0.0.1:1/hook"
WELL = Outcome(Ending.DELIVERED, 204)
BROKEN = Outcome(Ending.REFUSED_STATUS, 500, "out of order")

_BODIES: dict[str, Callable[[payment_pb2.Payment], dict[str, Any]]] = {
    "asked": lambda p: {"payment_action_required": facts.PaymentActionRequired(payment=p)},
    "completed": lambda p: {"payment_completed": facts.PaymentCompleted(payment=p)},
    "declined": lambda p: {"payment_declined": facts.PaymentDeclined(payment=p)},
}


def says(
    what: str, reference: str, at: datetime, stripe: int = 0, by: Participant = PANDA
) -> Outgoing:
    """The fact of a payment."""
    payment = payment_pb2.Payment(payment_id=f"p-{reference[-6:]}", reference=reference)
    event = facts.PaymentEvent(participant_id=by.participant_id, **_BODIES[what](payment))
    event.event_time.FromDatetime(at)
    return Outgoing("payment.event", reference, stripe, what, event.SerializeToString())


@dataclass
class PlayedSender:
    """Answers as told, by URL; `held` URLs do not answer until they are let go. Of what holds a
    text of `refused` nothing is taken."""

    answers: dict[str, Outcome] = field(default_factory=dict)
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    """URL, event id, body."""
    headers: list[dict[str, str]] = field(default_factory=list)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    under_way: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    async def send(self, url: str, body: str, headers: dict[str, str], now: datetime) -> Outcome:
        self.sent.append((url, headers["webhook-id"], body))
        self.headers.append(headers)
        self.under_way[url] = self.under_way.get(url, 0) + 1
        self.most[url] = max(self.most.get(url, 0), self.under_way[url])
        if url in self.held:
            await self.held[url].wait()
        self.under_way[url] -= 1
        if any(text in body for text in self.refused):
            return BROKEN
        return self.answers.get(url, WELL)


@dataclass
class World:
    """The parts of one gateway process that tell participants."""

    pool: asyncpg.Pool
    clock: ManualClock
    key: str = field(default_factory=lambda: Fernet.generate_key().decode())
    sender: PlayedSender = field(default_factory=PlayedSender)

    def __post_init__(self) -> None:
        topics = Topics("localhost:1", "none", 1)
        self.units = Units(self.pool, OutboxSender("gateway", self.pool, Publisher(topics)))
        self.box = SecretBox(SecretStr(self.key))
        self.names = Names(AddressRules(inside=True))
        self.webhooks = Webhooks(self.units, self.clock, self.box, self.names)
        self.reader = Reader(self.units, self.clock)
        self.keeper = Keeper(self.units, self.clock)
        self.worker = self.another()

    def another(self, limit: int = ENDPOINT_LIMIT) -> Worker:
        """A worker of another process."""
        sender: Any = self.sender
        return Worker(self.units, self.clock, SystemClock(), sender, self.box, limit)

    async def open(self) -> None:
        """Participants are known."""
        async with self.pool.acquire() as connection:
            for participant in (PANDA, SAKURA, EDO):
                await put_participant(connection, participant)

    async def endpoint(
        self, name: str = "main", url: str = URL, types: Iterable[str] = (), by: Participant = PANDA
    ) -> str:
        """An endpoint; its secret."""
        _, secret = await self.webhooks.put(by.participant_id, name, url, list(types), active=True)
        return secret

    async def happen(self, *events: Outgoing) -> None:
        """Facts are written as a payment's unit writes them."""

        async def write(_connection: Connection) -> Decided[None]:
            return Decided(None, events)

        await self.units.write(write)

    async def read(self) -> None:
        """Read all facts there are."""
        while await self.reader.step():
            pass

    async def pay(self, *what: str, by: Participant = PANDA) -> str:
        """A payment of which all this happens, in order; its reference."""
        reference = new_reference(self.clock.now())
        for step in what:
            self.clock.advance(timedelta(seconds=1))
            await self.happen(says(step, reference, self.clock.now(), by=by))
        await self.read()
        return reference

    async def send(self) -> int:
        """Send what is due now, and what becomes due by it; how many attempts."""
        before = len(self.sender.sent)
        while await self.worker.step():
            await self.worker.idle()
        return len(self.sender.sent) - before

    async def deliveries(self, by: Participant = PANDA, name: str = "") -> list[Delivery]:
        """All of a participant's, oldest event first."""
        found = await self.webhooks.deliveries(by.participant_id, name, None, "", 1000)
        return sorted(found, key=lambda one: one.event_time)

    async def states(self, by: Participant = PANDA) -> list[State]:
        return [one.state for one in await self.deliveries(by)]


def webhooks_of(units: Units, clock: Clock) -> Webhooks:
    """The calls about webhooks, of a gateway that may call inside."""
    box = SecretBox(SecretStr(Fernet.generate_key().decode()))
    return Webhooks(units, clock, box, Names(AddressRules(inside=True)))


@asynccontextmanager
async def opened(pool: asyncpg.Pool, clock: ManualClock) -> AsyncIterator[World]:
    """A world whose participants are known."""
    world = World(pool, clock)
    await world.open()
    yield world
    await world.names.close()


def status(code: int, retry_after: timedelta | None = None) -> Outcome:
    """What comes of an answer with this status."""
    return Outcome(ending_of(code), code, "", retry_after)
