"""`kawase code`: read, check and write payment codes at a terminal or in a script."""

import sys
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import click

from services.cli.code_options import consumer_options, encode_options
from services.cli.options import Group
from services.cli.terminal import NOT_VALID, WRONG_USE, as_text, fail
from services.codes import (
    PROFILE_NAMES,
    Code,
    CodeInvalid,
    Finding,
    Severity,
    compose,
    decode,
    encode,
    encode_consumer,
    report,
)
from services.codes.report import finding_report
from services.core.errors import KawaseError, Malformed

_NO_CODE = Finding(
    "NO_CODE_FOUND",
    Severity.ERROR,
    "",
    "No QR code was found in the picture: take it closer, sharper and in better light.",
)

profile_option = click.option(
    "--profile",
    type=click.Choice(PROFILE_NAMES),
    default="emvco",
    show_default=True,
    help="Whose rules decide; auto takes those of the scheme the code names.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")


@click.group(cls=Group)
def code() -> None:
    """Read, check and write payment codes.

    Exit status: 0 the code is valid, 1 it is not, 2 the command was used wrongly.
    """


@code.command("decode")
@click.argument("payload")
@profile_option
@json_option
def decode_command(payload: str, profile: str, as_json: bool) -> NoReturn:
    """Check PAYLOAD, the text of a payment code; `-` reads it from standard input.

    Exit status: 0 valid, 1 not valid, 2 wrong use.
    """
    if payload == "-":
        # More than any code can have; the decoder says so.
        payload = sys.stdin.buffer.read(4096).decode("utf-8", "replace")
        payload = payload.strip("\r\n")
    _show(decode(payload, profile), as_json)


@code.command("read")
@click.argument("image", type=click.File("rb"))
@profile_option
@json_option
def read_command(image: BinaryIO, profile: str, as_json: bool) -> NoReturn:
    """Find the payment code in IMAGE, a photo or screenshot, and check it; `-` is standard input.

    Where a picture holds several codes, the first payment code among them is checked and the
    number of others is said on standard error.

    Exit status: 0 valid, 1 not valid or no code found, 2 wrong use or not a picture.
    """
    from services.codes.images import MOST_IMAGE_BYTES, read_image

    try:
        payloads = read_image(image.read(MOST_IMAGE_BYTES + 1))
    except (Malformed, OSError) as problem:
        fail(str(problem), WRONG_USE)
    if not payloads:
        _refuse((_NO_CODE,), as_json)
    codes = [decode(payload, profile) for payload in payloads]
    if len(codes) > 1:
        click.echo(f"The picture holds {len(codes) - 1} other code(s).", err=True)
    chosen = next((one for one in codes if one.valid), None)
    _show(chosen or next((one for one in codes if one.root or one.link), codes[0]), as_json)


@code.command("encode")
@profile_option
@encode_options
@consumer_options
@click.option("--payload", help="Draw this payload as it is, once it is found valid.")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), help="Write a PNG here.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Write an SVG here.")
@click.option("--scale", type=click.IntRange(1, 40), default=8, help="Pixels per module.")
@json_option
def encode_command(
    profile: str,
    payload: str | None,
    png: Path | None,
    svg: Path | None,
    scale: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Write a payment code: print its payload, and draw it as PNG or SVG.

    A merchant's code: kawase code encode --profile jpqr --account
    0000000000001.0001.000001.000001 --name "TEST SHOKUDO" --city TOKYO --category 5812
    --postal-code 1000001 --local-name テスト食堂 --amount 1200 --png shop.png

    A payer's code: kawase code encode --adf A0000000555555 --pan 1234567890123458

    Exit status: 0 written, 1 the code would not be valid, 2 wrong use.
    """
    draft, application = options.pop("draft"), options.pop("application")
    if payload is not None and application is not None:
        raise click.UsageError("--payload draws a finished code: leave out --adf and the like.")
    try:
        if payload is None:
            payload = (
                encode(compose(draft), profile)
                if application is None
                else encode_consumer([application.objects], None, application.format, profile)
            )
        written = decode(payload, profile)
        if not written.valid:
            raise CodeInvalid(written.findings)
        _draw(payload, png, svg, scale)
    except CodeInvalid as problem:
        _refuse(problem.findings, as_json)
    except KawaseError as problem:
        fail(problem.message, WRONG_USE)
    pictures = {"png": str(png) if png else None, "svg": str(svg) if svg else None}
    click.echo(as_text({"payload": payload, **report(written), **pictures}) if as_json else payload)


def _draw(payload: str, png: Path | None, svg: Path | None, scale: int) -> None:
    if png is None and svg is None:
        return
    from services.codes.images import draw_png, draw_svg

    for path, draw in ((png, draw_png), (svg, draw_svg)):
        if path is not None:
            try:
                path.write_bytes(draw(payload, scale))
            except OSError as problem:
                fail(f"{path} cannot be written: {problem.strerror}.", WRONG_USE)


def _show(decoded: Code, as_json: bool) -> NoReturn:
    if as_json:
        click.echo(as_text(report(decoded)))
    else:
        from services.cli.code_view import print_code

        print_code(decoded)
    raise SystemExit(0 if decoded.valid else NOT_VALID)


def _refuse(findings: tuple[Finding, ...], as_json: bool) -> NoReturn:
    """Say why there is no code to show or to write."""
    if as_json:
        said = [finding_report(finding) for finding in findings]
        click.echo(as_text({"kind": None, "valid": False, "scheme": None, "findings": said}))
    else:
        from services.cli.code_view import print_findings

        print_findings(findings)
    raise SystemExit(NOT_VALID)
