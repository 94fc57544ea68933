"""The text of a payer's code, as EMVCo CPM or JPQR CPM, and the number within. Pure.

EMVCo QR CPM v1.1 wants track 2 or an account number in the application: the number is put into
track 2, its first 19 digits in the place of the account number and the rest as discretionary data,
with an expiry of no meaning between. JPQR CPM carries it as the payment id (57) beside the code of
the wallet's operator (4F), which the Payments Japan Association gives out (CPM guideline 1.2).
"""

from services.codes import Application, Code, Kind, encode_consumer
from services.gateway.payments.scanning import scan
from services.gateway.presenting.numbers import (
    OfflineNumber,
    OnlineNumber,
    looks_like_number,
    parse_number,
)
from services.gateway.presenting.refusals import PayerCodeForeign, PayerCodeMalformed

# Proprietary and not registered, which the first half byte F says (ISO/IEC 7816-4, 8.2.1.2).
ADF_NAME = bytes.fromhex("F0") + b"KAWASE"
LABEL = b"KAWASE"
JPQR = "JPQR1"
_PAN_DIGITS = 19
_EXPIRY_AND_SERVICE = "4912000"


def code_text(number: str, jpqr_operator_code: str = "") -> str:
    """The text that is shown as a QR code; JPQR's where the wallet has an operator code."""
    if jpqr_operator_code:
        jpqr = {"4F": jpqr_operator_code.encode(), "57": number.encode()}
        return encode_consumer([jpqr], format_indicator=JPQR, profile="jpqr")
    track2 = f"{number[:_PAN_DIGITS]}D{_EXPIRY_AND_SERVICE}{number[_PAN_DIGITS:]}"
    track2 += "F" * (len(track2) % 2)
    return encode_consumer([{"4F": ADF_NAME, "50": LABEL, "57": bytes.fromhex(track2)}])


def read_code(text: str) -> OnlineNumber | OfflineNumber:
    """What a scanned text or number names.

    Raises `CodeUnreadable`, `PayerCodeMalformed`, `PayerCodeForeign` for a code of another issuer.
    """
    if looks_like_number(text):
        return parse_number(text)
    code = scan(text)
    if code.kind is not Kind.EMV_CPM or not code.valid:
        raise PayerCodeMalformed
    for application in code.consumer.applications if code.consumer else ():
        number = _number_in(code, application)
        if number is not None and looks_like_number(number):
            return parse_number(number)
    raise PayerCodeForeign


def _number_in(code: Code, application: Application) -> str | None:
    if code.consumer is not None and code.consumer.format == JPQR:
        return application.payment_id
    if application.adf_name != ADF_NAME.hex().upper() or application.track2 is None:
        return None
    return application.track2.pan + application.track2.discretionary
