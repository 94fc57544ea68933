"""Where settlement's words become protobuf messages, and back."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from services.pb.kawase.settlement.v1 import settlement_service_pb2 as pb
from services.settlement.domain.windows import Movement, Schedule
from services.settlement.store.windows import Window


def window_message(window: Window) -> pb.Window:
    """A window without its movements."""
    return pb.Window(
        window_id=window.window_id,
        corridor_id=window.corridor_id,
        currency_code=window.currency,
        state=pb.WindowState.Value(f"WINDOW_STATE_{window.state.upper()}"),
        number=window.number,
        open_time=_stamp(window.open_time),
        close_time=_stamp(window.close_time),
        settle_date=window.settle_date.isoformat() if window.settle_date else "",
        payment_count=window.payment_count,
        refund_count=window.refund_count,
    )


def movement_message(movement: Movement) -> pb.AccountMovement:
    """One account of a window."""
    return pb.AccountMovement(
        account_id=movement.account_id,
        opening_minor=movement.opening_minor,
        payments_minor=movement.payments_minor,
        refunds_minor=movement.refunds_minor,
        fees_minor=movement.fees_minor,
        other_minor=movement.other_minor,
        closing_minor=movement.closing_minor,
    )


def read_schedule(message: pb.Schedule) -> Schedule:
    """The schedule of a message, not checked yet."""
    return Schedule(
        message.schedule_id,
        message.corridor_id,
        message.currency_code,
        message.cut_off_time,
        message.time_zone,
        message.country_code,
        message.settle_days,
        message.active,
    )


def schedule_message(schedule: Schedule) -> pb.Schedule:
    """The reverse of `read_schedule`."""
    return pb.Schedule(
        schedule_id=schedule.schedule_id,
        corridor_id=schedule.corridor_id,
        currency_code=schedule.currency,
        cut_off_time=schedule.cut_off,
        time_zone=schedule.time_zone,
        country_code=schedule.country,
        settle_days=schedule.settle_days,
        active=schedule.active,
    )


def _stamp(instant: datetime | None) -> Timestamp | None:
    if instant is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(instant.astimezone(UTC))
    return stamp
