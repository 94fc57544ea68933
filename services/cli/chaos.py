"""`kawase chaos`: kill each part after each step of a payment, and look how it ends."""

import asyncio
import json
import shutil
import tempfile
from pathlib import Path

import click

from services.cli.logs import only_warnings
from services.sandbox.chaos.moments import VICTIMS
from services.sandbox.chaos.run import Cell, as_rows, run_chaos
from services.sandbox.errors import StackError
from services.sandbox.progress import tell_nobody


@click.command()
@click.option(
    "--victim",
    "victims",
    multiple=True,
    type=click.Choice(VICTIMS),
    help="Kill only this one; may be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def chaos(victims: tuple[str, ...], as_json: bool) -> None:
    """Real kills (SIGKILL) at every moment of accepted and rejected payments.

    Exit status 1 when a payment ended otherwise than it should, or not once.
    """
    directory = Path(tempfile.mkdtemp(prefix="kawase-chaos-"))
    only_warnings()
    try:
        cells = asyncio.run(
            run_chaos(
                directory,
                tell_nobody,
                lambda cell: click.echo(line(cell), err=as_json),
                victims or VICTIMS,
            )
        )
    except StackError as error:
        raise click.ClickException(f"{error}\nlogs in {directory / 'logs'}") from error
    failed = [cell for cell in cells if cell.problem]
    if as_json:
        click.echo(json.dumps(as_rows(cells)))
    else:
        click.echo(f"{len(cells) - len(failed)} passed, {len(failed)} failed")
    if failed:
        click.echo(f"logs in {directory / 'logs'}", err=True)
        raise SystemExit(1)
    shutil.rmtree(directory, ignore_errors=True)


def line(cell: Cell) -> str:
    """One cell for a person."""
    end = cell.problem or f"{cell.state.lower()}, once, after {cell.seconds} s"
    return f"{cell.moment:<32} {cell.victim:<9} {end}"
