"""Pictures of codes, bytes in and bytes out: QR codes drawn with segno, bars and reading with
zxing-cpp.

Limits: a picture to read may have 20 MB and 40 million pixels, a payload to draw 684 characters, a
number under bars 48 digits.
"""

import io
import warnings
from typing import Any

import segno
import zxingcpp
from PIL import Image, UnidentifiedImageError

from services.codes.decoding import LONGEST_CONSUMER_PAYLOAD
from services.core.errors import Malformed

MOST_IMAGE_BYTES = 20_000_000
MOST_PIXELS = 40_000_000
MOST_CODES = 16
LARGEST_SCALE = 40
# ISO/IEC 15417 leaves the length open; GS1-128 and shops' scanners stop at 48.
MOST_BARCODE_DIGITS = 48
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")


class ImageUnreadable(Malformed):
    """The bytes are not a picture we can look at."""


class PayloadNotDrawable(Malformed):
    """The text cannot be put into a picture of a code."""


def draw_png(payload: str, scale: int = 8) -> bytes:
    """A PNG of `payload`, `scale` pixels per module, with the quiet zone the standard asks for.

    Raises `PayloadNotDrawable`.
    """
    return _drawn(payload, "png", scale)


def draw_svg(payload: str, scale: int = 8) -> bytes:
    """The same as an SVG document. Raises `PayloadNotDrawable`."""
    return _drawn(payload, "svg", scale)


def draw_bars_png(digits: str, scale: int = 4) -> bytes:
    """A PNG of `digits` as Code 128, `scale` pixels to the narrowest bar, the digits below it.

    Raises `PayloadNotDrawable`.
    """
    picture = _bars(digits, scale).to_image(scale=scale, add_hrt=True, add_quiet_zones=True)
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "png")
    return out.getvalue()


def draw_bars_svg(digits: str, scale: int = 4) -> bytes:
    """The same as an SVG document. Raises `PayloadNotDrawable`."""
    bars = _bars(digits, scale)
    return str(bars.to_svg(scale=scale, add_hrt=True, add_quiet_zones=True)).encode()


def read_image(picture: bytes) -> tuple[str, ...]:
    """The payloads of the QR codes in a photo or screenshot, at most 16, in no certain order.

    Empty where there is none. Raises `ImageUnreadable`.
    """
    image = _opened(picture)
    found = zxingcpp.read_barcodes(
        image,
        formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]),
        text_mode=zxingcpp.TextMode.Plain,
    )
    return tuple(_payload(barcode) for barcode in found[:MOST_CODES])


def _bars(digits: str, scale: int) -> Any:
    if not 1 <= scale <= LARGEST_SCALE:
        raise PayloadNotDrawable(f"The scale {scale} is not within 1 to {LARGEST_SCALE}.")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_BARCODE_DIGITS):
        said = f"Bars are drawn of 1 to {MOST_BARCODE_DIGITS} digits: leave out all else."
        raise PayloadNotDrawable(said)
    return zxingcpp.create_barcode(digits, zxingcpp.BarcodeFormat.Code128)


def _payload(barcode: Any) -> str:
    # Payloads are UTF-8 by the standard, whatever the picture says or leaves out about itself.
    try:
        return bytes(barcode.bytes).decode()
    except UnicodeDecodeError:
        return str(barcode.text)


def _drawn(payload: str, kind: str, scale: int) -> bytes:
    if not 1 <= len(payload) <= LONGEST_CONSUMER_PAYLOAD:
        said = f"A code holds 1 to {LONGEST_CONSUMER_PAYLOAD} characters: shorten the payload."
        raise PayloadNotDrawable(said)
    if not 1 <= scale <= LARGEST_SCALE:
        raise PayloadNotDrawable(f"The scale {scale} is not within 1 to {LARGEST_SCALE}.")
    try:
        # EMVCo MPM v1.1: byte mode, and ECI 000026 (UTF-8) where ASCII does not do.
        code = segno.make_qr(
            payload, error="m", mode="byte", encoding="utf-8", eci=not payload.isascii()
        )
    except (ValueError, UnicodeError):
        said = "The payload does not fit a QR code: shorten it and remove what is not text."
        raise PayloadNotDrawable(said) from None
    out = io.BytesIO()
    code.save(out, kind=kind, scale=scale, border=4)
    return out.getvalue()


def _opened(picture: bytes) -> Image.Image:
    if len(picture) > MOST_IMAGE_BYTES:
        raise ImageUnreadable("The picture is larger than 20 MB: send a smaller one.")
    try:
        with warnings.catch_warnings():
            # Pillow only warns about oversized pictures; the limit below decides.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(picture), formats=_FORMATS)
        if image.width * image.height > MOST_PIXELS:
            said = f"The picture has {image.width} x {image.height} pixels: send a smaller one."
            raise ImageUnreadable(said)
        return _on_white(image)
    except UnidentifiedImageError:
        said = f"This is not a picture we can read: send one of {', '.join(_FORMATS)}."
        raise ImageUnreadable(said) from None
    except Image.DecompressionBombError:
        raise ImageUnreadable("The picture has too many pixels: send a smaller one.") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as problem:
        # What Pillow's decoders raise on damaged files.
        said = "The picture is damaged or cut off: take or send it again."
        raise ImageUnreadable(said) from problem


def _on_white(image: Image.Image) -> Image.Image:
    """In grey, transparent parts white: a screenshot's background may be see-through."""
    if not image.has_transparency_data:
        return image.convert("L")
    faded = image.convert("RGBA").convert("LA")
    ground = Image.new("L", faded.size, 255)
    ground.paste(faded.getchannel("L"), mask=faded.getchannel("A"))
    return ground
