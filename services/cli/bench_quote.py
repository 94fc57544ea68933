"""`kawase bench quote`: an HTTP quote beside a gRPC one."""

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from services.cli.workplace import in_directory
from services.sandbox.bench.quote import RATIO_LIMIT, QuoteAsk, bench_quote


@click.command("quote")
@click.option("--seconds", type=click.FloatRange(1, 3600), default=20.0, show_default=True)
@click.option("--rate", type=click.FloatRange(1, 10_000), default=50.0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def quote(seconds: float, rate: float, as_json: bool) -> None:
    """Open-loop quotes, RATE a second by HTTP and as many by gRPC, in turn.

    Exit status 1 when the p99 by HTTP is beyond twice that by gRPC, or a quote failed.
    """
    ask = QuoteAsk(seconds, rate)
    figures = in_directory(
        lambda directory, say: bench_quote(ask, directory, lambda p: say(p.line()), say)
    )
    if as_json:
        click.echo(json.dumps(figures))
    else:
        show(figures)
    if not figures["within_limit"]:
        raise SystemExit(1)


def show(figures: dict[str, Any]) -> None:
    """The figures for a person."""
    console = Console()
    table = Table("quote by", "p50 ms", "p95 ms", "p99 ms", "quotes", "errors", box=None)
    for way in ("grpc", "http"):
        told = figures[way]
        latencies = [str(value) for value in told["latency_ms"].values()]
        errors = str(sum(told["errors"].values()))
        table.add_row(way, *latencies, f"{told['quotes']:,}", errors)
    console.print(table)
    console.print(
        f"at {figures['rate_per_second']:g} quotes a second each, p99 by HTTP is "
        f"{figures['ratio_p99']} times that by gRPC (at most {RATIO_LIMIT:g})",
        style="green" if figures["within_limit"] else "red",
    )
