"""The shop in force that a code or an order is for."""

from services.core.ids import checked_id
from services.core.money import Money
from services.gateway.acquiring.codes.drawing import Poster
from services.gateway.acquiring.codes.refusals import ShopsAmountUnfit
from services.gateway.acquiring.merchants.model import Content, State, content_of
from services.gateway.acquiring.merchants.refusals import (
    AcquiredMerchantUnknown,
    MerchantNotInForce,
)
from services.gateway.acquiring.merchants.store import read_versions
from services.gateway.payments.pricing import LARGEST_PAYMENT
from services.gateway.reference import Participant
from services.gateway.reference.board import ReferenceBoard
from services.kit.postgres import Connection

_MARKS = {"jpqr": "JPQR"}


class Shops:
    """Finds an acquirer's shops."""

    def __init__(self, board: ReferenceBoard) -> None:
        self._board = board

    async def in_force(
        self, connection: Connection, acquirer: Participant, merchant_id: str
    ) -> Content:
        """What is in force of a shop of the acquirer's.

        Raises `IdMalformed`, `AcquiredMerchantUnknown`, `MerchantNotInForce`.
        """
        checked_id(merchant_id, "merchant_id")
        versions = await read_versions(connection, merchant_id)
        if versions and versions[0].acquirer_id != acquirer.participant_id:
            raise AcquiredMerchantUnknown(merchant_id)
        for version in versions:
            if version.state is State.APPROVED:
                return version.content
        merchant = self._board.current.merchants.get(merchant_id)
        if merchant is not None and merchant.acquirer_id == acquirer.participant_id:
            return content_of(merchant)
        if versions:
            raise MerchantNotInForce(merchant_id)
        raise AcquiredMerchantUnknown(merchant_id)


def check_amount(shop: Content, amount: Money) -> None:
    """Raises `ShopsAmountUnfit`."""
    if amount.currency != shop.currency or not 1 <= amount.minor <= LARGEST_PAYMENT:
        raise ShopsAmountUnfit(shop.currency, LARGEST_PAYMENT)


def poster_of(
    shop: Content, acquirer: Participant, payload: str, amount: str = "", label: str = ""
) -> Poster:
    """What a sheet of the shop says."""
    mark = _MARKS.get(shop.scheme, shop.scheme)
    name = shop.local_name or shop.name
    return Poster(payload, name, shop.name, acquirer.display_name, (mark,), amount, label)
