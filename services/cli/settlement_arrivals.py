"""`kawase settlement arrivals`, `retry-arrival`: what of a statement could not be booked."""

from typing import Any

import click

from services.cli.asking import Asking, json_option, operator_option, print_message
from services.cli.terminal import open_console, print_rows, shown_time
from services.core.money import Money
from services.pb.kawase.settlement.v1 import arrival_service_pb2 as pb
from services.pb.kawase.settlement.v1.arrival_service_pb2_grpc import ArrivalServiceStub


@click.command()
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@json_option
@click.pass_obj
def arrivals(asking: Asking, limit: int, as_json: bool) -> None:
    """List top-ups and withdrawals on a statement that the ledger has refused to book."""
    request = pb.ListStuckArrivalsRequest(page_size=limit)
    answer = asking.ask(ArrivalServiceStub, "ListStuckArrivals", request)
    if as_json:
        print_message(answer)
        return
    head = ("arrival", "amount", "seen", "asked", "reason")
    rows = [_row(each) for each in answer.arrivals]
    print_rows(open_console(), [head, *rows], ("bold", *[""] * 4), " r")


@click.command("retry-arrival")
@click.argument("arrival_id")
@operator_option("Who has it asked for anew.")
@click.option("--reason", required=True, help="What was put right; kept with it.")
@json_option
@click.pass_obj
def retry_arrival(
    asking: Asking, arrival_id: str, operator: str, reason: str, as_json: bool
) -> None:
    """Have the ledger asked anew, once what it has refused for is put right."""
    request = pb.RetryArrivalRequest(arrival_id=arrival_id, operator=operator, reason=reason)
    answer = asking.ask(ArrivalServiceStub, "RetryArrival", request)
    if as_json:
        print_message(answer.arrival)
        return
    click.echo(f"{arrival_id} is asked for anew")


def _row(arrival: Any) -> tuple[str, ...]:
    return (
        arrival.arrival_id,
        str(Money(arrival.amount.minor_units, arrival.amount.currency_code)),
        arrival.witness,
        shown_time(arrival.ask_time.ToDatetime()),
        arrival.reason or f"no answer, asked {arrival.repeat_count + 1} times",
    )
