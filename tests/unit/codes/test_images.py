"""Pictures: what is drawn is read again, also from a poor photo; what is no picture is refused."""

import io
import random
import struct
import zlib

import pytest
from PIL import Image, ImageFilter

from services.codes.images import (
    ImageUnreadable,
    PayloadNotDrawable,
    draw_png,
    draw_svg,
    read_image,
)
from tests.unit.codes.vectors import CONSUMER, JPQR_DYNAMIC, public


def saved(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def drawn(payload: str) -> Image.Image:
    return Image.open(io.BytesIO(draw_png(payload, 6))).convert("RGB")


@pytest.mark.parametrize(
    "payload",
    [
        JPQR_DYNAMIC,
        public("mpm-004"),
        public("mpm-002"),
        CONSUMER[1]["payload"],
        "https://qr.kakaopay.com/Ej8",
        "HTTPS://QR.ALIPAY.COM/FKX0123",
    ],
)
def test_a_drawn_code_is_read_again(payload: str) -> None:
    assert read_image(draw_png(payload)) == (payload,)


def test_a_drawing_is_an_svg_document() -> None:
    picture = draw_svg(JPQR_DYNAMIC)

    assert b"<svg" in picture
    assert picture.rstrip().endswith(b"</svg>")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_a_code_is_read_from_any_usual_format(kind: str) -> None:
    assert read_image(saved(drawn(JPQR_DYNAMIC), kind)) == (JPQR_DYNAMIC,)


def test_a_code_is_read_from_a_tilted_blurred_and_grainy_photo() -> None:
    photo = Image.new("RGB", (1200, 900), (180, 170, 150))
    photo.paste(drawn(JPQR_DYNAMIC), (300, 200))
    photo = photo.rotate(17, resample=Image.Resampling.BICUBIC, fillcolor=(90, 90, 90))
    photo = photo.filter(ImageFilter.GaussianBlur(1.2))
    noise = random.Random(1)
    grain = Image.frombytes("L", photo.size, noise.randbytes(photo.width * photo.height))
    photo = Image.blend(photo, grain.convert("RGB"), 0.12)

    assert read_image(saved(photo, "JPEG")) == (JPQR_DYNAMIC,)


def test_a_code_on_a_transparent_ground_is_read() -> None:
    grey = drawn(JPQR_DYNAMIC).convert("L")
    sticker = Image.new("RGBA", grey.size, (0, 0, 0, 0))
    sticker.putalpha(grey.point(lambda light: 255 - light))

    assert read_image(saved(sticker, "PNG")) == (JPQR_DYNAMIC,)


def test_a_light_code_on_a_dark_ground_is_read() -> None:
    dark = drawn(JPQR_DYNAMIC).convert("L").point(lambda light: 255 - light)

    assert read_image(saved(dark, "PNG")) == (JPQR_DYNAMIC,)


def test_all_codes_of_a_picture_are_read() -> None:
    first, second = drawn(JPQR_DYNAMIC), drawn("https://qr.alipay.com/fkx0123")
    both = Image.new("RGB", (first.width + second.width + 80, first.height), "white")
    both.paste(first, (0, 0))
    both.paste(second, (first.width + 80, 0))

    assert set(read_image(saved(both, "PNG"))) == {JPQR_DYNAMIC, "https://qr.alipay.com/fkx0123"}


def test_a_picture_without_a_code_gives_nothing() -> None:
    assert read_image(saved(Image.new("L", (300, 200), 200), "PNG")) == ()


def enormous_png() -> bytes:
    """A PNG that claims 60,000 x 60,000 pixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"not a picture", id="text"),
        pytest.param(draw_svg("x"), id="a drawing"),
        pytest.param(draw_png(JPQR_DYNAMIC)[:200], id="cut off"),
        pytest.param(enormous_png(), id="too many pixels"),
        pytest.param(saved(Image.new("1", (8_000, 5_001)), "PNG"), id="just too many pixels"),
        pytest.param(bytes(20_000_001), id="too many bytes"),
    ],
)
def test_what_is_no_picture_is_refused_in_a_sentence(picture: bytes) -> None:
    with pytest.raises(ImageUnreadable, match=r"^(The|This) .+\.$"):
        read_image(picture)


@pytest.mark.parametrize(
    ("payload", "scale"), [("", 8), ("x" * 685, 8), ("x", 0), ("x", 41), ("\ud800", 8)]
)
def test_what_does_not_fit_a_code_is_not_drawn(payload: str, scale: int) -> None:
    with pytest.raises(PayloadNotDrawable):
        draw_png(payload, scale)
