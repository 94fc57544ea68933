"""Which partners take payments now, as a gateway knows it."""

from datetime import UTC, datetime, timedelta

from services.core.clock import ManualClock
from services.gateway.availability import TOPIC, AvailabilityBoard
from services.kit.kafka import Record, Topics
from services.pb.kawase.bridge.v1.bridge_message_pb2 import PartnerEvent

NOW = datetime(2026, 10, 30, 3, 0, tzinfo=UTC)
RETRY = NOW + timedelta(seconds=20)


def change(
    version: int, available: bool, retry_time: datetime | None = RETRY, partner: str = "kakaopay"
) -> Record:
    event = PartnerEvent(partner_id=partner)
    changed = event.partner_availability_changed
    changed.available, changed.version = available, version
    changed.reason = "" if available else "FAILING"
    if retry_time is not None and not available:
        changed.retry_time.FromDatetime(retry_time)
    kind = "PartnerAvailabilityChanged"
    return Record(TOPIC, 0, version, partner, kind, "", event.SerializeToString())


def board(*records: Record) -> tuple[AvailabilityBoard, ManualClock]:
    clock = ManualClock(NOW)
    made = AvailabilityBoard(Topics("localhost:1", "none", 1), clock)
    made.read(list(records))
    return made, clock


def test_a_partner_of_whom_nothing_is_known_is_available() -> None:
    made, _ = board()
    assert made.refusal("kakaopay", "") is None


def test_an_unavailable_partner_is_refused_until_its_retry_time() -> None:
    made, clock = board(change(1, available=False))
    refusal = made.refusal("", "kakaopay")
    assert refusal is not None
    assert refusal.reason == "CORRIDOR_UNAVAILABLE"
    assert refusal.metadata == {
        "partner_id": "kakaopay",
        "partner_reason": "FAILING",
        "retry_time": RETRY.isoformat(),
    }
    assert made.refusal("shanghai") is None
    clock.set(RETRY)
    assert made.refusal("kakaopay") is None


def test_without_a_retry_time_it_stays_unavailable() -> None:
    made, clock = board(change(1, available=False, retry_time=None))
    clock.advance(timedelta(days=30))
    assert made.refusal("kakaopay") is not None


def test_the_last_version_holds_however_often_older_ones_come() -> None:
    made, _ = board(change(1, available=False), change(2, available=True))
    assert made.refusal("kakaopay") is None
    made.read([change(1, available=False)])
    assert made.refusal("kakaopay") is None


def test_what_cannot_be_read_changes_nothing() -> None:
    made, _ = board(change(1, available=False))
    made.read([Record(TOPIC, 0, 2, "kakaopay", "", "", b"\xff")])
    assert made.refusal("kakaopay") is not None
