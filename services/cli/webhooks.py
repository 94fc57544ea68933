"""`kawase webhooks`: be told on this machine what happens, and see that it is genuine."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click

from services.cli.asking import address_option, json_option
from services.cli.options import Group, directory_option, kept_key, participant_option
from services.cli.terminal import clean
from services.sandbox.endpoints import read_endpoints
from services.sandbox.listening import Listener
from services.sdk import SignatureInvalid, WalletClient, WebhookEvent, check_secret

OVERLAP_SECONDS = 60
_TIME = "%H:%M:%S"


@click.group(cls=Group)
def webhooks() -> None:
    """Receive webhooks on this machine."""


@webhooks.command()
@click.argument("port", type=click.IntRange(0, 65_535))
@participant_option(required=False)
@click.option("--event", "events", multiple=True, help="Such as payment.completed; none: all.")
@click.option("--secret", "secrets", multiple=True, help="Of an endpoint you have put: whsec_…")
@click.option("--count", type=click.IntRange(1), help="End after so many genuine ones.")
@click.option("--key", envvar="KAWASE_KEY", help="The API key, instead of its file in DIR/keys.")
@directory_option
@address_option
@json_option
def listen(
    port: int,
    participant: str,
    events: tuple[str, ...],
    secrets: tuple[str, ...],
    count: int | None,
    key: str | None,
    directory: Path,
    address: str,
    as_json: bool,
) -> None:
    """Print each webhook that comes to PORT, and whether its signature holds, until Ctrl-C.

    With --participant an endpoint of theirs is put for as long as this runs. With --secret nothing
    is put: the endpoint is yours.

    Exit status: 0 done, 1 refused, 2 wrong use.
    """
    if bool(secrets) == bool(participant):
        raise click.UsageError("Say either whose webhooks (--participant), or their --secret.")
    if secrets:
        for secret in secrets:
            _check(secret)
        asyncio.run(_listen(port, list(secrets), count, as_json))
        return
    place = address or read_endpoints(directory).processes["gateway"]
    client = WalletClient(place, key or kept_key(directory, participant))
    asyncio.run(_listen(port, list(events), count, as_json, client))


def _check(secret: str) -> None:
    try:
        check_secret(secret)
    except ValueError as error:
        raise click.UsageError(f"--secret: {error}.") from error


async def _listen(
    port: int,
    given: list[str],
    count: int | None,
    as_json: bool,
    client: WalletClient | None = None,
) -> None:
    """`given` are the types of events where a `client` puts the endpoint, otherwise secrets."""
    ended = asyncio.Event()
    heard = 0

    def tell(told: WebhookEvent | SignatureInvalid) -> None:
        nonlocal heard
        click.echo(_line(told, as_json))
        heard += isinstance(told, WebhookEvent)
        if heard == count:
            ended.set()

    listener = Listener(tell, port)
    await listener.start()
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        if client is None:
            listener.secrets = given
            await _until(ended, listener, as_json)
            return
        async with client, _endpoint(client, listener, given):
            await _until(ended, listener, as_json)
    finally:
        await listener.stop()


async def _until(ended: asyncio.Event, listener: Listener, as_json: bool) -> None:
    click.echo(f"listening at {listener.url}; Ctrl-C ends it", err=as_json)
    await ended.wait()


@asynccontextmanager
async def _endpoint(
    client: WalletClient, listener: Listener, events: list[str]
) -> AsyncIterator[None]:
    """An endpoint while it is needed; one that an earlier run has left gets another secret."""
    name = f"listen-{listener.port}"
    endpoint = await client.webhooks.put(name, listener.url, events)
    if not endpoint.secret:
        endpoint = await client.webhooks.rotate_secret(name, OVERLAP_SECONDS)
    listener.secrets = [endpoint.secret]
    try:
        yield
    finally:
        await client.webhooks.delete(name)


def _line(told: WebhookEvent | SignatureInvalid, as_json: bool) -> str:
    if isinstance(told, SignatureInvalid):
        if as_json:
            return json.dumps({"verified": False, "problem": told.message})
        return f"NOT VERIFIED: {told.message}"
    if as_json:
        return json.dumps(
            {"verified": True, "event_id": told.event_id, "body": told.body}, ensure_ascii=False
        )
    when = told.sign_time.astimezone().strftime(_TIME)
    return f"{when} verified {clean(_summary(told))} {told.event_id}"


def _summary(event: WebhookEvent) -> str:
    """What it is about, in a few words: type, amount, reference."""
    data = event.body.get("data") or {}
    amount = data.get("target") or data.get("amount") or {}
    words = (event.body.get("type"), amount.get("display"), data.get("reference"))
    return " ".join(str(word) for word in words if word)
