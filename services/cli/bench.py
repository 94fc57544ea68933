"""`kawase bench`: how fast this machine is, with everything real."""

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from services.cli.bench_close import close
from services.cli.bench_day import day
from services.cli.bench_import import import_
from services.cli.bench_quote import quote
from services.cli.bench_recon import recon
from services.cli.bench_slow import slow_partner
from services.cli.options import Group
from services.cli.workplace import in_directory
from services.sandbox.bench.run import Ask, bench_payments
from services.sandbox.bench.stored import bench_stored
from services.sandbox.progress import tell_nobody


@click.group(cls=Group)
def bench() -> None:
    """Measure, and check the books afterwards."""


bench.add_command(close)
bench.add_command(day)
bench.add_command(import_)
bench.add_command(quote)
bench.add_command(recon)
bench.add_command(slow_partner)


@bench.command()
@click.option("--seconds", type=click.FloatRange(1, 3600), default=20.0, show_default=True)
@click.option("--in-flight", type=click.IntRange(1, 10_000), default=256, show_default=True)
@click.option("--api", type=click.Choice(["unary", "stream"]), default="unary", show_default=True)
@click.option("--rate", type=click.FloatRange(0), default=0.0, help="Open loop: payments a second.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def payments(seconds: float, in_flight: int, api: str, rate: float, as_json: bool) -> None:
    """Payments a second, latencies, and CPU of each process per payment.

    Durable PostgreSQL and Kafka, a light partner over HTTP, all on this machine. Exit status 1 when
    the books do not agree afterwards.
    """
    figures = in_directory(
        lambda directory, say: bench_payments(
            Ask(seconds, in_flight, api, rate), directory, lambda p: say(p.line()), say
        )
    )
    if as_json:
        click.echo(json.dumps(figures))
    else:
        show(figures)
    if not (figures["final"] and figures["balanced"] and figures["partner_agrees"]):
        raise SystemExit(1)


@bench.command()
@click.option("--payments", type=click.IntRange(1), default=500_000, show_default=True)
@click.option("--runs", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--seconds", type=click.FloatRange(1, 600), default=10.0, show_default=True)
@click.option("--in-flight", type=click.IntRange(1, 10_000), default=512, show_default=True)
@click.option("--api", type=click.Choice(["unary", "stream"]), default="stream", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def stored(
    payments: int, runs: int, seconds: float, in_flight: int, api: str, as_json: bool
) -> None:
    """Whether many stored payments slow new ones: a full and a fresh house, run in turn."""
    figures = in_directory(
        lambda directory, say: bench_stored(
            payments, runs, Ask(seconds, in_flight, api), directory, tell_nobody, say
        )
    )
    if as_json:
        click.echo(json.dumps(figures))
    else:
        click.echo(
            f"with {figures['stored']:,} payments stored: {figures['ratio']:.0%} of fresh tables "
            f"(medians of {runs} runs in turn: {figures['payments_per_second']})"
        )
    if not (figures["final"] and figures["balanced"] and figures["partner_agrees"]):
        raise SystemExit(1)


def show(figures: dict[str, Any]) -> None:
    """The figures for a person."""
    console = Console()
    console.print(
        f"[bold]{figures['payments_per_second']:,} payments/s[/] by {figures['api']}, "
        f"{figures['in_flight']} in flight, {figures['payments']:,} payments"
    )
    latency = Table("call", "p50 ms", "p95 ms", "p99 ms", box=None)
    for name, values in figures["latency_ms"].items():
        latency.add_row(name, *(str(value) for value in values.values()))
    console.print(latency)
    cpu = Table("process", "CPU µs a payment", box=None)
    for name, micros in figures["cpu_us_per_payment"].items():
        cpu.add_row(name, str(micros))
    cpu.add_row("all", str(sum(figures["cpu_us_per_payment"].values())))
    console.print(cpu)
    for name, alone in figures["beside"].items():
        console.print(
            f"{name.replace('_', ' ')}: {alone['per_second']:,} payments/s, CPU µs a payment: "
            f"client {alone['cpu_us']['client']}, server {alone['cpu_us']['server']}",
            style="dim",
        )
    for kind in ("states", "errors"):
        for name, count in figures[kind].items():
            console.print(f"{count:>8,}  {name}")
    agreed = figures["final"] and figures["balanced"] and figures["partner_agrees"]
    console.print(
        f"all final: {figures['final']}, books balanced: {figures['balanced']}, "
        f"same as the partner's: {figures['partner_agrees']}",
        style="green" if agreed else "red",
    )
    if figures["problem"]:
        console.print(figures["problem"], style="red")
