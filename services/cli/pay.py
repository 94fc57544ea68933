"""`kawase pay`: what a wallet does with a scanned code, from a terminal, over the Python client."""

import asyncio
import json
import re
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from pathlib import Path

import click
from ulid import ULID

from services.cli.asking import address_option, json_option
from services.cli.options import directory_option, kept_key
from services.cli.tls import given_tls
from services.core.errors import KawaseError
from services.core.money import Money, money_from_text
from services.sandbox.endpoints import read_endpoints
from services.sdk import Payment, PaymentState, WalletClient

NOT_PAID = 1
# As long as a payer may take to approve on the phone.
APPROVE_SECONDS = 300.0


class Amount(click.ParamType[Money]):
    """`18900KRW` or `12.34 CNY`: whole units of a currency, with its decimals."""

    name = "amount"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Money:
        found = re.fullmatch(r"([0-9.]+) ?([A-Z]{3})", str(value))
        if found is None:
            self.fail(f"{value!r} is not an amount; write 18900KRW or 12.34CNY", param, ctx)
        try:
            return money_from_text(found[1], found[2])
        except KawaseError as error:
            self.fail(error.message, param, ctx)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be paid, by whom, up to how much; without a maximum the price is asked about."""

    payment_id: str
    payer_id: str
    code: str
    amount: Money | None
    maximum: Money | None
    agreed: bool


@click.command()
@click.argument("code")
@click.option("--wallet", required=True, help="The participant who pays, such as panda-wallet.")
@click.option("--amount", type=Amount(), help="Where the code states none: 18900KRW.")
@click.option("--maximum", type=Amount(), help="Pay at once, up to this: 100CNY.")
@click.option("--yes", is_flag=True, help="Agree to any price.")
@click.option("--payer", default="somebody", show_default=True, help="The wallet's user.")
@click.option("--id", "payment_id", help="The payment's id; the same again pays nothing twice.")
@click.option(
    "--key", envvar="KAWASE_KEY", help="The wallet's API key, instead of its file in DIR/keys."
)
@directory_option
@address_option
@json_option
def pay(
    code: str,
    wallet: str,
    amount: Money | None,
    maximum: Money | None,
    yes: bool,
    payer: str,
    payment_id: str | None,
    key: str | None,
    directory: Path,
    address: str,
    as_json: bool,
) -> None:
    """Pay CODE, the text of a scanned code: show its price, ask, pay, wait for the end.

    Exit status: 0 paid, 1 not paid, 2 wrong use.
    """
    wish = Wish(payment_id or f"cli-{ULID()}", payer, code, amount, maximum, yes or as_json)
    place = address or read_endpoints(directory).processes["gateway"]
    payment = asyncio.run(_pay(place, key or kept_key(directory, wallet), wish, as_json))
    if as_json:
        click.echo(json.dumps(payment, default=_plain, ensure_ascii=False))
    else:
        _tell_end(payment)
    if payment.state is not PaymentState.COMPLETED:
        raise SystemExit(NOT_PAID)


def _plain(value: object) -> object:
    """Values as the HTTP API writes them."""
    if isinstance(value, Money):
        return {"currency_code": value.currency, "minor_units": value.minor}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    return str(value)


async def _pay(address: str, key: str, wish: Wish, quiet: bool) -> Payment:
    """Pay, and follow the payment to its end. Raises what the gateway refuses with."""
    async with WalletClient(address, key, given_tls()) as kawase:
        ids = wish.payment_id, wish.payer_id, wish.code
        if wish.maximum is not None:
            payment = await kawase.pay(*ids, wish.maximum, wish.amount)
        else:
            payment = await kawase.quote(*ids, wish.amount)
            if payment.state is PaymentState.QUOTED:
                payment = await _agree(kawase, payment, wish.agreed, quiet)
        if payment.is_final:
            return payment
        if payment.action_url and not quiet:
            click.echo(f"approve at {payment.action_url}")
        async for following in kawase.watch(wish.payment_id, APPROVE_SECONDS):
            payment = following
        return payment


async def _agree(kawase: WalletClient, quote: Payment, agreed: bool, quiet: bool) -> Payment:
    if not quiet:
        shop = quote.merchant
        click.echo(f"{shop.name}, {shop.city}: {quote.target}, you pay {quote.home}")
    if not agreed and not click.confirm("Pay?"):
        return await kawase.cancel(quote.payment_id)
    return await kawase.confirm(quote.payment_id)


def _tell_end(payment: Payment) -> None:
    if payment.state is PaymentState.COMPLETED:
        click.echo(
            f"paid {payment.target} to {payment.merchant.name} for {payment.home}, "
            f"reference {payment.reference}"
        )
    else:
        click.echo(f"{payment.state}: {payment.message}")
