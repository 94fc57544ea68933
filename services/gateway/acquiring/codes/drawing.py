"""A code as a picture, and as a sheet of A6 that a shop hangs up. Pure; takes tens of milliseconds.

On the sheet the code is drawn of rectangles, sharp at any size. Names are set with the Japanese
font that comes as package data and stand in the page as pictures: a sheet so needs no font where
it is printed, and is small.
"""

import io
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import segno
from PIL import Image, ImageDraw, ImageFont
from pylopdf_fonts_cjk import sans_path

from services.codes.images import draw_png, draw_svg

if TYPE_CHECKING:
    from fpdf import FPDF

# ISO 216 A6, millimetres.
WIDTH, HEIGHT = 105.0, 148.0
MARGIN = 8.0
CODE_SIDE = 82.0
CODE_TOP = 36.0
# EMVCo MPM v1.1 leaves the quiet zone to ISO/IEC 18004: four modules.
QUIET_MODULES = 4
# Of names as pictures: 600 dots per inch at the size they are printed.
DOTS_PER_MM = 600 / 25.4
SHORTENED_AFTER = 40


class Format(StrEnum):
    """How a code is drawn."""

    PNG = "png"
    SVG = "svg"
    SHEET = "sheet"


CONTENT_TYPES = {
    Format.PNG: "image/png",
    Format.SVG: "image/svg+xml",
    Format.SHEET: "application/pdf",
}


@dataclass(frozen=True, slots=True)
class Poster:
    """What stands on a sheet. `marks` are the schemes by name, `amount` for people or empty."""

    payload: str
    shop: str
    second_name: str
    acquirer: str
    marks: tuple[str, ...]
    amount: str = ""
    label: str = ""


def drawn(poster: Poster, wanted: Format) -> bytes:
    """The picture in a format. Raises `PayloadNotDrawable`."""
    if wanted is Format.PNG:
        return draw_png(poster.payload)
    if wanted is Format.SVG:
        return draw_svg(poster.payload)
    return sheet(poster)


def sheet(poster: Poster) -> bytes:
    """A page of A6 as PDF: the shop's name, the code, the schemes, the acquirer's name."""
    # A quarter of the time in which a gateway starts, and most gateways draw no sheet.
    from fpdf import FPDF

    pdf = FPDF(unit="mm", format=(WIDTH, HEIGHT))
    pdf.set_title(poster.shop)
    pdf.set_auto_page_break(False)
    pdf.add_page()
    _write(pdf, poster.shop, 7.0, 10.0)
    if poster.second_name != poster.shop:
        _write(pdf, poster.second_name, 20.0, 5.0)
    _write(pdf, poster.amount or "QRコード決済 ・ Scan to pay", 28.0, 6.0)
    _draw_code(pdf, poster.payload)
    below = CODE_TOP + CODE_SIDE
    _write(pdf, "  ".join(poster.marks), below + 2.0, 6.0)
    _write(pdf, poster.acquirer, below + 11.0, 4.5)
    _write(pdf, poster.label, below + 18.0, 3.5)
    return bytes(pdf.output())


def _draw_code(pdf: "FPDF", payload: str) -> None:
    code = segno.make_qr(
        payload, error="m", mode="byte", encoding="utf-8", eci=not payload.isascii()
    )
    rows = [list(row) for row in code.matrix_iter(border=QUIET_MODULES)]
    module = CODE_SIDE / len(rows)
    left = (WIDTH - CODE_SIDE) / 2
    pdf.set_fill_color(0)
    for number, row in enumerate(rows):
        for first, length in _runs(row):
            x, y = left + first * module, CODE_TOP + number * module
            pdf.rect(x, y, length * module, module, style="F")


def _runs(row: list[int]) -> list[tuple[int, int]]:
    """Where dark modules stand together: start and length."""
    runs: list[tuple[int, int]] = []
    for place, dark in enumerate(row):
        if dark and runs and sum(runs[-1]) == place:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        elif dark:
            runs.append((place, 1))
    return runs


def _write(pdf: "FPDF", text: str, top: float, height: float) -> None:
    """A line in the middle, `height` millimetres high, or less where it would be too wide."""
    if not text.strip():
        return
    picture = _set(text[:SHORTENED_AFTER], height)
    width = picture.width / DOTS_PER_MM
    scale = min(1.0, (WIDTH - 2 * MARGIN) / width)
    pdf.image(picture, x=(WIDTH - width * scale) / 2, y=top, w=width * scale)


def _set(text: str, height: float) -> Image.Image:
    font = _font(round(height * DOTS_PER_MM))
    left, _, right, _ = font.getbbox(text)
    ascent, descent = font.getmetrics()
    size = max(round(right - left), 1), ascent + descent
    picture = Image.new("L", size, 255)
    ImageDraw.Draw(picture).text((-left, 0), text, font=font, fill=0)
    return picture


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(sans_path().read_bytes()), size)
