"""One call of a command to a service of the house: found through the running stack, or by address.

What the service refuses reaches the person as its own sentence; with `--json` the answer is printed
as the message's JSON, with the names of the protos.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
import grpc
from click.core import ParameterSource
from google.protobuf.json_format import MessageToDict

from services.cli.terminal import as_text
from services.cli.tls import given_credentials, tls_options
from services.core.errors import Unavailable
from services.kit.rpc import call, open_channel, remote_error
from services.sandbox.endpoints import read_endpoints
from services.sandbox.errors import StackError

# Closing a window waits for its sums, up to a minute.
ASK_SECONDS = 90.0
# A million rows are taken in, matched or reported.
BULK_SECONDS = 900.0

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
F = TypeVar("F", bound=Callable[..., Any])


def operator_option(told: str) -> Callable[[F], F]:
    """Who acts, which a key says by itself; `told` is what the help says of them."""
    return click.option(
        "--operator",
        default="",
        envvar="KAWASE_OPERATOR",
        callback=_who_acts,
        help=f"{told} Needed without --key. Or the variable KAWASE_OPERATOR.",
    )


def _who_acts(ctx: click.Context, option: click.Parameter, named: str) -> str:
    if isinstance(ctx.obj, Asking) and ctx.obj.key:
        by_variable = ctx.get_parameter_source("operator") is ParameterSource.ENVIRONMENT
        return "" if by_variable else named
    if not named and not ctx.resilient_parsing:
        raise click.MissingParameter(ctx=ctx, param=option)
    return named


def gateway_options(key_told: str) -> Callable[[F], F]:
    """Where the gateway is, and the key of somebody at the operator, of which the help says
    `key_told`."""

    def decorate(command: F) -> F:
        key = click.option("--key", envvar="KAWASE_KEY", default="", help=key_told)
        return address_option(key(command))

    return decorate


def desk_options(command: F) -> F:
    """Where settlement or reconciliation is, and by whose key: `desk` makes the asking of them."""
    command = click.option(
        "--key",
        envvar="KAWASE_KEY",
        default="",
        help="A key of somebody at the operator (or the variable KAWASE_KEY): the call goes by the "
        "gateway and in their name. Without it it goes to the service itself, inside the house, "
        "and says by --operator who acts.",
    )(command)
    return address_option(command)


def address_option(command: F) -> F:
    """Where the service is, and how it is reached."""
    return click.option(
        "--address",
        default="",
        metavar="HOST:PORT",
        help="Where the service listens, instead of the local stack's.",
    )(tls_options(command))


@dataclass(frozen=True, slots=True)
class Asking:
    """Where one service is asked; `address` empty: as the stack in `directory` says.

    `key` is the API key that a call carries, where the service wants one.
    """

    directory: Path
    service: str
    address: str = ""
    key: str = ""

    @classmethod
    def desk(cls, directory: Path, service: str, address: str, key: str) -> "Asking":
        """Of `service` itself, or by the gateway with a key."""
        return cls(directory, "gateway" if key else service, address, key)

    def ask(self, stub: Callable[[Any], Any], method: str, request: Any) -> Any:
        """The answer of one call. Raises what the service refuses with."""
        return asyncio.run(self._ask(stub, method, request))

    async def _ask(self, stub: Callable[[Any], Any], method: str, request: Any) -> Any:
        async with self._channel() as channel:
            ask = getattr(stub(channel), method)
            return await call(ask(request, metadata=self._metadata(), timeout=ASK_SECONDS))

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.key}"),) if self.key else ()

    @asynccontextmanager
    async def _channel(self) -> AsyncIterator[grpc.aio.Channel]:
        """To the service; where nobody is there, the person is told where that is."""
        place = self.address or self._found()
        async with open_channel(place, given_credentials()) as channel:
            try:
                yield channel
            except Unavailable as error:
                if error.reason != Unavailable.__name__.upper():
                    raise
                raise click.ClickException(
                    f"{self.service} does not answer at {place}: is it running, and is the "
                    "address right?"
                ) from error

    def ask_all(self, stub: Callable[[Any], Any], method: str, request: Any, things: str) -> Any:
        """The first page of a list with the `things` of all others behind its own.

        Raises what the service refuses with.
        """
        found = self.ask(stub, method, request)
        while found.next_page_token:
            request.page_token = found.next_page_token
            page = self.ask(stub, method, request)
            getattr(found, things).extend(getattr(page, things))
            found.next_page_token = page.next_page_token
        return found

    def send(self, stub: Callable[[Any], Any], method: str, requests: Iterable[Any]) -> Any:
        """The answer of one call that takes a stream. Raises what the service refuses with."""

        async def run() -> Any:
            async with self._channel() as channel:
                ask = getattr(stub(channel), method)
                given = {"metadata": self._metadata(), "timeout": BULK_SECONDS}
                return await call(ask(_each(requests), **given))

        return asyncio.run(run())

    def receive(
        self, stub: Callable[[Any], Any], method: str, request: Any, take: Callable[[Any], None]
    ) -> None:
        """Give each message of a call that answers with a stream to `take`.

        Raises what the service refuses with.
        """

        async def run() -> None:
            async with self._channel() as channel:
                try:
                    ask = getattr(stub(channel), method)
                    given = {"metadata": self._metadata(), "timeout": BULK_SECONDS}
                    async for message in ask(request, **given):
                        take(message)
                except grpc.aio.AioRpcError as error:
                    raise remote_error(error) from error

        asyncio.run(run())

    def _found(self) -> str:
        try:
            processes = read_endpoints(self.directory).processes
        except StackError as error:
            raise click.ClickException(str(error)) from error
        if self.service not in processes:
            raise click.ClickException(
                f"{self.service} does not run in the stack of {self.directory}; start it with "
                "`kawase up`"
            )
        return processes[self.service]


async def _each(requests: Iterable[Any]) -> AsyncIterator[Any]:
    for request in requests:
        yield request


def print_message(message: Any) -> None:
    """A message as JSON; integers of 64 bits are strings there, as protobuf has it."""
    fields = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    click.echo(as_text(fields))
