"""Codes and pictures as messages."""

from typing import Any

from services.gateway.acquiring.codes.drawing import CONTENT_TYPES, Format
from services.gateway.acquiring.codes.model import GivenCode
from services.gateway.admin.codec import choice
from services.gateway.payments.messages import money, timestamp
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb

_FORMATS: dict[int, Format] = {
    pb.DRAWING_FORMAT_PNG: Format.PNG,
    pb.DRAWING_FORMAT_SVG: Format.SVG,
    pb.DRAWING_FORMAT_SHEET: Format.SHEET,
}


def format_from(number: int) -> Format:
    """Raises `FieldMissing` or `ChoiceUnknown`."""
    return choice(_FORMATS, number, "format")


# Any: mypy-protobuf gives each enum a value type of its own.
def format_number(wanted: Format) -> Any:
    """As requests name it."""
    return next(number for number, known in _FORMATS.items() if known is wanted)


def code_message(code: GivenCode) -> pb.MerchantCode:
    """A code that was given out."""
    told = pb.MerchantCode(
        code_id=code.code_id,
        merchant_id=code.merchant_id,
        code=code.code,
        create_time=timestamp(code.create_time),
    )
    if code.amount is not None:
        told.amount.CopyFrom(money(code.amount.minor, code.amount.currency))
    return told


def drawing_message(wanted: Format, content: bytes) -> pb.Drawing:
    """A picture."""
    return pb.Drawing(content_type=CONTENT_TYPES[wanted], content=content)
