"""`kawase chaos-partners`: many payments under faults at random, then our books against theirs."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from services.cli.logs import only_warnings
from services.sandbox.chaos.partners.run import Outcome, run_chaos_partners
from services.sandbox.errors import StackError

SHOWN = 100


@click.command("chaos-partners")
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--payments", type=click.IntRange(20, 100_000), default=2_000, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def chaos_partners(seed: int, payments: int, as_json: bool) -> None:
    """Pay on a fresh house whose partners all fail at random; the same SEED repeats the run.

    Exit status 1 when our books and a partner's differ, or anything has not ended.
    """
    directory = Path(tempfile.mkdtemp(prefix="kawase-chaos-partners-"))
    only_warnings()
    err = Console(stderr=True)

    def say(text: str) -> None:
        err.print(text, style="dim", highlight=False)

    try:
        outcome = asyncio.run(
            run_chaos_partners(seed, payments, directory, lambda p: say(p.line()), say)
        )
    except StackError as error:
        raise click.ClickException(f"{error}\nlogs in {directory / 'logs'}") from error
    if as_json:
        click.echo(json.dumps(as_document(outcome)))
    else:
        show(outcome)
    if outcome.verdict.differences:
        click.echo(f"logs in {directory / 'logs'}", err=True)
        raise SystemExit(1)
    shutil.rmtree(directory, ignore_errors=True)


def as_document(outcome: Outcome) -> dict[str, Any]:
    """For programs."""
    table = [
        {"partner": partner, "outcome": end, "count": count}
        for (partner, end), count in sorted(outcome.verdict.table.items())
    ]
    return asdict(outcome) | {
        "verdict": {"table": table, "differences": outcome.verdict.differences}
    }


def show(outcome: Outcome) -> None:
    """The table and every difference, for a person."""
    console = Console()
    table = Table("partner", "outcome", box=None)
    table.add_column("count", justify="right")
    for (partner, end), count in sorted(outcome.verdict.table.items()):
        table.add_row(partner, end, f"{count:,}")
    console.print(table)
    _tell(console, "payers were refused", outcome.refused)
    _tell(console, "the operator settled", outcome.settled)
    for partner, faults in sorted(outcome.struck.items()):
        _tell(console, f"faults at {partner}", faults)
    differences = outcome.verdict.differences
    for difference in differences[:SHOWN]:
        console.print(difference, style="red", highlight=False, soft_wrap=True)
    console.print(
        f"{len(differences)} differences after {outcome.seconds:.0f} s"
        if differences
        else f"our books and the partners' are equal, after {outcome.seconds:.0f} s",
        style="red" if differences else "green",
        highlight=False,
    )


def _tell(console: Console, what: str, counts: Mapping[str, int]) -> None:
    if counts:
        told = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
        console.print(f"{what}: {told}", highlight=False, soft_wrap=True)
