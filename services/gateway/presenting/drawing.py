"""A payer's code as a picture to show: its text as a QR code, or its number as Code 128."""

from collections.abc import Callable
from enum import StrEnum

from services.codes.images import draw_bars_png, draw_bars_svg, draw_png, draw_svg
from services.gateway.presenting.model import PaymentCode


class Form(StrEnum):
    """What is drawn of a code."""

    QR = "qr"
    BARCODE = "barcode"


class Picture(StrEnum):
    """How it is drawn."""

    PNG = "png"
    SVG = "svg"


CONTENT_TYPES = {Picture.PNG: "image/png", Picture.SVG: "image/svg+xml"}
_DRAWN: dict[tuple[Form, Picture], Callable[[str], bytes]] = {
    (Form.QR, Picture.PNG): draw_png,
    (Form.QR, Picture.SVG): draw_svg,
    (Form.BARCODE, Picture.PNG): draw_bars_png,
    (Form.BARCODE, Picture.SVG): draw_bars_svg,
}


def drawn(code: PaymentCode, form: Form, picture: Picture) -> bytes:
    """The picture; takes some milliseconds."""
    return _DRAWN[form, picture](code.text if form is Form.QR else code.number)
