"""`kawase zengin`: check and show files of Japanese banks."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, BinaryIO, NoReturn
from zoneinfo import ZoneInfo

import click

from services.cli.options import Group
from services.cli.terminal import NOT_VALID, WRONG_USE, as_text, fail
from services.core.business_days import BankCalendar
from services.core.clock import SystemClock
from services.formats.banks import ZenginBanks
from services.formats.findings import Finding
from services.formats.zengin import Checks, Record, Verdict, check, read

TOKYO = ZoneInfo("Asia/Tokyo")
SHOWN_ENTRIES = 50
MOST_SHOWN_ENTRIES = 10_000

file_argument = click.argument("file", type=click.File("rb"))
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
as_of_option = click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Dates without a year or era are those nearest to this day; today in Tokyo if not given.",
)


@click.group(cls=Group)
def zengin() -> None:
    """Check and show Zengin files: bulk transfers, direct debits, notices, statements.

    Exit status: 0 the file is valid, 1 it is not, 2 the command was used wrongly.
    """


@zengin.command("check")
@file_argument
@as_of_option
@json_option
def check_command(file: BinaryIO, as_of: datetime | None, as_json: bool) -> NoReturn:
    """Check FILE, whatever its size; `-` reads it from standard input.

    Exit status: 0 valid, 1 not valid, 2 wrong use or not readable.
    """
    findings: list[Finding] = []
    verdict: Verdict | None = None
    try:
        for item in check(file, _checks(as_of)):
            if isinstance(item, Verdict):
                verdict = item
            else:
                findings.append(item)
    except OSError as problem:
        _fail_reading(file, problem)
    assert verdict is not None, "the last thing a check gives"
    if as_json:
        click.echo(as_text(_report(verdict, findings)))
    else:
        from services.cli.zengin_view import print_check

        print_check(verdict, findings)
    raise SystemExit(0 if verdict.valid else NOT_VALID)


@zengin.command("show")
@file_argument
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_SHOWN_ENTRIES),
    default=SHOWN_ENTRIES,
    show_default=True,
    help="Entries shown of each group; JSON has them all.",
)
@as_of_option
@json_option
def show_command(file: BinaryIO, limit: int, as_of: datetime | None, as_json: bool) -> NoReturn:
    """Show what FILE says: headers, entries, sums, and what is wrong; `-` is standard input.

    Exit status: 0 valid, 1 not valid, 2 wrong use or not readable.
    """
    try:
        items = read(file, _checks(as_of))
        if as_json:
            verdict = _print_records(items)
        else:
            from services.cli.zengin_view import print_file

            verdict = print_file(items, limit)
    except BrokenPipeError:
        raise
    except OSError as problem:
        _fail_reading(file, problem)
    raise SystemExit(0 if verdict.valid else NOT_VALID)


def _checks(as_of: datetime | None) -> Checks:
    day: date = as_of.date() if as_of else SystemClock().now().astimezone(TOKYO).date()
    return Checks(day, ZenginBanks(), BankCalendar(("JP",)).is_open)


def _print_records(items: Iterator[Record | Finding | Verdict]) -> Verdict:
    """One JSON document, a record a line, so that a long file needs no memory."""
    findings: list[Finding] = []
    lead = '{"records": [\n  '
    for item in items:
        match item:
            case Record():
                click.echo(lead + as_text(_record_report(item), indent=None), nl=False)
                lead = ",\n  "
            case Finding():
                findings.append(item)
            case Verdict():
                none = lead if lead.startswith("{") else ""
                rest = {"file": _report(item, findings)}
                click.echo(f"{none}\n], {as_text(rest, indent=None)[1:]}")
                return item
    raise AssertionError("a reading ends with its verdict")


def _report(verdict: Verdict, findings: list[Finding]) -> dict[str, Any]:
    return {
        "valid": verdict.valid,
        "business_type": verdict.business_type,
        "records": verdict.records,
        "total_minor": verdict.total_yen,
        "findings": [_finding_report(finding) for finding in findings],
    }


def _finding_report(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "record": finding.record,
        "offset": finding.offset,
        "message": finding.message,
    }


def _record_report(record: Record) -> dict[str, Any]:
    body = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(record.body).items()
    }
    name = type(record.body).__name__
    return {"record": record.number, "offset": record.offset, "type": name, **body}


def _fail_reading(file: BinaryIO, problem: OSError) -> NoReturn:
    fail(f"{file.name} cannot be read: {problem.strerror or problem}.", WRONG_USE)
