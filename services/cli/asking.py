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

    def ask(self, stub: Callable[[Any], Any], method: str, request: Any) -> Any:
        """The answer of one call. Raises what the service refuses with."""
        return asyncio.run(self._ask(stub, method, request))

    async def _ask(self, stub: Callable[[Any], Any], method: str, request: Any) -> Any:
        async with self._channel() as channel:
            metadata = (("authorization", f"Bearer {self.key}"),) if self.key else ()
            ask = getattr(stub(channel), method)
            return await call(ask(request, metadata=metadata, timeout=ASK_SECONDS))

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

    def send(self, stub: Callable[[Any], Any], method: str, requests: Iterable[Any]) -> Any:
        """The answer of one call that takes a stream. Raises what the service refuses with."""

        async def run() -> Any:
            async with self._channel() as channel:
                stream = getattr(stub(channel), method)(_each(requests), timeout=BULK_SECONDS)
                return await call(stream)

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
                    stream = getattr(stub(channel), method)(request, timeout=BULK_SECONDS)
                    async for message in stream:
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
