"""`kawase bench recon`: the matching, on two sides of any size with planted breaks."""

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from services.cli.workplace import in_directory
from services.sandbox.bench.recon.run import bench_recon


@click.command("recon")
@click.option("--rows", type=click.IntRange(1, 100_000_000), default=1_000_000, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def recon(rows: int, seed: int, engine: str, as_json: bool) -> None:
    """Match ROWS ledger rows against as many of a partner, a tenth of them with planted breaks.

    Time and memory are those of the matching alone, in a process of its own. Exit status 1 when a
    planted break is not found in its place, or one is found that was not planted.
    """
    figures = in_directory(lambda directory, say: bench_recon(rows, seed, engine, directory, say))
    if as_json:
        click.echo(json.dumps(figures))
    else:
        show(figures)
    if figures["found"] != figures["planted"] or figures["invented"]:
        raise SystemExit(1)


def show(figures: dict[str, Any]) -> None:
    """The figures for a person."""
    console = Console()
    console.print(
        f"[bold]{figures['rows']:,} × {figures['rows']:,} rows[/] by {figures['engine']} in "
        f"{figures['seconds']} s, at most {figures['peak_bytes'] / 1e9:.2f} GB"
    )
    table = Table("what", "rows", box=None)
    for name, count in figures["matches_by_rule"].items():
        table.add_row(f"matched by {name}", f"{count:,}")
    for name, count in figures["breaks_by_kind"].items():
        table.add_row(f"break {name}", f"{count:,}")
    console.print(table)
    console.print(
        f"planted {figures['planted']:,}, found {figures['found']:,}, "
        f"invented {figures['invented']:,}"
    )
