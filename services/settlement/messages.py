"""Where settlement's words become protobuf messages, and back."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from services.kit.outbox import Outgoing
from services.pb.kawase.bridge.v1 import bridge_message_pb2
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.settlement.v1 import payout_service_pb2 as payout_pb
from services.pb.kawase.settlement.v1 import settlement_event_pb2 as events
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as pb
from services.settlement.domain.agreements import Agreement, Payee
from services.settlement.domain.windows import Movement, Schedule
from services.settlement.lanes import fact_stripe
from services.settlement.store.windows import Window

EVENTS = "settlement.event"


def window_closed(window: Window) -> Outgoing:
    """The fact of a closed window; its movements are asked for by `GetWindow`."""
    event = events.SettlementEvent(
        event_time=stamp(window.close_time),
        window_closed=events.WindowClosed(window=window_message(window)),
    )
    return fact(window.window_id, "WindowClosed", event)


def fact(key: str, kind: str, event: events.SettlementEvent) -> Outgoing:
    """A fact of settlement's for the outbox; `kind` is the name of its member."""
    return Outgoing(EVENTS, key, fact_stripe(key), kind, event.SerializeToString())


def window_message(window: Window) -> pb.Window:
    """A window without its movements."""
    return pb.Window(
        window_id=window.window_id,
        corridor_id=window.corridor_id,
        currency_code=window.currency,
        state=pb.WindowState.Value(f"WINDOW_STATE_{window.state.upper()}"),
        number=window.number,
        open_time=stamp(window.open_time),
        close_time=stamp(window.close_time),
        settle_date=window.settle_date.isoformat() if window.settle_date else "",
        payment_count=window.payment_count,
        refund_count=window.refund_count,
        accepted_by=window.accepted_by,
        accept_reason=window.accept_reason,
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


def read_agreement(message: payout_pb.Agreement) -> Agreement:
    """The agreement of a message, not checked yet."""
    payee = message.payee
    return Agreement(
        message.agreement_id,
        message.participant_id,
        tuple(message.account_ids),
        message.currency_code,
        message.settlement_currency_code or message.currency_code,
        message.minimum_payout,
        message.reserve_basis_points,
        message.reserve_days,
        message.bank_partner_id,
        Payee(
            payee.bank_code,
            payee.branch_code,
            payee.account_type,
            payee.account_number,
            payee.holder_name,
        ),
        message.active,
        message.payee_merchant_id,
        message.every_shop,
    )


def agreement_message(agreement: Agreement) -> payout_pb.Agreement:
    """An agreement as it is shown: of its payee the bank and the last digits."""
    message = payout_pb.Agreement(
        agreement_id=agreement.agreement_id,
        participant_id=agreement.participant_id,
        account_ids=agreement.account_ids,
        currency_code=agreement.currency,
        settlement_currency_code=agreement.settlement_currency,
        minimum_payout=agreement.minimum_payout,
        reserve_basis_points=agreement.reserve_basis_points,
        reserve_days=agreement.reserve_days,
        bank_partner_id=agreement.bank_partner,
        active=agreement.active,
        payee_merchant_id=agreement.payee_merchant_id,
        every_shop=agreement.every_shop,
        shop_count=agreement.shop_count,
    )
    payee = agreement.payee
    if payee.masked:
        message.payee.CopyFrom(
            bridge_message_pb2.Payee(
                bank_code=payee.bank_code,
                branch_code=payee.branch_code,
                account_number=payee.masked_number,
            )
        )
    return message


def money(minor: int, currency: str) -> money_pb2.Money:
    """An amount as its message."""
    return money_pb2.Money(minor_units=minor, currency_code=currency)


def stamp(instant: datetime | None) -> Timestamp | None:
    """An instant as its message; None where there is none."""
    if instant is None:
        return None
    made = Timestamp()
    made.FromDatetime(instant.astimezone(UTC))
    return made
