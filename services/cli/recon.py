"""`kawase recon`: files in, days matched and closed, reports out, in a running house."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from services.cli.asking import Asking, desk_options, json_option, print_message
from services.cli.options import Group, directory_option
from services.cli.recon_breaks import COMMANDS, who_option
from services.cli.terminal import NOT_VALID, open_console, print_rows, shown_time
from services.core.money import Money
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as bridge_pb
from services.pb.kawase.bridge.v1.bridge_service_pb2_grpc import BridgeServiceStub
from services.pb.kawase.reconciliation.v1 import day_service_pb2 as days
from services.pb.kawase.reconciliation.v1 import file_service_pb2 as pb
from services.pb.kawase.reconciliation.v1.day_service_pb2_grpc import DayServiceStub
from services.pb.kawase.reconciliation.v1.file_service_pb2_grpc import FileServiceStub

PIECE_BYTES = 256 << 10
FORMATS = ("json", "csv", "xlsx", "html", "settlement", "settlement_summary")


partner_option = click.option(
    "--partner",
    "partners",
    multiple=True,
    help="Only this partner; without it all that have given files of the day.",
)


@click.group(cls=Group)
@directory_option
@desk_options
@click.pass_context
def recon(ctx: click.Context, directory: Path, address: str, key: str) -> None:
    """Reconcile: import partners' and banks' files, match a day, work off its breaks, close it.

    Exit status: 0 done, 1 refused or breaks are open, 2 wrong use.
    """
    ctx.obj = Asking.desk(directory, "reconciliation", address, key)


@recon.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--partner", required=True, help="Whose files they are.")
@click.option("--format", "format_", default="", help="Without it, found out by content.")
@click.option("--day", default="", help="YYYY-MM-DD the files have to be of.")
@click.option(
    "--replaces",
    default="",
    help="The file that the one FILE corrects: its id, or the document it is. Both are kept.",
)
@who_option
@json_option
@click.pass_obj
def import_files(
    asking: Asking,
    files: tuple[Path, ...],
    partner: str,
    format_: str,
    day: str,
    replaces: str,
    operator: str,
    as_json: bool,
) -> None:
    """Take in FILES of a partner. The same file again changes nothing; a damaged one is refused
    whole, with where and why."""
    if replaces and len(files) > 1:
        raise click.UsageError("--replaces goes with one file: import them one by one")
    for path in files:
        header = pb.ImportHeader(
            file_name=path.name,
            format=format_,
            partner_id=partner,
            operator=operator,
            day=day,
            replaces=replaces,
        )
        answer = asking.send(FileServiceStub, "ImportFile", _pieces(header, path))
        _show_import(answer, as_json)


@recon.command()
@click.argument("partner")
@click.argument("day")
@click.option(
    "--kind",
    type=click.Choice(["settlement", "statement"]),
    default="settlement",
    show_default=True,
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder for the file; without it the present one.",
)
@click.pass_obj
def fetch(asking: Asking, partner: str, day: str, kind: str, into: Path) -> None:
    """Get PARTNER's file of DAY (YYYY-MM-DD) from the bridge, inside the house, to be imported."""
    request = bridge_pb.FetchPartnerFileRequest(partner_id=partner, kind=kind, day=day)
    bridge = Asking(asking.directory, "bridge")
    into.mkdir(parents=True, exist_ok=True)
    for path in _write(bridge, BridgeServiceStub, "FetchPartnerFile", request, into):
        click.echo(str(path))


