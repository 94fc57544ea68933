"""`kawase recon breaks`, `show`, `assign`, `comment`, `propose`, `approve`, `reject`."""

from datetime import UTC
from typing import Any

import click

from services.cli.asking import Asking, json_option, operator_option, print_message
from services.cli.settlement_fx import Amount
from services.cli.terminal import open_console, print_rows
from services.core.money import Money
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.reconciliation.v1 import break_service_pb2 as pb
from services.pb.kawase.reconciliation.v1.break_service_pb2_grpc import BreakServiceStub

KINDS = {
    name.removeprefix("RESOLUTION_KIND_").lower().replace("_", "-"): number
    for name, number in pb.ResolutionKind.items()
    if number
}

who_option = operator_option("Who does this; kept with it.")


@click.command()
@click.option("--partner", default="", help="Only this partner's breaks.")
@click.option("--day", default="", help="Only breaks of this day.")
@click.option("--kind", default="", help="Only of this kind, such as AMOUNT.")
@click.option("--state", default="", help="Only in this state: open, assigned, ...")
@click.option("--assignee", default="", help="Only what is assigned to this person.")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@json_option
@click.pass_obj
def breaks(
    asking: Asking,
    partner: str,
    day: str,
    kind: str,
    state: str,
    assignee: str,
    limit: int,
    as_json: bool,
) -> None:
    """List what does not match."""
    request = pb.ListBreaksRequest(
        partner_id=partner, day=day, kind=kind, state=state, assignee=assignee, page_size=limit
    )
    answer = asking.ask(BreakServiceStub, "ListBreaks", request)
    if as_json:
        print_message(answer)
        return
    head = ("break", "partner", "day", "kind", "size", "state", "age", "assignee", "reference")
    rows = [_break_row(each) for each in answer.breaks]
    print_rows(open_console(), [head, *rows], ("bold", *[""] * 8), "    r")


@click.command()
@click.argument("break_id")
@json_option
@click.pass_obj
def show(asking: Asking, break_id: str, as_json: bool) -> None:
    """Show BREAK_ID with its rows and everything that was said about it."""
    answer = asking.ask(BreakServiceStub, "GetBreak", pb.GetBreakRequest(break_id=break_id))
    if as_json:
        print_message(answer)
        return
    console = open_console()
    _print_break(console, answer.item)
    rows = [
        (
            row.side,
            row.reference,
            row.kind,
            str(Money(row.amount.minor_units, row.amount.currency_code)),
            row.state,
            row.day,
        )
        for row in answer.rows
    ]
    print_rows(console, rows, ("bold", *[""] * 5), "   r")
    notes = [
        (
            f"{note.note_time.ToDatetime(UTC):%Y-%m-%d %H:%M}",
            note.person,
            note.what,
            note.text,
        )
        for note in answer.notes
    ]
    print_rows(console, notes, ("dim", "", "", ""))


@click.command()
@click.argument("break_id")
@click.argument("assignee")
@who_option
@click.pass_obj
def assign(asking: Asking, break_id: str, assignee: str, operator: str) -> None:
    """Give BREAK_ID to ASSIGNEE."""
    request = pb.AssignBreakRequest(break_id=break_id, assignee=assignee, operator=operator)
    _print_break(open_console(), asking.ask(BreakServiceStub, "AssignBreak", request).item)


@click.command()
@click.argument("break_id")
@click.argument("text")
@who_option
@click.pass_obj
def comment(asking: Asking, break_id: str, text: str, operator: str) -> None:
    """Say TEXT about BREAK_ID; it stays."""
    request = pb.CommentBreakRequest(break_id=break_id, operator=operator, text=text)
    asking.ask(BreakServiceStub, "CommentBreak", request)


@click.command()
@click.argument("break_id")
@click.argument("kind", type=click.Choice(sorted(KINDS)))
@click.option("--reason", required=True, help="Why this puts it right.")
@click.option("--debit", default="", help="Of a correcting transfer: the account debited.")
@click.option("--credit", default="", help="Of a correcting transfer: the account credited.")
@click.option("--amount", type=Amount(), help='Such as "JPY 1200".')
@click.option(
    "--partner-fee", type=Amount(), help="What a partner has kept of what it settled, if any."
)
@who_option
@click.pass_obj
def propose(
    asking: Asking,
    break_id: str,
    kind: str,
    reason: str,
    debit: str,
    credit: str,
    amount: money_pb2.Money | None,
    partner_fee: money_pb2.Money | None,
    operator: str,
) -> None:
    """Propose how BREAK_ID is put right. Another person approves it."""
    resolution = pb.Resolution(
        kind=KINDS[kind],
        reason=reason,
        debit_account_id=debit,
        credit_account_id=credit,
        amount=amount,
        partner_fee=partner_fee,
    )
    request = pb.ProposeResolutionRequest(
        break_id=break_id, resolution=resolution, operator=operator
    )
    _print_break(open_console(), asking.ask(BreakServiceStub, "ProposeResolution", request).item)


@click.command()
@click.argument("break_id")
@who_option
@click.pass_obj
def approve(asking: Asking, break_id: str, operator: str) -> None:
    """Approve what another person has proposed for BREAK_ID."""
    request = pb.ApproveResolutionRequest(break_id=break_id, operator=operator)
    _print_break(open_console(), asking.ask(BreakServiceStub, "ApproveResolution", request).item)


@click.command()
@click.argument("break_id")
@click.option("--reason", required=True, help="Why not.")
@who_option
@click.pass_obj
def reject(asking: Asking, break_id: str, reason: str, operator: str) -> None:
    """Reject what was proposed for BREAK_ID."""
    request = pb.RejectResolutionRequest(break_id=break_id, operator=operator, reason=reason)
    _print_break(open_console(), asking.ask(BreakServiceStub, "RejectResolution", request).item)


COMMANDS = (breaks, show, assign, comment, propose, approve, reject)


def _break_row(item: Any) -> tuple[str, ...]:
    return (
        item.break_id,
        item.partner_id,
        item.day,
        item.kind,
        str(Money(item.size.minor_units, item.size.currency_code)),
        item.state,
        f"{item.age_days} d",
        item.assignee,
        item.our_reference or item.their_reference,
    )


def _print_break(console: Any, item: Any) -> None:
    resolution = item.resolution
    facts = [
        ("break", item.break_id),
        ("what", f"{item.kind}: {item.explanation}"),
        ("size", str(Money(item.size.minor_units, item.size.currency_code))),
        ("state", item.state + (f", with {item.assignee}" if item.assignee else "")),
        ("partner", f"{item.partner_id}, {item.day}, {item.age_days} days old"),
        ("ours", item.our_reference),
        ("theirs", item.their_reference),
    ]
    if resolution.kind:
        name = pb.ResolutionKind.Name(resolution.kind).removeprefix("RESOLUTION_KIND_")
        facts.append(("resolution", f"{name.lower().replace('_', ' ')}: {resolution.reason}"))
        facts.append(("proposed by", resolution.proposed_by))
        facts.append(("approved by", resolution.approved_by))
    print_rows(console, facts, ("dim", ""))
