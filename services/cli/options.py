"""Options that several commands share, and the keys of the local stack."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from services.sandbox.endpoints import KEYS

_SENTENCE = 400

directory_option = click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".local"),
    show_default=True,
    help="Where the stack keeps its data.",
)


class Group(click.Group):
    """Commands whose list shows each one's first sentence whole, over several lines if need be."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [
            (name, command.get_short_help_str(_SENTENCE))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def participant_option(*, required: bool) -> Callable[[Any], Any]:
    """Whose key is used."""
    return click.option(
        "--participant", required=required, default="", help="Such as edo-acquirer."
    )


def kept_key(directory: Path, name: str) -> str:
    """The key that `kawase up` has left in a file. Raises UsageError where there is none."""
    folder = directory / KEYS
    path = folder / name
    if Path(name).name == name and path.is_file():
        return path.read_text()
    if not folder.is_dir():
        raise click.UsageError(
            f"There is no key of {name!r} in {folder}: start the stack with `kawase up`, name its "
            "directory with --dir, or give --key."
        )
    known = ", ".join(sorted(each.name for each in folder.iterdir() if not each.suffix))
    raise click.UsageError(f"There is no key of {name!r} in {folder}, only of {known}.")
