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
from services.sandbox.opening import open_world
from services.sandbox.progress import Progress
from services.sandbox.stack import Stack

# Where the README's lines look for the gateway; other ports are taken where these are in use.
PORTS = {"gateway": 50051, "gateway-http": 8080}


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
@click.option("--empty", is_flag=True, help="Leave the demo's wallets, shops and corridors out.")
def up(directory: Path, as_json: bool, only: tuple[str, ...], partitions: int, empty: bool) -> None:
    """Run PostgreSQL, Kafka, the partners' simulators and the six services until Ctrl-C.

    The demo's world is there from the first start on: wallets, shops and corridors, with a file in
    DIR/keys for the API key of each participant.

    KAWASE_POSTGRES and KAWASE_KAFKA name servers to use instead of starting them.
    """
    only_warnings()
    simulators, services = chosen(only)

    def tell(progress: Progress) -> None:
        click.echo(progress.line(), err=as_json)

    stack = Stack(directory, tell=tell)
    house = House(stack, tell, simulators, services, partitions=partitions, ports=PORTS)
    asyncio.run(_run(house, as_json, has_world=not empty and not only))


async def _start(house: House, has_world: bool) -> Path | None:
    """Start everything; the folder of API keys, where there is a world."""
    endpoints = await house.start()
    if not has_world:
        return None
    try:
        return await open_world(endpoints)
    except BaseException:
        await house.stop()
        raise


async def _run(house: House, as_json: bool, has_world: bool) -> None:
    """Run until a signal; a second one ends everything at once, by our own death."""
    asked = asyncio.Event()

    def ask() -> None:
        if asked.is_set():
            os._exit(130)
        asked.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ask)
    starting = asyncio.create_task(_start(house, has_world))
    waiting = asyncio.create_task(asked.wait())
    await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
    if starting.cancelled():
        return
    try:
        _say(house.endpoints, starting.result(), as_json)
        await waiting
    finally:
        waiting.cancel()
        await house.stop()


def _say(endpoints: Endpoints, keys: Path | None, as_json: bool) -> None:
    if as_json:
        told = json.loads(endpoints.to_json()) | {"pid": os.getpid()}
        click.echo(json.dumps(told | ({} if keys is None else {"keys": str(keys)})))
        return
    if address := endpoints.processes.get("gateway-http"):
        click.echo(f"\nHTTP API at http://{address}, its pages at http://{address}/docs")
        click.echo(f"gRPC at {endpoints.processes['gateway']}", nl=False)
    if keys is not None:
        names = ", ".join(sorted(path.name for path in keys.iterdir()))
        click.echo(f"\nAPI keys of {names} in {keys}", nl=False)
    click.echo(f"\nlogs in {endpoints.directory / 'logs'}; Ctrl-C stops everything")
