"""`kawase settlement payouts`, `retry-payout`, `resolve-payout`, `agreements`, `statement`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from google.protobuf.json_format import Parse, ParseError

from services.cli.asking import Asking, json_option, operator_option, print_message
from services.cli.terminal import open_console, print_rows
from services.core.money import Money
from services.pb.kawase.settlement.v1 import payout_service_pb2 as pb
from services.pb.kawase.settlement.v1.payout_service_pb2_grpc import PayoutServiceStub

STATES = [name.removeprefix("PAYOUT_STATE_").lower() for name in pb.PayoutState.keys()[1:]]

ACCOUNTS_SHOWN = 5
OUTCOMES = [
    name.removeprefix("PAYOUT_OUTCOME_").lower().replace("_", "-")
    for name in pb.PayoutOutcome.keys()[1:]
]


@click.command()
@click.argument("agreement_id", required=False)
@click.option(
    "--put",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put the agreement of this JSON file first.",
)
@json_option
@click.pass_obj
def agreements(asking: Asking, agreement_id: str | None, file: Path | None, as_json: bool) -> None:
    """List who is paid from which accounts, how and from which amount on; AGREEMENT_ID shows one
    with the shops that have joined it."""
    if file is not None:
        try:
            agreement = Parse(file.read_text(encoding="utf-8"), pb.Agreement())
        except (ParseError, UnicodeDecodeError) as problem:
            raise click.UsageError(f"{file} is no agreement: {problem}") from problem
        request = pb.PutAgreementRequest(agreement=agreement)
        asking.ask(PayoutServiceStub, "PutAgreement", request)
    if agreement_id:
        _show_agreement(_whole(asking, agreement_id), as_json)
        return
    listing = pb.ListAgreementsRequest()
    answer = asking.ask(PayoutServiceStub, "ListAgreements", listing)
    while answer.next_page_token:
        listing.page_token = answer.next_page_token
        page = asking.ask(PayoutServiceStub, "ListAgreements", listing)
        answer.agreements.extend(page.agreements)
        answer.next_page_token = page.next_page_token
    if as_json:
        print_message(answer)
        return
    _print_agreements(answer.agreements)


def _whole(asking: Asking, agreement_id: str) -> Any:
    """An agreement with all its shops."""
    request = pb.GetAgreementRequest(agreement_id=agreement_id)
    whole = asking.ask(PayoutServiceStub, "GetAgreement", request)
    while whole.next_page_token:
        request.page_token = whole.next_page_token
        page = asking.ask(PayoutServiceStub, "GetAgreement", request)
        whole.shop_account_ids.extend(page.shop_account_ids)
        whole.next_page_token = page.next_page_token
    return whole


def _show_agreement(answer: Any, as_json: bool) -> None:
    if as_json:
        print_message(answer)
        return
    _print_agreements([answer.agreement])
    accounts = [*answer.agreement.account_ids, *answer.shop_account_ids]
    print_rows(open_console(), [("its accounts",), *((each,) for each in accounts)], ("",))


def _print_agreements(agreements: Iterable[Any]) -> None:
    rows = [
        (
            each.agreement_id,
            each.participant_id,
            _paid_from(each),
            str(Money(each.minimum_payout, each.currency_code)),
            f"{each.reserve_basis_points / 100:g} % for {each.reserve_days} days",
            each.bank_partner_id or "by hand",
            "" if each.active else "not active",
        )
        for each in agreements
    ]
    head = ("agreement", "participant", "accounts", "minimum", "reserve", "bank", "")
    print_rows(open_console(), [head, *rows], ("bold", *[""] * 6), "   r")


def _paid_from(agreement: Any) -> str:
    named = list(agreement.account_ids[:ACCOUNTS_SHOWN])
    if more := len(agreement.account_ids) - len(named):
        named.append(f"{more:,} more")
    if agreement.every_shop:
        named.append(f"every shop ({agreement.shop_count:,} so far)")
    return ", ".join(named)


@click.command()
@click.argument("payout_id", required=False)
@click.option("--participant", default="", help="Only payouts to this participant.")
@click.option("--state", type=click.Choice(STATES), help="Only payouts in this state.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@json_option
@click.pass_obj
def payouts(
    asking: Asking,
    payout_id: str | None,
    participant: str,
    state: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List payouts, newest first; PAYOUT_ID shows one."""
    if payout_id:
        request = pb.GetPayoutRequest(payout_id=payout_id)
        found = asking.ask(PayoutServiceStub, "GetPayout", request)
        _show(found.payout, as_json)
        if not as_json:
            shares = [(each.account_id, f"{each.amount_minor:,}") for each in found.shares]
            print_rows(open_console(), [("of the account", "minor units"), *shares], ("", ""), " r")
        return
    listing = pb.ListPayoutsRequest(
        participant_id=participant,
        state=pb.PayoutState.Value(f"PAYOUT_STATE_{(state or 'unspecified').upper()}"),
        page_size=limit,
    )
    answer = asking.ask(PayoutServiceStub, "ListPayouts", listing)
    if as_json:
        print_message(answer)
        return
    rows = [
        (
            each.payout_id,
            each.participant_id,
            _state(each),
            str(Money(each.amount.minor_units, each.amount.currency_code)),
            each.payee or "by hand",
            each.reason,
        )
        for each in answer.payouts
    ]
    head = ("payout", "participant", "state", "amount", "payee", "reason")
    print_rows(open_console(), [head, *rows], ("bold", *[""] * 5), "   r")


