"""How a code can be drawn."""

from enum import StrEnum
from typing import Any

from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb


class DrawingFormat(StrEnum):
    """A picture, or a page of A6 as PDF with the name of who is paid on it."""

    PNG = "png"
    SVG = "svg"
    SHEET = "sheet"


def format_number(form: DrawingFormat) -> Any:
    """A format as requests name it."""
    return pb.DrawingFormat.Value(f"DRAWING_FORMAT_{form.name}")
