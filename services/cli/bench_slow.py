"""`kawase bench slow-partner`: whether one slow partner slows the others."""

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from services.cli.workplace import in_directory
from services.sandbox.bench.slow import RATIO_LIMIT, SlowAsk, bench_slow_partner


@click.command("slow-partner")
@click.option("--seconds", type=click.FloatRange(5, 3600), default=30.0, show_default=True)
@click.option("--share", type=click.FloatRange(0.05, 1), default=0.5, show_default=True)
@click.option("--rate", type=click.FloatRange(0), default=0.0, help="Instead of a share.")
@click.option("--delay-ms", type=click.IntRange(1, 60_000), default=5_000, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def slow_partner(seconds: float, share: float, rate: float, delay_ms: int, as_json: bool) -> None:
    """Open-loop load over two partners, one of which then answers late.

    SECONDS each with both fast and with one slow, at SHARE of the capacity measured before. Exit
    status 1 when the other partner's p99 grows beyond 1.5 times, or the books do not agree.
    """
    ask = SlowAsk(seconds, share, rate, delay_ms)
    figures = in_directory(
        lambda directory, say: bench_slow_partner(ask, directory, lambda p: say(p.line()), say)
    )
    if as_json:
        click.echo(json.dumps(figures))
    else:
        show(figures)
    agreed = figures["final"] and figures["balanced"] and figures["partner_agrees"]
    if not (figures["within_limit"] and agreed):
        raise SystemExit(1)


def show(figures: dict[str, Any]) -> None:
    """The figures for a person."""
    console = Console()
    if "capacity_per_second" in figures:
        console.print(f"capacity: {figures['capacity_per_second']:,} payments/s")
    table = Table("payments", "p50 ms", "p95 ms", "p99 ms", "ended", "errors", box=None)
    for phase in ("before", "after"):
        for whose in ("others", "slow"):
            found = figures[phase]
            ended, errors = found[f"{whose}_states"], found[f"{whose}_errors"]
            table.add_row(
                f"{whose}, {phase}",
                *(str(value) for value in found[whose].values()),
                str(ended),
                str(sum(errors.values())),
            )
    console.print(table)
    console.print(
        f"at {figures['rate_per_second']:,} payments/s the others' p99 is "
        f"{figures['ratio']} times what it was (at most {RATIO_LIMIT})",
        style="green" if figures["within_limit"] else "red",
    )
    if figures["problem"]:
        console.print(figures["problem"], style="red")