@click.command("retry-payout")
@click.argument("payout_id")
@operator_option("Who has it paid again.")
@click.option("--reason", required=True, help="Why; kept with the payout.")
@json_option
@click.pass_obj
def retry_payout(asking: Asking, payout_id: str, operator: str, reason: str, as_json: bool) -> None:
    """Pay again what was rejected or returned, to the agreement's present payee."""
    request = pb.RetryPayoutRequest(payout_id=payout_id, operator=operator, reason=reason)
    _show(asking.ask(PayoutServiceStub, "RetryPayout", request).payout, as_json)


@click.command("resolve-payout")
@click.argument("payout_id")
@click.argument("outcome", type=click.Choice(OUTCOMES))
@operator_option("Who has seen it.")
@click.option("--reason", required=True, help="Where, such as a line of the bank's; kept with it.")
@json_option
@click.pass_obj
def resolve_payout(
    asking: Asking, payout_id: str, outcome: str, operator: str, reason: str, as_json: bool
) -> None:
    """Say what became of a payout by hand, or of one whose statement does not tell.

    left: the bank account shows that the money has left. not-paid: it will not be paid, so the
    money is owed again. came-back: the bank account shows it back.
    """
    request = pb.ResolvePayoutRequest(
        payout_id=payout_id,
        outcome=pb.PayoutOutcome.Value(f"PAYOUT_OUTCOME_{outcome.replace('-', '_').upper()}"),
        operator=operator,
        reason=reason,
    )
    _show(asking.ask(PayoutServiceStub, "ResolvePayout", request).payout, as_json)


@click.command("release-payout")
@click.argument("payout_id")
@operator_option("Who does this; kept with the payout.")
@click.option("--reason", default="", help="To propose it: what was put right.")
@click.option("--approve", is_flag=True, help="Agree to what another person has proposed.")
@json_option
@click.pass_obj
def release_payout(
    asking: Asking, payout_id: str, operator: str, reason: str, approve: bool, as_json: bool
) -> None:
    """Have what the ledger has refused of a stuck payout asked for anew: one person proposes it
    with a --reason, another one runs it with --approve."""
    if approve == bool(reason):
        raise click.UsageError("Say either --reason, to propose it, or --approve.")
    if approve:
        asked = pb.ApprovePayoutReleaseRequest(payout_id=payout_id, operator=operator)
        _show(asking.ask(PayoutServiceStub, "ApprovePayoutRelease", asked).payout, as_json)
        return
    proposed = pb.ProposePayoutReleaseRequest(payout_id=payout_id, operator=operator, reason=reason)
    _show(asking.ask(PayoutServiceStub, "ProposePayoutRelease", proposed).payout, as_json)


@click.command()
@click.argument("participant")
@click.option("--day", default="", metavar="YYYY-MM-DD", help="A day in the schedule's time zone.")
@click.option("--window", "window_id", default="", help="A window, instead of a day.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@click.option("--after", default="", metavar="TOKEN", help="Lines after those shown before.")
@json_option
@click.pass_obj
def statement(
    asking: Asking,
    participant: str,
    day: str,
    window_id: str,
    limit: int,
    after: str,
    as_json: bool,
) -> None:
    """What PARTICIPANT's accounts have moved on a day or in a window, line by line."""
    if bool(day) == bool(window_id):
        raise click.UsageError("Name a --day or a --window.")
    request = pb.GetStatementRequest(
        participant_id=participant,
        day=day,
        window_id=window_id,
        page_size=limit,
        page_token=after,
    )
    answer = asking.ask(PayoutServiceStub, "GetStatement", request)
    if as_json:
        print_message(answer)
        return
    _print_statement(answer)


def _print_statement(answer: Any) -> None:
    console = open_console()
    accounts = [
        (each.account_id, f"{each.opening_minor:,}", f"{each.closing_minor:,}")
        for each in answer.movements
    ]
    head = ("account", "opening", "closing")
    print_rows(console, [head, *accounts], ("bold", "", ""), " rr")
    lines = [
        (
            f"{each.post_time.ToDatetime():%Y-%m-%d %H:%M:%S}",
            each.kind,
            each.account_id,
            f"{each.amount_minor:,}",
            each.resource_id,
        )
        for each in answer.lines
    ]
    print_rows(console, lines, ("dim", "", "", "", ""), "   r")
    if answer.next_page_token:
        click.echo(f"\nmore with --after {answer.next_page_token}")


def _show(payout: Any, as_json: bool) -> None:
    if as_json:
        print_message(payout)
        return
    owed = payout.owed
    rows = [
        ("payout", payout.payout_id),
        ("agreement", payout.agreement_id),
        ("participant", payout.participant_id),
        ("state", _state(payout) + (", stuck" if payout.stuck else "")),
        ("release", f"proposed by {payout.release_proposed_by}" * bool(payout.release_proposed_by)),
        ("amount", str(Money(payout.amount.minor_units, payout.amount.currency_code))),
        ("owed", str(Money(owed.minor_units, owed.currency_code)) if owed.currency_code else ""),
        ("rate", payout.rate),
        ("due", payout.settle_date),
        ("bank", payout.bank_partner_id or "by hand"),
        ("payee", payout.payee),
        ("bank's reference", payout.partner_reference),
        ("reason", payout.reason),
        ("message", payout.message),
        ("repeats", payout.retry_of_payout_id),
        ("windows", ", ".join(payout.window_ids)),
    ]
    print_rows(open_console(), rows, ("dim", ""))


def _state(payout: Any) -> str:
    return pb.PayoutState.Name(payout.state).removeprefix("PAYOUT_STATE_").lower()
