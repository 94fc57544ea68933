"""What acquirers ask for, whichever edge they came by: requests and answers as `AcquirerService`
names them. Refusals are raised as typed errors."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.core.clock import Clock
from services.core.ids import checked_id
from services.gateway.access.keys import Caller
from services.gateway.access.owners import meant_by
from services.gateway.acquiring.codes.handlers import CodeHandlers
from services.gateway.acquiring.codes.messages import code_message, drawing_message, format_from
from services.gateway.acquiring.merchants.handlers import Approval, MerchantHandlers
from services.gateway.acquiring.merchants.messages import content_from, version_message
from services.gateway.acquiring.orders.handlers import OrderHandlers
from services.gateway.acquiring.orders.messages import order_message, state_from
from services.gateway.acquiring.payments import ShopPayments
from services.gateway.admin.errors import FieldMissing, FieldOutOfPlace
from services.gateway.admin.pages import page_size
from services.gateway.pages import last_id_of, token_of
from services.gateway.payments.messages import money_of
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb


def owner_of(caller: Caller, named: str) -> str:
    """Whose shops are meant: the caller's; for an operator those it names, or anybody's (empty).

    Raises `ParticipantForeign`, `IdMalformed`.
    """
    owner = meant_by(caller.participant, named)
    return checked_id(owner, "participant_id") if owner else owner


def small_until(request: pb.ApproveMerchantRequest) -> datetime | None:
    """Until when a small merchant pays nothing. Raises `FieldMissing`, `FieldOutOfPlace`."""
    timed = request.HasField("fee_plan_expire_time")
    if not request.is_small:
        if timed or request.fee_plan_after_id:
            raise FieldOutOfPlace(
                "fee_plan_expire_time and fee_plan_after_id are for small merchants: say is_small."
            )
        return None
    if not timed:
        raise FieldMissing("fee_plan_expire_time")
    try:
        return request.fee_plan_expire_time.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise FieldOutOfPlace("fee_plan_expire_time is no time there is.") from None


@dataclass(frozen=True, slots=True)
class AcquirerCalls:
    """The calls of `AcquirerService`, for a caller who is known and may."""

    merchants: MerchantHandlers
    codes: CodeHandlers
    orders: OrderHandlers
    payments: ShopPayments
    clock: Clock

    async def propose_merchant(
        self, caller: Caller, request: pb.ProposeMerchantRequest
    ) -> pb.MerchantVersion:
        """A fresh shop, which waits for an operator."""
        return version_message(await self.merchants.propose(caller, content_from(request.content)))

    async def update_merchant(
        self, caller: Caller, request: pb.UpdateMerchantRequest
    ) -> pb.MerchantVersion:
        """The whole content anew."""
        return version_message(await self.merchants.update(caller, content_from(request.content)))

    async def get_merchant(
        self, caller: Caller, request: pb.GetMerchantRequest
    ) -> pb.GetMerchantResponse:
        """The latest version, and the one in force where it is another."""
        owner = owner_of(caller, request.participant_id)
        latest, in_force = await self.merchants.get(owner, request.merchant_id)
        return pb.GetMerchantResponse(
            merchant=version_message(latest),
            in_force=None if in_force is None else version_message(in_force),
        )

    async def list_merchants(
        self, caller: Caller, request: pb.ListMerchantsRequest
    ) -> pb.ListMerchantsResponse:
        """A page of latest versions, by id."""
        size = page_size(request.page_size)
        found = await self.merchants.page(
            owner_of(caller, request.participant_id),
            last_id_of(request.page_token),
            size,
            pending_only=request.pending_only,
        )
        last = found[-1].content.merchant_id if len(found) == size else ""
        return pb.ListMerchantsResponse(
            merchants=[version_message(version) for version in found],
            next_page_token=token_of(last) if last else "",
        )

    async def approve_merchant(
        self, caller: Caller, request: pb.ApproveMerchantRequest
    ) -> pb.MerchantVersion:
        """An operator's yes."""
        approval = Approval(
            request.merchant_id,
            request.version,
            request.fee_plan_id,
            request.accepts_findings,
            small_until(request),
            request.fee_plan_after_id,
        )
        return version_message(await self.merchants.approve(caller, approval))

    async def reject_merchant(
        self, caller: Caller, request: pb.RejectMerchantRequest
    ) -> pb.MerchantVersion:
        """An operator's no."""
        version = await self.merchants.reject(
            caller, request.merchant_id, request.version, request.reason
        )
        return version_message(version)

    async def create_code(self, caller: Caller, request: pb.CreateCodeRequest) -> pb.MerchantCode:
        """A code to hang up or to show."""
        amount = money_of(request.amount) if request.HasField("amount") else None
        code = await self.codes.create(
            caller.participant,
            request.code_id,
            request.merchant_id,
            amount,
            request.terminal_label,
        )
        return code_message(code)

    async def draw_code(self, caller: Caller, request: pb.DrawCodeRequest) -> pb.Drawing:
        """A picture of a code."""
        wanted = format_from(request.format)
        content = await self.codes.draw(caller.participant, request.code_id, wanted)
        return drawing_message(wanted, content)

    async def create_order(self, caller: Caller, request: pb.CreateOrderRequest) -> pb.Order:
        """An order with its code."""
        if not request.HasField("amount"):
            raise FieldMissing("amount")
        found = await self.orders.create(
            caller.participant,
            request.order_id,
            request.merchant_id,
            money_of(request.amount),
            request.note,
            request.valid_seconds,
        )
        return order_message(found, self.clock.now())

    async def get_order(self, caller: Caller, request: pb.GetOrderRequest) -> pb.Order:
        """An order, and what pays it."""
        found = await self.orders.get(caller.participant, request.order_id)
        return order_message(found, self.clock.now())

    async def list_orders(
        self, caller: Caller, request: pb.ListOrdersRequest
    ) -> pb.ListOrdersResponse:
        """A page of orders, by id."""
        size, now = page_size(request.page_size), self.clock.now()
        found, last = await self.orders.page(
            caller.participant,
            last_id_of(request.page_token),
            size,
            request.merchant_id,
            state_from(request.state),
        )
        return pb.ListOrdersResponse(
            orders=[order_message(each, now) for each in found],
            next_page_token=token_of(last) if last else "",
        )

    async def close_order(self, caller: Caller, request: pb.CloseOrderRequest) -> pb.Order:
        """Take an order back."""
        found = await self.orders.close(caller.participant, request.order_id)
        return order_message(found, self.clock.now())

    async def draw_order(self, caller: Caller, request: pb.DrawOrderRequest) -> pb.Drawing:
        """A picture of an order's code."""
        wanted = format_from(request.format)
        content = await self.orders.draw(caller.participant, request.order_id, wanted)
        return drawing_message(wanted, content)

    async def get_shop_payment(
        self, caller: Caller, request: pb.GetShopPaymentRequest
    ) -> pb.ShopPayment:
        """A payment at one of the caller's shops."""
        return await self.payments.get(caller.participant, request.reference)
