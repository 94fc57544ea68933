"""A shop of our own acquirer's, from its proposal to the notice of its payments."""

from services.core.money import Money
from services.kit.rpc import call, open_channel
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from services.pb.kawase.gateway.v1.acquirer_service_pb2_grpc import AcquirerServiceStub
from services.sandbox.demo.story import CALL_SECONDS, Stage, expect, refused
from services.sandbox.endpoints import CHECKER
from services.sandbox.listening import Listener
from services.sandbox.world import EDO, PANDA
from services.sdk import (
    AcquirerClient,
    DrawingFormat,
    OrderState,
    PaymentState,
    PayoutAccount,
    Shop,
    ShopState,
    ShopVersion,
    SignatureInvalid,
    WalletClient,
    WebhookEvent,
)

SHOP = Shop(
    merchant_id="soba-matsuya",
    name="SOBA MATSUYA",
    local_name="そば処 松屋",
    kana_name="ソバドコロマツヤ",
    category_code="5812",
    postal_code="1000001",
    city="TOKYO",
    country_code="JP",
    currency_code="JPY",
    scheme="jpqr",
    scheme_account_id="0000000000001.0001.000002.000001",
    fee_plan_id="jp-shop",
    payout_account=PayoutAccount("9901", "101", "1", "1234567", "ソバドコロマツヤ"),
)
SHEET = "soba-matsuya.pdf"
ENDPOINT = "demo"
PAID = "payment.completed"


async def new_shop(stage: Stage) -> None:
    """(i) A shop is opened by two people, its code hung up, its payers charged, itself told."""
    stage.telling.chapter(
        "i",
        "A soba shop in Tokyo joins",
        "Our own acquirer puts it forward, somebody at the operator approves; then it hangs up its "
        "code, takes two payments, and is told of each by a signed webhook.",
    )
    heard: list[WebhookEvent | SignatureInvalid] = []
    listener = Listener(heard.append)
    async with (
        AcquirerClient(stage.gateway, stage.keys[EDO]) as acquirer,
        WalletClient(stage.gateway, stage.keys[PANDA]) as wallet,
    ):
        await listener.start()
        try:
            endpoint = await acquirer.webhooks.put(ENDPOINT, listener.url, [PAID])
            listener.secrets = [endpoint.secret]
            await _open(stage, acquirer)
            await _hang_up(stage, acquirer)
            await _order(stage, acquirer, wallet)
            await _charge(stage, acquirer, wallet)
            await _be_told(stage, heard)
            await acquirer.webhooks.delete(ENDPOINT)
        finally:
            await listener.stop()


async def _open(stage: Stage, acquirer: AcquirerClient) -> None:
    telling = stage.telling
    proposed = await acquirer.shops.propose(SHOP)
    telling.line(f"proposed  {SHOP.local_name} by {EDO}: {proposed.state}")
    telling.line("          the acquirer would approve it itself:")
    await refused(stage, _approve(stage, proposed, stage.keys[EDO]))
    await _approve(stage, proposed, stage.keys[CHECKER])
    opened = await acquirer.shops.get(SHOP.merchant_id)
    telling.line(f"decided   by the {CHECKER}: {opened.state}")
    expect(opened.state is ShopState.APPROVED, "the shop was not opened")


async def _approve(stage: Stage, proposed: ShopVersion, key: str) -> None:
    request = pb.ApproveMerchantRequest(
        merchant_id=proposed.shop.merchant_id, version=proposed.version
    )
    metadata = (("authorization", f"Bearer {key}"),)
    async with open_channel(stage.gateway) as channel:
        approve = AcquirerServiceStub(channel).ApproveMerchant
        await call(approve(request, metadata=metadata, timeout=CALL_SECONDS))


async def _hang_up(stage: Stage, acquirer: AcquirerClient) -> None:
    code = await acquirer.shops.create_code("soba-till", SHOP.merchant_id, terminal_label="TILL 1")
    sheet = await acquirer.shops.draw_code(code.code_id, DrawingFormat.SHEET)
    stage.reports.mkdir(parents=True, exist_ok=True)
    (stage.reports / SHEET).write_bytes(sheet)
    stage.telling.line(f"code      {code.code[:81]}…")
    stage.telling.line(f"sheet     {stage.reports / SHEET}: A6, to hang up")


async def _order(stage: Stage, acquirer: AcquirerClient, wallet: WalletClient) -> None:
    order = await acquirer.orders.create("table-12", SHOP.merchant_id, Money(2_400, "JPY"))
    await wallet.pay("soba-order", "li-na", order.code, Money(20_000, "CNY"))
    paid = await acquirer.orders.get(order.order_id)
    stage.telling.line(f"order     {paid.amount} at table 12: {paid.state}")
    expect(paid.state is OrderState.PAID, "the order was not paid")


async def _charge(stage: Stage, acquirer: AcquirerClient, wallet: WalletClient) -> None:
    shown = await wallet.codes.create("soba-shown", "li-na", "JP")
    charge = await acquirer.charge(
        "soba-till-1", shown.barcode_number, SHOP.merchant_id, Money(1_200, "JPY")
    )
    stage.telling.line(f"scanned   {shown.barcode_number} from Li Na's phone")
    stage.telling.line(f"charged   {charge.amount}: {charge.message}")
    expect(charge.state is PaymentState.COMPLETED, "the shown code was not charged")


async def _be_told(stage: Stage, heard: list[WebhookEvent | SignatureInvalid]) -> None:
    async def have_both_come() -> bool:
        return len(heard) >= 2

    await stage.until(have_both_come)
    for told in heard:
        expect(isinstance(told, WebhookEvent), "a webhook was not genuine")
        if isinstance(told, WebhookEvent):
            data = told.body["data"]
            text = f"{told.body['type']} {data['target']['display']} {data['reference']}"
            stage.telling.line(f"webhook   {text}, its signature holds")


ACQUIRING = (new_shop,)