@recon.command()
@click.option("--partner", default="", help="Only this partner's files.")
@click.option("--day", default="", help="Only files of this day.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@json_option
@click.pass_obj
def files(asking: Asking, partner: str, day: str, limit: int, as_json: bool) -> None:
    """List the files that were taken in."""
    request = pb.ListFilesRequest(partner_id=partner, day=day, page_size=limit)
    answer = asking.ask(FileServiceStub, "ListFiles", request)
    if as_json:
        print_message(answer)
        return
    head = ("file", "partner", "day", "format", "rows", "total", "name", "replaced by")
    rows = [(*_file_row(file), file.replaced_by) for file in answer.files]
    print_rows(open_console(), [head, *rows], ("bold", *[""] * 7), "    rr")


@recon.command()
@click.option("--partner", default="", help="Only this partner's files.")
@json_option
@click.pass_obj
def overdue(asking: Asking, partner: str, as_json: bool) -> None:
    """List files that are late by their partners' calendars. Exit status 1 when there are any."""
    request = pb.ListOverdueFilesRequest(partner_id=partner)
    answer = asking.ask(FileServiceStub, "ListOverdueFiles", request)
    if as_json:
        print_message(answer)
    else:
        rows = [
            (
                late.partner_id,
                late.day,
                ", ".join(late.formats) or "any file",
                shown_time(late.due_time.ToDatetime()),
            )
            for late in answer.files
        ]
        head = ("partner", "day", "missing", "due")
        print_rows(open_console(), [head, *rows], ("bold", "", "", ""))
    if answer.files:
        raise SystemExit(NOT_VALID)


@recon.command()
@click.argument("day")
@partner_option
@json_option
@click.pass_obj
def run(asking: Asking, day: str, partners: tuple[str, ...], as_json: bool) -> None:
    """Match DAY (YYYY-MM-DD); may be repeated. Exit status 1 when breaks are open."""
    is_open = False
    for partner in partners or _partners_of(asking, day):
        request = days.RunDayRequest(partner_id=partner, day=day)
        summary = asking.ask(DayServiceStub, "RunDay", request).summary
        _show_summary(summary, as_json)
        is_open = is_open or summary.open_break_count > 0
    if is_open:
        raise SystemExit(NOT_VALID)


@recon.command()
@click.argument("day")
@partner_option
@who_option
@json_option
@click.pass_obj
def close(
    asking: Asking, day: str, partners: tuple[str, ...], operator: str, as_json: bool
) -> None:
    """Close DAY: refused while anything is neither matched nor explained."""
    for partner in partners or _partners_of(asking, day):
        request = days.CloseDayRequest(partner_id=partner, day=day, operator=operator)
        _show_summary(asking.ask(DayServiceStub, "CloseDay", request).summary, as_json)


@recon.command()
@click.argument("day")
@click.option("--partner", required=True, help="Whose day it is.")
@click.option("--reason", default="", help="Why; it stands in the amended report.")
@click.option("--approve", is_flag=True, help="Agree to what another person has proposed.")
@who_option
@json_option
@click.pass_obj
def reopen(
    asking: Asking,
    day: str,
    partner: str,
    reason: str,
    approve: bool,
    operator: str,
    as_json: bool,
) -> None:
    """Open the closed DAY of a partner again: one person proposes it with a --reason, another one
    runs it with --approve. Its report stays as it is; the next close adds an amended one."""
    if approve == bool(reason):
        raise click.UsageError("say either --reason, to propose it, or --approve")
    place = {"partner_id": partner, "day": day, "operator": operator}
    if approve:
        asked = days.ApproveReopeningRequest(**place)
        summary = asking.ask(DayServiceStub, "ApproveReopening", asked).summary
    else:
        proposed = days.ProposeReopeningRequest(**place, reason=reason)
        summary = asking.ask(DayServiceStub, "ProposeReopening", proposed).summary
    _show_summary(summary, as_json)


@recon.command()
@click.argument("day")
@partner_option
@click.option("--format", "format_", type=click.Choice(FORMATS), default="json", show_default=True)
@click.option(
    "--version",
    type=click.IntRange(0),
    default=0,
    help="Of which close, where a day was opened again; without it the latest.",
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder for the report; without it the present one.",
)
@click.pass_obj
def report(
    asking: Asking, day: str, partners: tuple[str, ...], format_: str, version: int, into: Path
) -> None:
    """Write the reports of DAY; of a closed day they are always the same bytes."""
    into.mkdir(parents=True, exist_ok=True)
    for partner in partners or _partners_of(asking, day):
        request = days.GetReportRequest(
            partner_id=partner, day=day, format=format_, version=version
        )
        for path in _write(asking, DayServiceStub, "GetReport", request, into):
            click.echo(str(path))


@recon.command()
@click.argument("partner")
@click.argument("day")
@click.argument("figure")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@json_option
@click.pass_obj
def rows(asking: Asking, partner: str, day: str, figure: str, limit: int, as_json: bool) -> None:
    """List the rows behind a number of the report: FIGURE as the report names it, such as
    `breaks.AMOUNT` or `matched.exact`."""
    request = days.ListRowsRequest(partner_id=partner, day=day, figure=figure, page_size=limit)
    answer = asking.ask(DayServiceStub, "ListRows", request)
    if as_json:
        print_message(answer)
        return
    head = ("side", "reference", "kind", "amount", "fee", "state", "day", "from")
    print_rows(open_console(), [head, *map(row_cells, answer.rows)], ("bold", *[""] * 7), "   rr")


for command in COMMANDS:
    recon.add_command(command)


def row_cells(row: Any) -> tuple[str, ...]:
    """One row of a side, for people."""
    place = f"{row.file_id} record {row.record}" if row.file_id else f"{row.stripe}/{row.sequence}"
    return (
        row.side,
        row.reference,
        row.kind,
        str(Money(row.amount.minor_units, row.amount.currency_code)),
        str(Money(row.fee.minor_units, row.fee.currency_code)) if row.HasField("fee") else "",
        row.state,
        row.day,
        place,
    )


def _partners_of(asking: Asking, day: str) -> list[str]:
    """The partners that have given files of the day."""
    request = pb.ListFilesRequest(day=day, page_size=500)
    found = {file.partner_id for file in asking.ask(FileServiceStub, "ListFiles", request).files}
    if not found:
        raise click.ClickException(
            f"no file of {day} is imported: use `kawase recon import` first, or name a --partner, "
            "such as a bank whose next statement shows a holiday"
        )
    return sorted(found)


def _write(asking: Asking, stub: Any, method: str, request: Any, into: Path) -> list[Path]:
    """The files that a call streams, written into a folder."""
    found: dict[str, bytearray] = {}

    def take(message: Any) -> None:
        if message.file_name:
            found.setdefault(message.file_name, bytearray())
        found[next(reversed(found))].extend(message.data)

    asking.receive(stub, method, request, take)
    # A stranger's name for a file leads nowhere but into the folder.
    written = {into / Path(name).name: data for name, data in found.items()}
    for path, data in written.items():
        path.write_bytes(data)
    return list(written)


def _pieces(header: pb.ImportHeader, path: Path) -> Iterator[pb.ImportFileRequest]:
    yield pb.ImportFileRequest(header=header)
    with path.open("rb") as file:
        while data := file.read(PIECE_BYTES):
            yield pb.ImportFileRequest(data=data)


def _show_import(answer: pb.ImportFileResponse, as_json: bool) -> None:
    if as_json:
        print_message(answer)
        return
    word = "known already" if answer.repeated_import else "taken in"
    if answer.file.replaces and not answer.repeated_import:
        word = f"replaces {answer.file.replaces}: run the day again"
    head = ("file", "partner", "day", "format", "rows", "total", "name", "")
    row = (*_file_row(answer.file), word)
    print_rows(open_console(), [head, row], ("bold", *[""] * 7), "    rr")


def _file_row(file: Any) -> tuple[str, ...]:
    return (
        file.file_id,
        file.partner_id,
        file.day,
        file.format,
        f"{file.row_count:,}",
        ", ".join(str(Money(each.minor_units, each.currency_code)) for each in file.totals),
        file.file_name,
    )


def _state(summary: days.DaySummary) -> str:
    parts = [summary.state]
    if summary.report_version > 1:
        parts.append(f"report {summary.report_version}")
    if summary.outdated:
        parts.append("to be run again")
    if summary.reopening_proposed_by:
        parts.append(f"{summary.reopening_proposed_by} proposes to open it again")
    return ", ".join(parts)


def _show_summary(summary: days.DaySummary, as_json: bool) -> None:
    if as_json:
        print_message(summary)
        return
    console = open_console()
    facts = [
        ("partner", summary.partner_id),
        ("day", f"{summary.day}, {_state(summary)}"),
        ("our rows", f"{summary.our_row_count:,}"),
        ("their rows", f"{summary.their_row_count:,}"),
        ("matched", f"{summary.matched_count:,}"),
        *((f"  by {rule}", f"{n:,}") for rule, n in sorted(summary.matches_by_rule.items())),
        ("breaks open", f"{summary.open_break_count:,}"),
        ("not matched", f"{sum(summary.breaks_by_kind.values()):,}"),
        *((f"  {kind}", f"{n:,}") for kind, n in sorted(summary.breaks_by_kind.items())),
    ]
    print_rows(console, facts, ("dim", ""), " r")
