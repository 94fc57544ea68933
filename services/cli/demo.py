"""`kawase demo`: real payments on a local stack, told step by step."""

import asyncio
from pathlib import Path

import click

from services.cli.logs import only_warnings
from services.sandbox.demo.run import run_demo
from services.sandbox.demo.story import DemoFailed
from services.sandbox.demo.telling import Telling
from services.sandbox.errors import StackError


@click.command()
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".local/demo"),
    show_default=True,
    help="Where the stack lives; emptied first.",
)
def demo(directory: Path) -> None:
    """Start everything, make the payments of a tourist's day, show the books, stop everything.

    Exit status 1 when anything ended otherwise than it should.
    """
    only_warnings()
    try:
        asyncio.run(run_demo(directory, Telling()))
    except (StackError, DemoFailed) as error:
        raise click.ClickException(f"{error}\nlogs in {directory / 'logs'}") from error
