"""A folder for one command's work, and a person who is told how it goes."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from services.cli.logs import only_warnings
from services.sandbox.errors import StackError


def in_directory(
    work: Callable[[Path, Callable[[str], None]], Coroutine[Any, Any, dict[str, Any]]],
) -> dict[str, Any]:
    """Run `work` in a directory that is gone afterwards, with progress beside the output."""
    only_warnings()
    directory = Path(tempfile.mkdtemp(prefix="kawase-bench-"))
    err = Console(stderr=True)
    try:
        return asyncio.run(
            work(directory, lambda text: err.print(text, style="dim", highlight=False))
        )
    except StackError as error:
        raise click.ClickException(str(error)) from error
    finally:
        shutil.rmtree(directory, ignore_errors=True)
