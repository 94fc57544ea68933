"""Where the FX book's words become protobuf messages, and back."""

from datetime import date, datetime

from services.core.money import Money
from services.core.rate import RATE_PLACES
from services.kit.ledger import transfer_funds
from services.kit.outbox import Outgoing
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.settlement.v1 import fx_book_service_pb2 as pb
from services.pb.kawase.settlement.v1 import settlement_event_pb2 as events
from services.settlement.fx_book.deals import Deal, DealMalformed, Terms
from services.settlement.lanes import command_stripe
from services.settlement.messages import fact, stamp


def read_terms(message: pb.FxDeal) -> Terms:
    """The terms of a request. Raises `DealMalformed`."""
    return Terms(
        message.deal_id,
        message.counterparty_id,
        Money(message.sold.minor_units, message.sold.currency_code),
        Money(message.bought.minor_units, message.bought.currency_code),
        _read_day(message.trade_date, "trade_date"),
        _read_day(message.value_date, "value_date"),
        message.operator,
    )


def deal_message(deal: Deal) -> pb.FxDeal:
    """A deal as it stands."""
    terms = deal.terms
    return pb.FxDeal(
        deal_id=terms.deal_id,
        counterparty_id=terms.counterparty_id,
        sold=_money(terms.sold),
        bought=_money(terms.bought),
        mid_value=_money(deal.mid_value),
        mid=f"{deal.mid.quantize(RATE_PLACES):f}",
        trade_date=terms.trade_date.isoformat(),
        value_date=terms.value_date.isoformat(),
        state=pb.FxDealState.Value(f"FX_DEAL_STATE_{deal.state.upper()}"),
        operator=terms.operator,
        create_time=stamp(deal.create_time),
        reason=deal.reason,
        sold_seen=deal.sold_seen,
        bought_seen=deal.bought_seen,
        resource_id=deal.resource_id,
    )


def commands_of(deal: Deal) -> list[Outgoing]:
    """The command of the present step; the same however often it is given."""
    moves = deal.moves
    stripe = command_stripe(deal.resource_id)
    return [transfer_funds(deal.link_id, moves, stripe)] if moves else []


def deal_changed(deal: Deal, now: datetime) -> Outgoing:
    """The fact that a deal has moved."""
    event = events.SettlementEvent(
        event_time=stamp(now), fx_deal_changed=events.FxDealChanged(deal=deal_message(deal))
    )
    return fact(deal.resource_id, "FxDealChanged", event)


def _money(money: Money) -> money_pb2.Money:
    return money_pb2.Money(minor_units=money.minor, currency_code=money.currency)


def _read_day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DealMalformed(
            f"{field} is a day, YYYY-MM-DD, not {text[:40]!r}.", field=field
        ) from None
