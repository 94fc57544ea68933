"""`kawase settlement exposure`, `result`, `deals`, `record-deal`, `settle-deal`, `prefunding`."""

from typing import Any

import click

from services.cli.asking import Asking, json_option, operator_option, print_message
from services.cli.terminal import open_console, print_rows, shown_time
from services.core.errors import KawaseError
from services.core.money import Money, money_from_text
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.settlement.v1 import fx_book_service_pb2 as fx
from services.pb.kawase.settlement.v1 import prefunding_service_pb2 as pre
from services.pb.kawase.settlement.v1.fx_book_service_pb2_grpc import FxBookServiceStub
from services.pb.kawase.settlement.v1.prefunding_service_pb2_grpc import PrefundingServiceStub


class Amount(click.ParamType[money_pb2.Money]):
    """`JPY 100000` or `CNY 12.34`: letters of the currency, then whole units."""

    name = "amount"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> money_pb2.Money:
        currency, _, text = str(value).partition(" ")
        try:
            money = money_from_text(text.replace(",", ""), currency)
        except KawaseError as error:
            self.fail(error.message, param, ctx)
        return money_pb2.Money(minor_units=money.minor, currency_code=money.currency)


@click.command()
@json_option
@click.pass_obj
def exposure(asking: Asking, as_json: bool) -> None:
    """Show what the house is long or short, per currency and corridor."""
    answer = asking.ask(FxBookServiceStub, "GetExposure", fx.GetExposureRequest())
    if as_json:
        print_message(answer)
        return
    rows = [
        (
            each.currency_code,
            each.corridor_id or "deals and other work",
            str(Money(each.position_minor, each.currency_code)),
        )
        for each in answer.exposures
    ]
    print_rows(open_console(), [("", "corridor", "position"), *rows], ("bold", "", ""), "  r")


@click.command()
@click.argument("day")
@click.option("--zone", default="", help="The day's time zone, such as Asia/Tokyo; without it UTC.")
@json_option
@click.pass_obj
def result(asking: Asking, day: str, zone: str, as_json: bool) -> None:
    """Show what DAY (YYYY-MM-DD) has brought: spreads, FX result, fees."""
    request = fx.GetFxResultRequest(day=day, time_zone=zone)
    answer = asking.ask(FxBookServiceStub, "GetFxResult", request)
    if as_json:
        print_message(answer)
        return
    rows = [
        (
            each.currency_code,
            each.corridor_id or "deals and other work",
            *(
                str(Money(minor, each.currency_code))
                for minor in (each.spread_income_minor, each.realised_minor, each.fee_income_minor)
            ),
        )
        for each in answer.results
    ]
    head = ("", "corridor", "spreads", "FX result", "fees")
    print_rows(open_console(), [head, *rows], ("bold", *[""] * 4), "  rrr")


@click.command()
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@json_option
@click.pass_obj
def deals(asking: Asking, limit: int, as_json: bool) -> None:
    """List rebalancing deals, newest first."""
    request = fx.ListFxDealsRequest(page_size=limit)
    answer = asking.ask(FxBookServiceStub, "ListFxDeals", request)
    if as_json:
        print_message(answer)
        return
    head = ("deal", "with", "sold", "bought", "worth at mid", "state", "paid on")
    rows = [_deal_row(each) for each in answer.deals]
    print_rows(open_console(), [head, *rows], ("bold", *[""] * 6), "  rrr")


@click.command("record-deal")
@click.argument("deal_id")
@click.option("--with", "counterparty", required=True, help="The bank it is made with.")
@click.option("--sold", type=Amount(), required=True, help='What we give, such as "JPY 100000".')
@click.option("--bought", type=Amount(), required=True, help='What we get, such as "KRW 905000".')
@click.option("--traded", required=True, metavar="YYYY-MM-DD")
@click.option("--value", required=True, metavar="YYYY-MM-DD", help="When both sides are paid.")
@operator_option("Who records it; kept with the deal.")
@json_option
@click.pass_obj
def record_deal(
    asking: Asking,
    deal_id: str,
    counterparty: str,
    sold: money_pb2.Money,
    bought: money_pb2.Money,
    traded: str,
    value: str,
    operator: str,
    as_json: bool,
) -> None:
    """Put a rebalancing deal on the books under DEAL_ID, by which banks' statements are to name it;
    the same again changes nothing."""
    deal = fx.FxDeal(
        deal_id=deal_id,
        counterparty_id=counterparty,
        sold=sold,
        bought=bought,
        trade_date=traded,
        value_date=value,
        operator=operator,
    )
    answer = asking.ask(FxBookServiceStub, "RecordFxDeal", fx.RecordFxDealRequest(deal=deal))
    _show_deal(answer.deal, as_json)


