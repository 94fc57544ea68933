"""The options of `kawase code encode`, gathered into what the codes room takes."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from services.codes import Draft
from services.codes.building import ConsumerValue

Command = Callable[..., Any]

_DRAFT_OPTIONS = (
    ("--account", "account", "Account in the scheme, as decode prints it."),
    ("--name", "name", "Merchant name, plain ASCII."),
    ("--city", "city", "Merchant city."),
    ("--country", "country_code", "Country, two letters (known for a scheme)."),
    ("--category", "category_code", "Merchant category, four digits of ISO 18245."),
    ("--postal-code", "postal_code", "Postal code."),
    ("--currency", "currency_code", "Currency, three letters (known for a scheme)."),
    ("--amount", "amount", "Price, such as 23.72; without it the payer types it."),
    ("--local-name", "local_name", "Merchant name in the local script."),
    ("--language", "language", "Language of the local name, two letters."),
    ("--reference", "reference", "Reference label."),
    ("--bill-number", "bill_number", "Bill number."),
    ("--terminal", "terminal", "Terminal label."),
    ("--tip", "tip", "prompt, fixed:AMOUNT or percent:NUMBER."),
)


@dataclass(frozen=True, slots=True)
class ApplicationDraft:
    """A payer's code: the objects of its application and the format they are written in."""

    objects: dict[str, ConsumerValue]
    format: str


def encode_options(command: Command) -> Command:
    """Options of a merchant's code, handed to `command` as `draft`."""

    @functools.wraps(command)
    def gathered(profile: str, **options: Any) -> Any:
        words = {name: options.pop(name) for _, name, _ in _DRAFT_OPTIONS}
        draft = Draft(
            profile=profile,
            dynamic=options.pop("dynamic"),
            objects=_objects(options.pop("objects")),
            **words,
        )
        return command(profile=profile, draft=draft, **options)

    decorated = click.option(
        "--set",
        "objects",
        multiple=True,
        metavar="PATH=VALUE",
        help="Any object by its path, such as 62.07=POS01. May be repeated.",
    )(gathered)
    decorated = click.option(
        "--dynamic/--static", default=None, help="Whether the code is for one payment."
    )(decorated)
    for flag, name, text in reversed(_DRAFT_OPTIONS):
        decorated = click.option(flag, name, help=text)(decorated)
    return decorated


def consumer_options(command: Command) -> Command:
    """Options of a payer's code, handed to `command` as `application` (None without `--adf`)."""

    @functools.wraps(command)
    def gathered(
        profile: str,
        adf: str | None,
        label: str | None,
        track2: str | None,
        pan: str | None,
        payment_id: str | None,
        **options: Any,
    ) -> Any:
        application = None
        if adf is not None:
            application = _application(profile == "jpqr", adf, label, track2, pan, payment_id)
        elif any((label, track2, pan, payment_id)):
            raise click.UsageError("A payer's code names its application: add --adf.")
        return command(profile=profile, application=application, **options)

    decorated = click.option("--payment-id", help="Payer's code, JPQR: payment id.")(gathered)
    decorated = click.option("--pan", help="Payer's code: account number, digits.")(decorated)
    decorated = click.option("--track2", help="Payer's code: track 2 in hex.")(decorated)
    decorated = click.option("--label", help="Payer's code: application label.")(decorated)
    return click.option("--adf", help="Payer's code: ADF name in hex, for JPQR as text.")(decorated)


def _objects(settings: tuple[str, ...]) -> dict[str, str]:
    objects = {}
    for setting in settings:
        path, equals, value = setting.partition("=")
        if not equals or path.count(".") > 2:
            raise click.UsageError(f"--set {setting!r} is not PATH=VALUE, such as 62.07=POS01.")
        objects[path] = value
    return objects


def _application(
    jpqr: bool,
    adf: str,
    label: str | None,
    track2: str | None,
    pan: str | None,
    payment_id: str | None,
) -> ApplicationDraft:
    objects: dict[str, ConsumerValue] = {"4F": adf.encode() if jpqr else _hex("--adf", adf)}
    if label is not None:
        objects["50"] = label.encode()
    if payment_id is not None:
        objects["57"] = payment_id.encode()
    if track2 is not None:
        objects["57"] = _hex("--track2", track2)
    if pan is not None:
        objects["5A"] = _hex("--pan", pan + "F" * (len(pan) % 2))
    return ApplicationDraft(objects, "JPQR1" if jpqr else "CPV01")


def _hex(option: str, value: str) -> bytes:
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise click.UsageError(f"{option} {value!r} is not hex: write pairs of 0-9, A-F.") from None
