"""`kawase merchants`: what acquirers propose, and the operator's yes or no."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from services.cli.asking import Asking, gateway_options, json_option, print_message
from services.cli.options import Group, directory_option, kept_key
from services.cli.terminal import open_console, print_rows
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from services.pb.kawase.gateway.v1.acquirer_service_pb2_grpc import AcquirerServiceStub
from services.sandbox.endpoints import CHECKER, read_endpoints

PAGE_SIZE = 100


@click.group(cls=Group)
@directory_option
@gateway_options("A key of somebody at the operator; without it the checker's of the local stack.")
@click.pass_context
def merchants(ctx: click.Context, directory: Path, address: str, key: str) -> None:
    """Shops that acquirers propose: look at them, approve, reject.

    Exit status: 0 done, 1 refused, 2 wrong use.
    """
    ctx.obj = Asking(directory, "gateway", address, key)


def _with_key(given: Asking) -> Asking:
    if given.key:
        return given
    if not given.address:
        read_endpoints(given.directory)  # says first that nothing runs, where nothing does
    return replace(given, key=kept_key(given.directory, CHECKER))


def _ask(given: Asking, method: str, request: Any) -> Any:
    return _with_key(given).ask(AcquirerServiceStub, method, request)


@merchants.command("list")
@click.option("--pending", is_flag=True, help="Only those that wait.")
@json_option
@click.pass_obj
def list_(asking: Asking, pending: bool, as_json: bool) -> None:
    """Shops by id, of all acquirers."""
    request = pb.ListMerchantsRequest(page_size=PAGE_SIZE, pending_only=pending)
    asked = _with_key(asking)
    found = asked.ask_all(AcquirerServiceStub, "ListMerchants", request, "merchants")
    if as_json:
        print_message(found)
        return
    rows = [
        (
            each.content.merchant_id,
            _state(each),
            each.content.local_name or each.content.name,
            each.content.city,
            each.acquirer_id,
            " ".join(each.findings),
        )
        for each in found.merchants
    ]
    if not print_rows(open_console(), rows, ("bold", "", "", "", "", "yellow")):
        click.echo("no shop waits" if pending else "there are no shops")


@merchants.command()
@click.argument("merchant_id")
@click.option("--fee-plan", "fee_plan_id", default="", help="Another than was asked for.")
@click.option("--accept-findings", is_flag=True, help="Where the checks have found something.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def approve(
    asking: Asking, merchant_id: str, fee_plan_id: str, accept_findings: bool, yes: bool
) -> None:
    """Show what is proposed of MERCHANT_ID, ask, and open the shop."""
    version = _latest(asking, merchant_id)
    _show(version)
    if not yes and not click.confirm("Approve?"):
        raise click.Abort
    request = pb.ApproveMerchantRequest(
        merchant_id=merchant_id,
        version=version.version,
        fee_plan_id=fee_plan_id,
        accepts_findings=accept_findings,
    )
    decided = _ask(asking, "ApproveMerchant", request).merchant
    click.echo(f"{merchant_id} is {_state(decided)}")


@merchants.command()
@click.argument("merchant_id")
@click.option("--reason", required=True, help="The acquirer reads it.")
@click.pass_obj
def reject(asking: Asking, merchant_id: str, reason: str) -> None:
    """Say no to what is proposed of MERCHANT_ID."""
    version = _latest(asking, merchant_id)
    request = pb.RejectMerchantRequest(
        merchant_id=merchant_id, version=version.version, reason=reason
    )
    decided = _ask(asking, "RejectMerchant", request).merchant
    click.echo(f"{merchant_id} is {_state(decided)}")


def _latest(asking: Asking, merchant_id: str) -> Any:
    request = pb.GetMerchantRequest(merchant_id=merchant_id)
    return _ask(asking, "GetMerchant", request).merchant


def _show(version: Any) -> None:
    content = version.content
    account = content.payout_account
    rows = [
        ("shop", f"{content.local_name or content.name} ({content.kana_name})"),
        ("of", version.acquirer_id),
        ("where", " ".join((content.postal_code, content.city, content.country_code)).strip()),
        ("category", content.category_code),
        ("code", f"{content.scheme} {content.scheme_account_id}"),
        ("fees", content.fee_plan_id),
        (
            "paid to",
            f"{account.bank_code}-{account.branch_code} {account.account_number} "
            f"{account.holder_name}"
            if account.bank_code
            else "",
        ),
        ("found", " ".join(version.findings)),
    ]
    print_rows(open_console(), rows, ("bold", ""))


def _state(version: Any) -> str:
    return pb.MerchantState.Name(version.state).removeprefix("MERCHANT_STATE_").lower()
