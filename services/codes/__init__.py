"""Payment codes in and out: EMVCo merchant and consumer codes, national profiles, wallet links.

Pure functions over text and bytes, usable on their own: nothing here opens a file or a connection.
Pictures of codes are in `services.codes.images`, which is imported only by who needs it.
"""

from services.codes.building import encode, encode_consumer
from services.codes.composing import Draft, compose
from services.codes.decoding import decode
from services.codes.findings import CodeInvalid, Finding, ProfileUnknown, Severity
from services.codes.merchant.schemes import PROFILE_NAMES
from services.codes.model import Application, Code, Consumer, Kind, Link, Merchant, Tip, Track2
from services.codes.report import report

__all__ = [
    "PROFILE_NAMES",
    "Application",
    "Code",
    "CodeInvalid",
    "Consumer",
    "Draft",
    "Finding",
    "Kind",
    "Link",
    "Merchant",
    "ProfileUnknown",
    "Severity",
    "Tip",
    "Track2",
    "compose",
    "decode",
    "encode",
    "encode_consumer",
    "report",
]
