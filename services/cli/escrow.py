"""`kawase escrow`: what is kept until buyers have received, and the operator's word on disputes."""

from pathlib import Path

import click
from ulid import ULID

from services.cli.asking import Asking, gateway_options, json_option, print_message
from services.cli.options import Group, directory_option
from services.cli.pay import Amount
from services.cli.terminal import open_console, print_rows, shown_time
from services.core.money import Money
from services.pb.kawase.gateway.v1 import escrow_pb2
from services.pb.kawase.gateway.v1 import escrow_service_pb2 as pb
from services.pb.kawase.gateway.v1.escrow_service_pb2_grpc import EscrowServiceStub
from services.pb.kawase.money.v1 import money_pb2
from services.sandbox.processes import operator_key

PAGE_SIZE = 100


@click.group(cls=Group)
@directory_option
@gateway_options("A key of somebody at the operator; without it the local stack's own.")
@click.pass_context
def escrow(ctx: click.Context, directory: Path, address: str, key: str) -> None:
    """Payments in escrow: look at them, decide disputes.

    Exit status: 0 done, 1 refused, 2 wrong use.
    """
    ctx.obj = Asking(directory, "gateway", address, key or operator_key(directory))


@escrow.command("list")
@click.option("--disputed", is_flag=True, help="Only those whose clock stands.")
@json_option
@click.pass_obj
def list_(asking: Asking, disputed: bool, as_json: bool) -> None:
    """Escrows of all wallets, in the order of their payments."""
    request = pb.ListEscrowsRequest(page_size=PAGE_SIZE, disputed=disputed)
    found = asking.ask_all(EscrowServiceStub, "ListEscrows", request, "escrows")
    if as_json:
        print_message(found)
        return
    rows = [
        (each.reference, _state(each), each.merchant_id, _money(each.held), _until(each))
        for each in found.escrows
    ]
    head = ("payment", "state", "shop", "held", "until")
    if not print_rows(open_console(), [head, *rows] if rows else [], ("bold", *[""] * 4), "   r"):
        click.echo("nothing is disputed" if disputed else "nothing is in escrow")


@escrow.command()
@click.argument("reference")
@json_option
@click.pass_obj
def show(asking: Asking, reference: str, as_json: bool) -> None:
    """What is in escrow of the payment REFERENCE."""
    request = pb.GetEscrowRequest(payment_id=reference)
    kept = asking.ask(EscrowServiceStub, "GetEscrow", request).escrow
    if as_json:
        print_message(kept)
        return
    _show(kept)


@escrow.command()
@click.argument("reference")
@click.option(
    "--release", type=Amount(), required=True, help="What of it the shop gets: 250JPY; the rest"
    " goes back to the buyer.",
)  # fmt: skip
@click.option("--reason", required=True, help="Why; kept with the decision.")
@click.option("--id", "resolution_id", help="Of this decision; the same again decides once.")
@click.pass_obj
def resolve(
    asking: Asking, reference: str, release: Money, reason: str, resolution_id: str | None
) -> None:
    """Decide the dispute about the payment REFERENCE.

    It takes two people: what the first says is a proposal, which another one carries out by
    `kawase keys approve`. The local stack's own key needs no second.
    """
    request = pb.ResolveEscrowDisputeRequest(
        reference=reference,
        resolution_id=resolution_id or f"cli-{ULID()}",
        release_amount=money_pb2.Money(minor_units=release.minor, currency_code=release.currency),
        reason=reason,
    )
    _show(asking.ask(EscrowServiceStub, "ResolveEscrowDispute", request).escrow)


def _show(kept: escrow_pb2.Escrow) -> None:
    rows = [
        ("payment", kept.reference),
        ("state", _state(kept)),
        ("shop", kept.merchant_id),
        ("paid", _money(kept.total)),
        ("held", _money(kept.held)),
        ("released", _money(kept.released)),
        ("returned", _money(kept.returned)),
        ("until", _until(kept)),
        ("disputed", f"{shown_time(kept.dispute_time.ToDatetime())}: {kept.dispute_reason}")
        if kept.HasField("dispute_time")
        else ("", ""),
    ]
    print_rows(open_console(), rows, ("bold", ""))


def _state(kept: escrow_pb2.Escrow) -> str:
    return escrow_pb2.EscrowState.Name(kept.state).removeprefix("ESCROW_STATE_").lower()


def _money(amount: money_pb2.Money) -> str:
    return str(Money(amount.minor_units, amount.currency_code))


def _until(kept: escrow_pb2.Escrow) -> str:
    return (
        shown_time(kept.release_time.ToDatetime())
        if kept.HasField("release_time")
        else "the clock stands"
    )
