"""`kawase settlement`: windows, agreements, payouts and statements of a running house."""

from pathlib import Path
from typing import Any

import click

from services.cli.asking import (
    Asking,
    desk_options,
    json_option,
    operator_option,
    print_message,
)
from services.cli.options import Group, directory_option
from services.cli.settlement_arrivals import arrivals, retry_arrival
from services.cli.settlement_fx import COMMANDS
from services.cli.settlement_payouts import (
    agreements,
    payouts,
    release_payout,
    resolve_payout,
    retry_payout,
    statement,
)
from services.cli.terminal import NOT_VALID, open_console, print_rows
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as pb
from services.pb.kawase.settlement.v1.settlement_service_pb2_grpc import SettlementServiceStub

STATES = [name.removeprefix("WINDOW_STATE_").lower() for name in pb.WindowState.keys()[1:]]


@click.group(cls=Group)
@directory_option
@desk_options
@click.pass_context
def settlement(ctx: click.Context, directory: Path, address: str, key: str) -> None:
    """What is owed to whom: windows, agreements, payouts, statements.

    Exit status: 0 done, 1 refused or not in order, 2 wrong use.
    """
    ctx.obj = Asking.desk(directory, "settlement", address, key)


@settlement.command()
@click.argument("window_id", required=False)
@click.option("--corridor", default="", help="Only windows of this corridor.")
@click.option("--currency", default="", help="Only windows of this currency.")
@click.option("--state", type=click.Choice(STATES), help="Only windows in this state.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@json_option
@click.pass_obj
def windows(
    asking: Asking,
    window_id: str | None,
    corridor: str,
    currency: str,
    state: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List windows, newest first; of WINDOW_ID its accounts and positions."""
    if window_id:
        _show(asking, window_id, as_json)
        return
    request = pb.ListWindowsRequest(
        corridor_id=corridor,
        currency_code=currency,
        state=pb.WindowState.Value(f"WINDOW_STATE_{(state or 'unspecified').upper()}"),
        page_size=limit,
    )
    answer = asking.ask(SettlementServiceStub, "ListWindows", request)
    if as_json:
        print_message(answer)
        return
    rows = [
        (
            each.window_id,
            each.corridor_id or "no corridor",
            each.currency_code,
            _state(each),
            str(each.number),
            str(each.payment_count),
            str(each.refund_count),
            each.settle_date,
        )
        for each in answer.windows
    ]
    head = ("window", "corridor", "", "state", "number", "payments", "refunds", "paid on")
    print_rows(open_console(), [head, *rows], ("bold", *[""] * 7), "    rrr")


@settlement.command()
@click.argument("corridor")
@click.argument("currency")
@operator_option("Who closes it; kept with the window.")
@json_option
@click.pass_obj
def close(asking: Asking, corridor: str, currency: str, operator: str, as_json: bool) -> None:
    """Close the open window of CORRIDOR ("" for none) and CURRENCY now, and wait for its sums.

    Exit status 1 when it differs from the ledger.
    """
    request = pb.CloseWindowRequest(corridor_id=corridor, currency_code=currency, operator=operator)
    window = asking.ask(SettlementServiceStub, "CloseWindow", request).window
    _show(asking, window.window_id, as_json)
    if window.state == pb.WINDOW_STATE_DIFFERS:
        raise SystemExit(NOT_VALID)


@settlement.command()
@click.argument("window_id")
@operator_option("Who looks at it.")
@click.option(
    "--accept",
    default="",
    metavar="REASON",
    help="Close it though it still differs, and pay out of it; REASON is kept with the window.",
)
@json_option
@click.pass_obj
def recheck(asking: Asking, window_id: str, operator: str, accept: str, as_json: bool) -> None:
    """Compare WINDOW_ID, which differs, with the ledger again; where it agrees, close it.

    Exit status 1 when it still differs.
    """
    request = pb.RecheckWindowRequest(
        window_id=window_id, operator=operator, accept_difference=bool(accept), reason=accept
    )
    window = asking.ask(SettlementServiceStub, "RecheckWindow", request).window
    _show(asking, window_id, as_json)
    if window.state == pb.WINDOW_STATE_DIFFERS:
        raise SystemExit(NOT_VALID)


def _show(asking: Asking, window_id: str, as_json: bool) -> None:
    answer = _whole(asking, window_id)
    if as_json:
        print_message(answer)
        return
    window = answer.window
    console = open_console()
    facts = [
        ("window", window.window_id),
        ("corridor", window.corridor_id or "none"),
        ("currency", window.currency_code),
        ("state", _state(window)),
        ("payments", str(window.payment_count)),
        ("refunds", str(window.refund_count)),
        ("paid on", window.settle_date),
        ("difference", window.difference),
        ("accepted by", window.accepted_by),
        ("because", window.accept_reason),
    ]
    print_rows(console, facts, ("dim", ""))
    head = ("account", "opening", "payments", "refunds", "fees", "other", "closing")
    moved = [movement_row(each) for each in window.movements]
    print_rows(console, [head, *moved] if moved else [], ("bold", *[""] * 6), " rrrrrr")
    owed = [
        (
            each.agreement_id,
            each.participant_id,
            f"{each.net_minor:,}",
            f"{each.reserve_minor:,}",
            each.payout_id,
        )
        for each in answer.positions
    ]
    heads = ("agreement", "participant", "net", "of it reserve", "payout")
    print_rows(console, [heads, *owed] if owed else [], ("bold", *[""] * 4), "  rr")


def _whole(asking: Asking, window_id: str) -> Any:
    """A window with all its pages."""
    request = pb.GetWindowRequest(window_id=window_id)
    whole = asking.ask(SettlementServiceStub, "GetWindow", request)
    while whole.next_page_token:
        request.page_token = whole.next_page_token
        page = asking.ask(SettlementServiceStub, "GetWindow", request)
        whole.window.movements.extend(page.window.movements)
        whole.positions.extend(page.positions)
        whole.next_page_token = page.next_page_token
    return whole


def movement_row(movement: Any) -> tuple[str, ...]:
    """One account with its sums, in minor units."""
    return (
        movement.account_id,
        f"{movement.opening_minor:,}",
        f"{movement.payments_minor:,}",
        f"{movement.refunds_minor:,}",
        f"{movement.fees_minor:,}",
        f"{movement.other_minor:,}",
        f"{movement.closing_minor:,}",
    )


def _state(window: Any) -> str:
    return pb.WindowState.Name(window.state).removeprefix("WINDOW_STATE_").lower()


for command in (
    *(agreements, payouts, retry_payout, resolve_payout, release_payout, statement),
    *(arrivals, retry_arrival),
    *COMMANDS,
):
    settlement.add_command(command)
