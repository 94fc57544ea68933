"""`kawase bench day`: many payments, a partner's file with planted discrepancies, the match."""

import click

from services.cli.terminal import print_figures
from services.cli.workplace import in_directory
from services.sandbox.bench.day import DayAsk, bench_day


@click.command("day")
@click.option("--payments", type=click.IntRange(10), default=100_000, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True, help="Of what is planted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def day(payments: int, seed: int, as_json: bool) -> None:
    """Make PAYMENTS real payments, close their windows, and reconcile the partner's file.

    In the file one of each kind of discrepancy is planted per thousand payments. Exit status 1 when
    not just these are found, or a window differs from the ledger.
    """
    ask = DayAsk(payments, seed)
    figures = in_directory(
        lambda directory, say: bench_day(ask, directory, lambda p: say(p.line()), say)
    )
    print_figures(figures, as_json)
    exact = figures["found"] == figures["planted"] and not figures["invented"]
    if not (exact and figures["windows_closed"]):
        raise SystemExit(1)
