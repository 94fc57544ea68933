"""What commands share in speaking to people and to scripts: exit statuses, JSON, tables."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NoReturn

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Exit statuses, the same for every sub-command: 0 valid, 1 not valid, 2 wrong use.
NOT_VALID = 1
WRONG_USE = 2

# Where the output is not a terminal, lines are kept whole for grep.
_PIPE_WIDTH = 240


def fail(message: str, status: int) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    raise SystemExit(status)


def as_text(data: Any, indent: int | None = 2) -> str:
    """`data` as JSON."""
    # Lone surrogates from a shell's argument could not be printed as they are.
    text = json.dumps(data, ensure_ascii=False, indent=indent)
    return text.encode("utf-8", "backslashreplace").decode()


def open_console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def clean(value: str) -> str:
    """`value` without what could steer a terminal: what is shown was written by a stranger."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)


def shown_time(time: datetime) -> str:
    """A time in UTC, to the minute."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def print_rows(
    console: Console, rows: Sequence[tuple[str, ...]], styles: tuple[str, ...], right: str = ""
) -> bool:
    """Print `rows` as a table without lines; rows that say nothing are left out.

    `right` has an r for each column that is aligned so. Answers whether there was a row.
    """
    rows = [row for row in rows if any(row[1:])]
    if not rows:
        return False
    table = Table.grid(padding=(0, 2))
    table.add_column(style=styles[0], no_wrap=True)
    for index, style in enumerate(styles[1:], 1):
        justify: Literal["left", "right"] = "right" if right[index : index + 1] == "r" else "left"
        table.add_column(style=style, overflow="fold", justify=justify)
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    console.print()
    console.print(table)
    return True


def print_figures(figures: Mapping[str, Any], as_json: bool) -> None:
    """What a bench has measured: for people a row each, or one JSON document."""
    if as_json:
        click.echo(json.dumps(figures))
    else:
        rows = [(name.replace("_", " "), str(value)) for name, value in figures.items()]
        print_rows(open_console(), rows, ("dim", ""))


def print_finding(console: Console, wrong: bool, code: str, place: str, message: str) -> None:
    line = Text("✗ " if wrong else "! ", style="bold red" if wrong else "bold yellow")
    line.append(code)
    line.append(f" at {place}" if place else "", style="bold default")
    console.print(line)
    console.print(Text(f"  {clean(message)}"))
