"""`kawase bench close`: whether closing windows slows payments, or loses or doubles any."""

import click

from services.cli.terminal import print_figures
from services.cli.workplace import in_directory
from services.sandbox.bench.closing import CloseAsk, bench_close


@click.command("close")
@click.option("--seconds", type=click.FloatRange(5, 3600), default=30.0, show_default=True)
@click.option("--share", type=click.FloatRange(0.05, 1), default=0.5, show_default=True)
@click.option(
    "--filled",
    type=click.IntRange(0, 10_000_000),
    default=0,
    help="So many payments are in one window before it is closed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def close(seconds: float, share: float, filled: int, as_json: bool) -> None:
    """Open-loop load at SHARE of the capacity, then the same with a window closed each second.

    Exit status 1 when the windows do not hold just the payments that were completed, one differs
    from the ledger, a close takes 10 s or more, or the payments' p99 grows beyond 1.5 times.
    """
    ask = CloseAsk(seconds, share, filled)
    figures = in_directory(
        lambda directory, say: bench_close(ask, directory, lambda p: say(p.line()), say)
    )
    print_figures(figures, as_json)
    exact = figures["payments_completed"] == figures["payments_in_windows"]
    whole = exact and "DIFFERS" not in figures["windows"]
    if not (whole and figures["within_limits"]):
        raise SystemExit(1)
