"""A shop to propose, and how it is opened."""

from typing import Any

from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from services.pb.kawase.money.v1.money_pb2 import Money
from tests.rpc.gateway.access_served import House

SHOP = "shop-7"


def content_of(**changed: Any) -> pb.MerchantContent:
    """A shop in Tokyo whose account is its own; with `changed` fields."""
    account = pb.PayoutAccount(
        bank_code="9901",
        branch_code="101",
        account_type="1",
        account_number="1234567",
        holder_name="カ)テストショクドウ",
    )
    content = pb.MerchantContent(
        merchant_id=SHOP,
        name="TEST SHOKUDO",
        local_name="テスト食堂",
        kana_name="カブシキガイシャ テストショクドウ",
        category_code="5812",
        postal_code="1000001",
        city="TOKYO",
        country_code="JP",
        currency_code="JPY",
        scheme="jpqr",
        scheme_account_id="0000000000001.0001.000002.000001",
        fee_plan_id="jp-shop",
        payout_account=account,
    )
    for field, value in changed.items():
        if isinstance(value, pb.PayoutAccount):
            content.payout_account.CopyFrom(value)
        else:
            setattr(content, field, value)
    return content


async def ask(house: House, method: str, request: object, by: str = "edo") -> Any:
    return await house.call("AcquirerService", method, request, by)


async def propose(house: House, by: str = "edo", **changed: Any) -> Any:
    request = pb.ProposeMerchantRequest(content=content_of(**changed))
    return (await ask(house, "ProposeMerchant", request, by)).merchant


async def approve(house: House, by: str = "ada", version: int = 1, **given: Any) -> Any:
    given = {"merchant_id": SHOP} | given
    request = pb.ApproveMerchantRequest(version=version, **given)
    return (await ask(house, "ApproveMerchant", request, by)).merchant


async def open_shop(house: House, by: str = "ada") -> None:
    """Proposed by Edo, approved by Ada or who else."""
    await propose(house)
    await approve(house, by=by)


def yen(amount: int) -> Money:
    return Money(minor_units=amount, currency_code="JPY")


async def make_shop_things(house: House) -> dict[str, str]:
    """A shop of Edo's that is open, a code and an order of it; their ids by the names of fields."""
    await open_shop(house, by="bootstrap")
    await ask(house, "CreateCode", pb.CreateCodeRequest(code_id="code-1", merchant_id=SHOP))
    order = pb.CreateOrderRequest(order_id="table-12", merchant_id=SHOP, amount=yen(900))
    await ask(house, "CreateOrder", order)
    return {"merchant_id": SHOP, "code_id": "code-1", "order_id": "table-12"}
