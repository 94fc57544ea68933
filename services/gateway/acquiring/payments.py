"""Payments at an acquirer's shops, looked up by our reference, also those of printed codes.

The acquirer sees what webhooks tell it (`webhooks.events`), and nothing of the payer.
"""

from services.core.ids import checked_id
from services.gateway.payments.messages import payment_message
from services.gateway.payments.owning import find_payment
from services.gateway.reference import Participant
from services.gateway.reference.board import ReferenceBoard
from services.kit.unit import Units
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2


class ShopPayments:
    """The calls, each for an acquirer that is known."""

    def __init__(self, units: Units, board: ReferenceBoard) -> None:
        self._units = units
        self._board = board

    async def get(self, acquirer: Participant, reference: str) -> pb.ShopPayment:
        """A payment at one of the acquirer's shops. Raises `IdMalformed`, `PaymentUnknown`."""
        checked_id(reference, "reference")
        async with self._units.pool.acquire() as connection:
            payment = await find_payment(connection, self._board.current, acquirer, reference)
        return shop_payment_message(payment_message(payment))


def shop_payment_message(payment: payment_pb2.Payment) -> pb.ShopPayment:
    """The merchant's side: the fields that `ShopPayment` has."""
    told = pb.ShopPayment()
    for field, value in payment.ListFields():
        if field.name in told.DESCRIPTOR.fields_by_name:
            if field.message_type is None:
                setattr(told, field.name, value)
            else:
                getattr(told, field.name).CopyFrom(value)
    return told
