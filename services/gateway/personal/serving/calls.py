"""What wallets ask for, whichever edge they came by: requests and answers as `PersonalService`
names them. Refusals are raised as typed errors."""

from services.gateway.acquiring.codes.messages import drawing_message, format_from
from services.gateway.admin.pages import page_size
from services.gateway.pages import last_id_of, next_token
from services.gateway.personal.handlers import PersonalCodes
from services.gateway.personal.serving.messages import (
    code_message,
    receipt_message,
    shown_name_of,
)
from services.gateway.reference import Participant
from services.pb.kawase.gateway.v1 import acquirer_service_pb2
from services.pb.kawase.gateway.v1 import personal_service_pb2 as pb


class PersonalCalls:
    """The calls of `PersonalService`, for a caller who is known and may."""

    def __init__(self, codes: PersonalCodes) -> None:
        self._codes = codes

    async def create(
        self, caller: Participant, request: pb.CreatePersonalCodeRequest
    ) -> pb.PersonalCode:
        """A payer's code."""
        made = await self._codes.create(
            caller, request.code_id, request.payer_id, shown_name_of(request)
        )
        return code_message(made)

    async def get(self, caller: Participant, request: pb.GetPersonalCodeRequest) -> pb.PersonalCode:
        """A code as it is now."""
        return code_message(await self._codes.get(caller, request.code_id))

    async def draw(
        self, caller: Participant, request: pb.DrawPersonalCodeRequest
    ) -> acquirer_service_pb2.Drawing:
        """A picture of a code."""
        wanted = format_from(request.format)
        return drawing_message(wanted, await self._codes.draw(caller, request.code_id, wanted))

    async def revoke(
        self, caller: Participant, request: pb.RevokePersonalCodeRequest
    ) -> pb.PersonalCode:
        """The code, which is no longer good."""
        return code_message(await self._codes.revoke(caller, request.code_id))

    async def page(
        self, caller: Participant, request: pb.ListPersonalCodesRequest
    ) -> pb.ListPersonalCodesResponse:
        """A page of codes, by id."""
        size = page_size(request.page_size)
        found = await self._codes.page(
            caller, request.payer_id, last_id_of(request.page_token), size
        )
        return pb.ListPersonalCodesResponse(
            personal_codes=[code_message(code) for code in found],
            next_page_token=next_token([code.code_id for code in found], size),
        )

    async def receipts(
        self, caller: Participant, request: pb.ListPersonalReceiptsRequest
    ) -> pb.ListPersonalReceiptsResponse:
        """A page of receipts, newest first."""
        size = page_size(request.page_size)
        found = await self._codes.receipts(
            caller, request.payer_id, last_id_of(request.page_token), size
        )
        return pb.ListPersonalReceiptsResponse(
            personal_receipts=[receipt_message(receipt) for receipt in found],
            next_page_token=next_token([receipt.reference for receipt in found], size),
        )