@click.command("settle-deal")
@click.argument("deal_id")
@operator_option("Who has seen both sides on the statements.")
@json_option
@click.pass_obj
def settle_deal(asking: Asking, deal_id: str, operator: str, as_json: bool) -> None:
    """Say that both sides of DEAL_ID are on the banks' statements, where none that is imported
    shows them."""
    request = fx.SettleFxDealRequest(deal_id=deal_id, operator=operator)
    _show_deal(asking.ask(FxBookServiceStub, "SettleFxDeal", request).deal, as_json)


@click.command()
@click.option("--participant", default="", help="Only this wallet's deposit.")
@json_option
@click.pass_obj
def prefunding(asking: Asking, participant: str, as_json: bool) -> None:
    """Show the deposits of partner wallets, and when each runs out."""
    request = pre.GetPrefundingRequest(participant_id=participant)
    answer = asking.ask(PrefundingServiceStub, "GetPrefunding", request)
    if as_json:
        print_message(answer)
        return
    head = ("wallet", "left", "cap", "threshold", "spent in 24 h", "runs out", "history")
    rows = [_deposit_row(each) for each in answer.prefundings]
    print_rows(open_console(), [head, *rows], ("bold", *[""] * 6), " rrrr")


@click.command("prefunding-threshold")
@click.argument("account_id")
@click.argument("threshold_minor", type=click.IntRange(0))
@operator_option("Who sets it.")
@click.pass_obj
def prefunding_threshold(
    asking: Asking, account_id: str, threshold_minor: int, operator: str
) -> None:
    """Tell when ACCOUNT_ID falls below THRESHOLD_MINOR minor units; zero: never."""
    request = pre.PutPrefundingThresholdRequest(
        account_id=account_id, threshold_minor=threshold_minor, operator=operator
    )
    asking.ask(PrefundingServiceStub, "PutPrefundingThreshold", request)


COMMANDS = (
    exposure,
    result,
    deals,
    record_deal,
    settle_deal,
    prefunding,
    prefunding_threshold,
)


def _show_deal(deal: Any, as_json: bool) -> None:
    if as_json:
        print_message(deal)
        return
    head = ("deal", "with", "sold", "bought", "worth at mid", "state", "paid on")
    print_rows(open_console(), [head, _deal_row(deal)], ("bold", *[""] * 6), "  rrr")


def _deal_row(deal: Any) -> tuple[str, ...]:
    state = fx.FxDealState.Name(deal.state).removeprefix("FX_DEAL_STATE_").lower()
    return (
        deal.deal_id,
        deal.counterparty_id,
        *(
            str(Money(money.minor_units, money.currency_code))
            for money in (deal.sold, deal.bought, deal.mid_value)
        ),
        f"{state}: {deal.reason}" if deal.reason else state,
        deal.value_date,
    )


def _deposit_row(each: Any) -> tuple[str, ...]:
    def shown(minor: int) -> str:
        return str(Money(minor, each.currency_code))

    run_out = "not within 28 days"
    if each.HasField("run_out_time"):
        run_out = shown_time(each.run_out_time.ToDatetime())
    return (
        each.participant_id,
        shown(each.available_minor) + (" LOW" if each.low else ""),
        shown(each.net_debit_cap_minor),
        shown(each.threshold_minor) if each.threshold_minor else "none",
        shown(each.spent_last_day_minor),
        run_out,
        f"{each.history_weeks} weeks",
    )
