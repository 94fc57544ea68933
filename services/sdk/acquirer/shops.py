"""An acquirer's shops: put forward, looked at, and the codes they hang up."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from services.core.money import Money
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from services.pb.kawase.gateway.v1.acquirer_service_pb2_grpc import AcquirerServiceStub
from services.sdk.drawing import DrawingFormat, format_number
from services.sdk.line import Line
from services.sdk.values import States, money_in, money_message, pages


@dataclass(frozen=True, slots=True)
class PayoutAccount:
    """An account at a Japanese bank, in Zengin's numbers; type 1 ordinary, 2 current, 4 savings;
    the holder in katakana."""

    bank_code: str
    branch_code: str
    account_type: str
    account_number: str
    holder_name: str


@dataclass(frozen=True, slots=True)
class Shop:
    """All that is said of a shop.

    `name` and `city` are in ASCII, as codes carry them; `local_name` as its people write it;
    `kana_name` its reading. `scheme` and `scheme_account_id` are what its code says. Limits are in
    minor units. Only a sub-merchant, which names its parent, may leave the payout account out.
    """

    merchant_id: str
    name: str
    kana_name: str
    category_code: str
    city: str
    country_code: str
    currency_code: str
    scheme: str
    scheme_account_id: str
    fee_plan_id: str
    local_name: str = ""
    postal_code: str = ""
    parent_merchant_id: str = ""
    net_debit_limit: int = 0
    refund_day_limit: int = 0
    payout_account: PayoutAccount | None = None


class ShopState(StrEnum):
    """What became of a version: it waits for the operator, is in force, was rejected, or a later
    one has taken its place."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    REPLACED = "replaced"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ShopVersion:
    """One version of what was said of a shop. `findings` are what the operator has to look at,
    `reason` why it was rejected."""

    shop: Shop
    version: int
    state: ShopState
    findings: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class ShopCode:
    """A code of a shop: EMVCo text. Without an amount the payer types it."""

    code_id: str
    merchant_id: str
    code: str
    amount: Money | None


_STATES = States(pb.MerchantState, "MERCHANT_STATE", ShopState)


class Shops:
    """`kawase.shops`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def propose(self, shop: Shop) -> ShopVersion:
        """Put a shop forward. It takes payments once an operator has approved it."""
        request = pb.ProposeMerchantRequest(content=_content(shop))
        return _version_of((await self._ask("ProposeMerchant", request)).merchant)

    async def update(self, shop: Shop) -> ShopVersion:
        """All that is said of it anew. Names and address are in force at once; all else waits for
        an operator, and what was in force stays so meanwhile."""
        request = pb.UpdateMerchantRequest(content=_content(shop))
        return _version_of((await self._ask("UpdateMerchant", request)).merchant)

    async def get(self, merchant_id: str) -> ShopVersion:
        """The latest version."""
        request = pb.GetMerchantRequest(merchant_id=merchant_id)
        return _version_of((await self._ask("GetMerchant", request)).merchant)

    def list(self, *, pending_only: bool = False) -> AsyncIterator[ShopVersion]:
        """Yours, by id; pages come as needed."""
        request = pb.ListMerchantsRequest(pending_only=pending_only)
        return pages(
            lambda asked: self._ask("ListMerchants", asked), request, "merchants", _version_of
        )

    async def create_code(
        self,
        code_id: str,
        merchant_id: str,
        amount: Money | None = None,
        terminal_label: str = "",
    ) -> ShopCode:
        """A code to hang up or, with an amount, to show again and again."""
        request = pb.CreateCodeRequest(
            code_id=code_id,
            merchant_id=merchant_id,
            amount=money_message(amount),
            terminal_label=terminal_label,
        )
        code = (await self._ask("CreateCode", request)).code
        return ShopCode(code.code_id, code.merchant_id, code.code, money_in(code, "amount"))

    async def draw_code(self, code_id: str, form: DrawingFormat = DrawingFormat.PNG) -> bytes:
        """A code as a picture, or as a sheet of A6 to hang up."""
        request = pb.DrawCodeRequest(code_id=code_id, format=format_number(form))
        return bytes((await self._ask("DrawCode", request)).drawing.content)

    async def _ask(self, method: str, request: Any) -> Any:
        return await self._line.ask(AcquirerServiceStub, method, request)


_ACCOUNT_FIELDS = tuple(each.name for each in fields(PayoutAccount))
_PLAIN_FIELDS = tuple(each.name for each in fields(Shop) if each.name != "payout_account")


def _content(shop: Shop) -> pb.MerchantContent:
    content = pb.MerchantContent(**{name: getattr(shop, name) for name in _PLAIN_FIELDS})
    account = shop.payout_account
    if account is not None:
        given = {name: getattr(account, name) for name in _ACCOUNT_FIELDS}
        content.payout_account.CopyFrom(pb.PayoutAccount(**given))
    return content


def _version_of(message: pb.MerchantVersion) -> ShopVersion:
    content = message.content
    account = None
    if content.HasField("payout_account"):
        given = {name: getattr(content.payout_account, name) for name in _ACCOUNT_FIELDS}
        account = PayoutAccount(**given)
    plain = {name: getattr(content, name) for name in _PLAIN_FIELDS}
    return ShopVersion(
        shop=Shop(**plain, payout_account=account),
        version=message.version,
        state=_STATES.of(message.state),
        findings=tuple(message.findings),
        reason=message.reason,
    )
