"""Endpoints, deliveries and attempts, as rules and store see them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

TEST_EVENT = "webhook.test"


class Inactive(StrEnum):
    """Why an endpoint is not active."""

    OWN_WISH = "own_wish"
    GONE = "gone"  # it answered 410
    FAILING = "failing"  # for days on end
    DELETED = "deleted"


class State(StrEnum):
    """Where a delivery is in its life."""

    PENDING = "pending"
    DELIVERED = "delivered"
    # Given up; it can be replayed.
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a participant wants to be told. Secrets are sealed; no event types: all."""

    participant_id: str
    endpoint_id: str
    url: str
    event_types: tuple[str, ...]
    inactive_reason: Inactive | None
    secret: bytes
    previous_secret: bytes | None
    previous_secret_until: datetime | None
    failing_since: datetime | None
    create_time: datetime
    update_time: datetime

    @property
    def active(self) -> bool:
        return self.inactive_reason is None


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint as those see it who make deliveries."""

    participant_id: str
    endpoint_id: str
    event_types: Collection[str]
    active: bool

    def wants(self, event_type: str) -> bool:
        return not self.event_types or event_type in self.event_types


@dataclass(frozen=True, slots=True)
class Order:
    """The place of an event among those of its subject."""

    rank: int
    event_time: datetime
    stripe: int = 0
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery to be stored. One for an endpoint that is not active is dead from the start."""

    delivery_id: str
    target: Target
    event_id: str
    event_type: str
    subject: str
    order: Order
    body: str
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it is shown. `attempt_count` counts since it was made or replayed."""

    delivery_id: str
    participant_id: str
    endpoint_id: str
    event_id: str
    event_type: str
    subject: str
    event_time: datetime
    state: State
    attempt_count: int
    next_attempt_time: datetime | None
    last_status: int
    reason: str
    create_time: datetime
    update_time: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `status` is zero where there was no answer; `answer` its first bytes as text."""

    number: int
    start_time: datetime
    milliseconds: int
    status: int
    outcome: str
    answer: str


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery taken to be sent, under `lease`, with what is needed to send it."""

    delivery_id: str
    participant_id: str
    endpoint_id: str
    event_id: str
    subject: str
    body: str
    trace: str
    attempt_count: int
    lease: str
    url: str
    secret: bytes
    previous_secret: bytes | None
    previous_secret_until: datetime | None
    failing_since: datetime | None
