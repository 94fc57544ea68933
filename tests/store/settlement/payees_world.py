"""Accounts of a shop as the gateway tells of them, for a settlement that a test drives."""

from datetime import datetime, timedelta

from services.pb.kawase.bridge.v1.bridge_message_pb2 import Payee
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent
from services.pb.kawase.gateway.v1.payout_account_pb2 import SealedPayee
from tests.parts import PAYEE_BOX
from tests.store.settlement.world import World


def account_event(
    version: int, number: str, approved: datetime, wait: timedelta, merchant_id: str = "shokudo"
) -> PaymentEvent:
    """The account of a shop is `number` from `wait` on; none where that is empty."""
    payee = Payee(
        bank_code="0005",
        branch_code="001",
        account_type="1",
        account_number=number,
        holder_name="ショクドウ",
    )
    told = SealedPayee(merchant_id=merchant_id, version=version, payee=payee)
    event = PaymentEvent(participant_id="edo")
    changed = event.payout_account_changed
    shop = changed.shop_account
    shop.merchant_id, shop.version = "shokudo", version
    shop.approve_time.FromDatetime(approved)
    shop.effective_time.FromDatetime(approved + wait)
    if number:
        shop.account = f"0005-001 ***{number[-3:]}"
        changed.sealed_payee = PAYEE_BOX.seal_bytes(told.SerializeToString())
    return event


async def tell(world: World, event: PaymentEvent) -> None:
    """The gateway's fact, which comes twice."""
    fact = world.fact("gateway", "payment.event", "merchant-shokudo", event)
    await world.bring([fact, fact])
