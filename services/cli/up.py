"""`kawase up`: the whole house on this machine, until Ctrl-C."""

import asyncio
import json
import os
import signal
from pathlib import Path

import click

from services.cli.logs import only_warnings
from services.cli.options import directory_option
from services.sandbox.endpoints import Endpoints
from services.sandbox.house import House, chosen, names
from services.sandbox.progress import Progress
from services.sandbox.stack import Stack


@click.command()
@directory_option
@click.option("--json", "as_json", is_flag=True, help="Print one line of endpoints when ready.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(names()),
    help="Run the stack and this process only; `stack` for PostgreSQL and Kafka alone.",
)
@click.option(
    "--partitions",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Partitions of topics that do not exist yet.",
)
def up(directory: Path, as_json: bool, only: tuple[str, ...], partitions: int) -> None:
    """Run PostgreSQL, Kafka, the partners' simulators and the six services until Ctrl-C.

    KAWASE_POSTGRES and KAWASE_KAFKA name servers to use instead of starting them.
    """
    only_warnings()
    simulators, services = chosen(only)

    def tell(progress: Progress) -> None:
        click.echo(progress.line(), err=as_json)

    stack = Stack(directory, tell=tell)
    house = House(stack, tell, simulators, services, partitions=partitions)
    asyncio.run(_run(house, as_json))


async def _run(house: House, as_json: bool) -> None:
    """Run until a signal; a second one ends everything at once, by our own death."""
    asked = asyncio.Event()

    def ask() -> None:
        if asked.is_set():
            os._exit(130)
        asked.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ask)
    starting = asyncio.create_task(house.start())
    waiting = asyncio.create_task(asked.wait())
    await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
    if starting.cancelled():
        return
    try:
        _say(starting.result(), as_json)
        await waiting
    finally:
        waiting.cancel()
        await house.stop()


def _say(endpoints: Endpoints, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(json.loads(endpoints.to_json()) | {"pid": os.getpid()}))
        return
    if address := endpoints.processes.get("gateway-http"):
        click.echo(f"\nHTTP API at http://{address}, its pages at http://{address}/docs", nl=False)
    click.echo(f"\nlogs in {endpoints.directory / 'logs'}; Ctrl-C stops everything")
