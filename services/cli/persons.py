"""`kawase persons`: codes by which a hosted wallet's users are paid, over the Python client."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from services.cli.asking import address_option
from services.cli.options import Group, directory_option, kept_key
from services.cli.terminal import open_console, print_rows, shown_time
from services.cli.tls import given_tls
from services.sandbox.endpoints import read_endpoints
from services.sdk import DrawingFormat, PersonalCode, WalletClient

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose persons, and where they are kept."""

    directory: Path
    address: str
    wallet: str
    key: str

    def do(self, work: Callable[[WalletClient], Awaitable[T]]) -> T:
        """Do `work` with the wallet's client. Raises what the gateway refuses with."""
        place = self.address or read_endpoints(self.directory).processes["gateway"]
        key = self.key or kept_key(self.directory, self.wallet)

        async def run() -> T:
            async with WalletClient(place, key, given_tls()) as kawase:
                return await work(kawase)

        return asyncio.run(run())


@click.group(cls=Group)
@click.option("--wallet", required=True, help="A hosted wallet, such as sakura-wallet.")
@click.option(
    "--key", envvar="KAWASE_KEY", help="The wallet's API key, instead of its file in DIR/keys."
)
@directory_option
@address_option
@click.pass_context
def persons(
    ctx: click.Context, wallet: str, key: str | None, directory: Path, address: str
) -> None:
    """Codes by which a wallet's users are paid, and what they were paid.

    Exit status: 0 done, 1 refused, 2 wrong use.
    """
    ctx.obj = Desk(directory, address, wallet, key or "")


@persons.command()
@click.argument("code_id")
@click.option("--payer", required=True, help="The wallet's user who is to be paid.")
@click.option("--name", required=True, help="What they want to be called.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="A picture: .png, .svg, .pdf."
)
@click.pass_obj
def code(desk: Desk, code_id: str, payer: str, name: str, out: Path | None) -> None:
    """Make CODE_ID, a user's own code, and print its text; the same again is the same code."""
    form = None if out is None else _form_of(out)

    async def make(kawase: WalletClient) -> tuple[PersonalCode, bytes]:
        made = await kawase.persons.create(code_id, payer, display_name=name)
        return made, b"" if form is None else await kawase.persons.draw(code_id, form)

    made, picture = desk.do(make)
    if out is not None:
        out.write_bytes(picture)
    click.echo(made.code)


@persons.command("list")
@click.option("--payer", default="", help="Only this user's.")
@click.pass_obj
def list_(desk: Desk, payer: str) -> None:
    """Codes in the order of their ids."""

    async def ask(kawase: WalletClient) -> list[PersonalCode]:
        return [each async for each in kawase.persons.list(payer)]

    rows = [
        (
            each.code_id,
            each.payer_id,
            each.shown_name,
            each.currency,
            f"revoked {shown_time(each.revoke_time)}" if each.revoke_time else "good",
        )
        for each in desk.do(ask)
    ]
    if not print_rows(open_console(), rows, ("bold", "", "", "", "")):
        click.echo("there are no codes")


@persons.command()
@click.argument("payer")
@click.pass_obj
def receipts(desk: Desk, payer: str) -> None:
    """What the user PAYER was paid, newest first."""

    async def ask(kawase: WalletClient) -> list[tuple[str, ...]]:
        return [
            (
                each.reference,
                str(each.amount),
                f"{each.refunded} given back" if each.refunded else "",
                each.code_id,
                shown_time(each.create_time),
            )
            async for each in kawase.persons.receipts(payer)
        ]

    if not print_rows(open_console(), desk.do(ask), ("bold", "", "", "", ""), " r"):
        click.echo(f"{payer} was not paid yet")


@persons.command()
@click.argument("code_id")
@click.pass_obj
def revoke(desk: Desk, code_id: str) -> None:
    """Nobody pays by CODE_ID from now on; there is no way back."""
    desk.do(lambda kawase: kawase.persons.revoke(code_id))
    click.echo(f"{code_id} is revoked")


def _form_of(out: Path) -> DrawingFormat:
    """By the file's name. Raises UsageError for a name that says none."""
    name = out.suffix.lower().removeprefix(".")
    with suppress(ValueError):
        return DrawingFormat({"pdf": "sheet"}.get(name, name))
    raise click.UsageError(f"{out} has to end in .png, .svg or .pdf.")
