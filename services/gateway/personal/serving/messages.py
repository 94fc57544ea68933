"""Persons' codes and receipts as messages."""

from services.gateway.payments.messages import money, timestamp
from services.gateway.personal.model import PersonalCode, Receipt
from services.gateway.personal.names import display_name, masked
from services.gateway.personal.refusals import PersonalNameUnclear
from services.pb.kawase.gateway.v1 import personal_service_pb2 as pb


def shown_name_of(request: pb.CreatePersonalCodeRequest) -> str:
    """What payers are shown. Raises `PersonalNameUnclear`, `PersonalNameMalformed`."""
    given = request.WhichOneof("name")
    if given is None:
        raise PersonalNameUnclear
    if given == "display_name":
        return display_name(request.display_name)
    return masked(request.real_name)


def code_message(code: PersonalCode) -> pb.PersonalCode:
    """A code as its wallet sees it."""
    return pb.PersonalCode(
        code_id=code.code_id,
        payer_id=code.payer_id,
        shown_name=code.shown_name,
        currency_code=code.currency,
        code=code.code,
        token=code.token,
        create_time=timestamp(code.create_time),
        revoke_time=timestamp(code.revoke_time) if code.revoke_time else None,
    )


def receipt_message(receipt: Receipt) -> pb.PersonalReceipt:
    """A receipt as the receiver's wallet sees it."""
    amount, refunded = receipt.amount, receipt.refunded
    return pb.PersonalReceipt(
        reference=receipt.reference,
        code_id=receipt.code_id,
        payer_id=receipt.payer_id,
        amount=money(amount.minor, amount.currency),
        refunded=money(refunded.minor, refunded.currency) if refunded.minor else None,
        create_time=timestamp(receipt.create_time),
        update_time=timestamp(receipt.update_time),
    )
