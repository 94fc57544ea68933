"""How a Zengin file looks at a terminal: its headers, entries and sums, then what is wrong."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from services.cli.terminal import open_console, print_finding, print_rows
from services.formats.zengin import (
    ACCOUNT_TYPES,
    ENTRY_KINDS,
    Account,
    Body,
    BulkTransfer,
    DebitTrailer,
    DirectDebit,
    Finding,
    IncomingNotice,
    NoticeHeader,
    NoticeTrailer,
    OrderHeader,
    PayrollTransfer,
    Record,
    Severity,
    StatementEntry,
    StatementHeader,
    StatementTrailer,
    TransferTrailer,
    Verdict,
    title_of,
)

_ENTRY_STYLES = ("dim", "", "cyan", "bold", "dim")
_RIGHT = "r--r-"
Row = tuple[str, ...]


def print_check(verdict: Verdict, findings: Sequence[Finding]) -> None:
    """Print what a check came to."""
    console = open_console()
    console.print(_headline(verdict))
    _print_findings(console, findings)


def print_file(items: Iterator[Record | Finding | Verdict], limit: int) -> Verdict:
    """Print a file as it is read: of each group the first `limit` entries."""
    console = open_console()
    findings: list[Finding] = []
    rows: list[Row] = []
    entries = 0
    for item in items:
        match item:
            case Finding():
                findings.append(item)
            case Verdict():
                _print_entries(console, rows, entries)
                console.print()
                console.print(_headline(item))
                _print_findings(console, findings)
                return item
            case Record(body=body):
                if (row := _entry_row(body)) is not None:
                    entries += 1
                    if entries <= limit:
                        rows.append((str(item.number), *row))
                else:
                    _print_entries(console, rows, entries)
                    rows, entries = [], 0
                    print_rows(console, list(_frame_rows(body)), ("cyan", ""))
    raise AssertionError("a reading ends with its verdict")


def _print_entries(console: Console, rows: list[Row], entries: int) -> None:
    print_rows(console, rows, _ENTRY_STYLES, _RIGHT)
    if entries > len(rows):
        console.print(Text(f"… and {entries - len(rows):,} more", style="dim"))


def _headline(verdict: Verdict) -> Text:
    line = Text(_title(verdict), style="bold")
    word = ("✓ valid", "bold green") if verdict.valid else ("✗ not valid", "bold red")
    line.append("  ").append(*word)
    sums = f"  {verdict.records:,} records, {verdict.entries:,} entries, {_yen(verdict.total_yen)}"
    return line.append(sums, style="not bold dim")


def _title(verdict: Verdict) -> str:
    title = title_of(verdict.business_type or "")
    return (
        f"{title[0].upper()}{title[1:]} ({verdict.business_type})" if title else "Not a Zengin file"
    )


def _print_findings(console: Console, findings: Sequence[Finding]) -> None:
    for finding in findings:
        place = f"record {finding.record}, byte {finding.offset}"
        wrong = finding.severity is Severity.ERROR
        print_finding(console, wrong, finding.code, place, finding.message)


def _frame_rows(body: Body) -> Iterator[Row]:
    """A header, trailer or end in words."""
    match body:
        case OrderHeader():
            yield "Originator", f"{body.originator_name}  {body.originator_code}"
            yield "Account", _account(body.account)
            yield "Day", str(body.value_date)
        case NoticeHeader() | StatementHeader():
            yield "Holder", body.account_name
            yield "Account", _account(body.account)
            yield "Days", f"{body.from_date} to {body.to_date}, made {body.created}"
            if isinstance(body, StatementHeader):
                yield "Opening balance", _yen(body.opening_yen)
        case TransferTrailer():
            yield "Total", _sum(body.count, body.yen)
        case DebitTrailer():
            yield "Total", _sum(body.count, body.yen)
            if body.answered:
                yield "Collected", _sum(body.collected_count, body.collected_yen)
                yield "Failed", _sum(body.failed_count, body.failed_yen)
        case NoticeTrailer():
            yield "Total", _sum(body.count, body.yen)
            yield "Cancelled", _sum(body.cancelled_count, body.cancelled_yen)
        case StatementTrailer():
            yield "In", _sum(body.in_count, body.in_yen)
            yield "Out", _sum(body.out_count, body.out_yen)
            yield "Closing balance", _yen(body.closing_yen)


def _entry_row(body: Body) -> Row | None:
    """Account or day, name, amount and the rest of an entry; None where it is none."""
    match body:
        case BulkTransfer():
            codes = " ".join(code for code in body.customer_codes if code.strip("0"))
            return _account(body.payee), body.payee_name, _yen(body.yen), body.edi or codes
        case PayrollTransfer():
            return _account(body.payee), body.payee_name, _yen(body.yen), body.employee_number
        case DirectDebit():
            result = "" if body.result == "0" else body.result.name.lower().replace("_", " ")
            rest = f"{body.customer_number} {result}".strip()
            return _account(body.payer), body.payer_name, _yen(body.yen), rest
        case IncomingNotice():
            rest = " ".join(("cancelled" if body.cancelled else "", body.edi)).strip()
            return str(body.posting_date), body.payer_name, _yen(body.yen), rest
        case StatementEntry():
            kind = ENTRY_KINDS.get(body.kind, body.kind)
            rest = " ".join(part for part in (kind, body.summary, body.edi) if part)
            return str(body.posting_date), body.payer_name, _yen(body.signed_yen), rest
        case _:
            return None


def _account(account: Account) -> str:
    kind = ACCOUNT_TYPES.get(account.account_type, account.account_type)
    names = " ".join(name for name in (account.bank_name, account.branch_name) if name)
    codes = f"{account.bank_code}-{account.branch_code} {kind} {account.account_number}"
    return f"{codes}  {names}" if names else codes


def _sum(count: int, yen: int) -> str:
    return f"{_yen(yen)} in {count:,} {'entry' if count == 1 else 'entries'}"


def _yen(yen: int) -> str:
    return f"{yen:,} yen"
