"""`kawase bench import`: how fast a partner's or bank's file is taken in."""

import click

from services.cli.terminal import print_figures
from services.cli.workplace import in_directory
from services.sandbox.bench.importing.files import FILES
from services.sandbox.bench.importing.run import bench_import


@click.command("import")
@click.option("--rows", type=click.IntRange(1, 3_000_000), default=1_000_000, show_default=True)
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(FILES)),
    default="antom_settlement",
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def import_(rows: int, format_: str, as_json: bool) -> None:
    """Import a partner's or bank's file of ROWS rows over gRPC, and the same file again.

    Exit status 1 when rows are missing, or the repeat changed something.
    """
    figures = in_directory(
        lambda directory, say: bench_import(rows, format_, directory, lambda p: say(p.line()), say)
    )
    print_figures(figures, as_json)
    if figures["rows"] != rows or not figures["repeat_changed_nothing"]:
        raise SystemExit(1)
