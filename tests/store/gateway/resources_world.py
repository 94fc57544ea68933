"""Refunds, bank links and top-ups beside a gateway of payments, on a database of its own."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.gateway.cases.handlers import CaseHandlers, kinds_with
from services.gateway.cases.store import Word
from services.gateway.consumer import EventConsumer
from services.gateway.disputes.events import DisputeEvents
from services.gateway.disputes.handlers import DisputeHandlers
from services.gateway.payments.model import Payment
from services.gateway.reference import Funding, Participant
from services.gateway.refunds.handlers import RefundHandlers
from services.gateway.repeating import Repeater
from services.gateway.resources.events import ResourceEvents, repeat_of
from services.gateway.resources.model import Resolution
from services.gateway.topups.handlers import BankLinkHandlers, TopUpHandlers
from services.gateway.waking import Wakers
from services.gateway.withdrawals.handlers import WithdrawalHandlers
from services.kit.kafka import Record
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as bridge_pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1.money_pb2 import Money as MoneyMessage
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet
from tests.store.gateway.payments_world import (
    BOX,
    BOXES,
    PANDA,
    Gateway,
    accepted,
    bridge_says,
    posted,
    reserved,
    wallet_says,
)

COMPLETED = payment_pb2.REFUND_STATE_COMPLETED
DECLINED = payment_pb2.REFUND_STATE_DECLINED
PENDING = payment_pb2.REFUND_STATE_PENDING

BANK_LINK = {
    "bank_link_id": "hanako-bank",
    "payer_id": "hanako",
    "partner_id": "bank",
    "bank_code": "0310",
    "branch_code": "101",
    "account_type": "1",
    "account_number": "1234567",
    "holder_name": "ヤマダ ハナコ",
}


class BankStub:
    """The bridge's LinkAccount, answered here; it keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[bridge_pb.LinkAccountRequest] = []

    async def LinkAccount(
        self, request: bridge_pb.LinkAccountRequest, timeout: float
    ) -> bridge_pb.LinkAccountResponse:
        self.asked.append(request)
        return bridge_pb.LinkAccountResponse(
            payer_reference=f"acct-{request.account_number[-3:]}", display_name="Bank ***567"
        )


@dataclass
class World:
    """A gateway, and the calls that this room serves."""

    gateway: Gateway

    def __post_init__(self) -> None:
        made, wakers = self.gateway, Wakers()
        self.bank = BankStub()
        bridge_stub: Any = self.bank
        self.refunds = RefundHandlers(
            made.units, made.board, made.sheets, wakers, made.clock, wait_seconds=0
        )
        self.links = BankLinkHandlers(made.units, bridge_stub, made.clock, BOX)
        self.top_ups = TopUpHandlers(made.units, wakers, made.clock, wait_seconds=0)
        self.withdrawals = WithdrawalHandlers(
            made.units, made.board, wakers, made.clock, wait_seconds=0
        )
        self.waiting_refunds = RefundHandlers(
            made.units, made.board, made.sheets, wakers, made.clock
        )
        kinds = kinds_with(BOXES)
        self.events = EventConsumer(
            {
                **{
                    kind.resource: ResourceEvents(kind, wakers, made.clock)
                    for kind in kinds.values()
                },
                Resource.DISPUTE: DisputeEvents(wakers, made.clock),
            }
        )
        self.cases = CaseHandlers(made.units, wakers, made.clock, kinds)
        self.disputes = DisputeHandlers(made.units, made.clock)
        self.repeater = Repeater(made.units, made.lag, [repeat_of(k) for k in kinds.values()])

    async def hear(self, *records: Record) -> None:
        done = await self.gateway.units.write(lambda c: self.events.handle(c, records))
        self.events.committed(done.answer)

    async def sent(self) -> list[str]:
        """Types of what was sent since the last call, commands before facts."""
        return [kind for kind, _ in await self.gateway.sent()]

    async def paid(
        self, payment_id: str, caller: Participant = PANDA, code: str = "", minor: int = 0
    ) -> Payment:
        """A payment that has been completed and posted."""
        typed = Money(minor, "JPY") if minor else None
        payment = await self.gateway.create(payment_id, caller, code, typed)
        await self.gateway.confirm(payment_id, caller)
        await self.gateway.hear(reserved(payment))
        if caller.funding is Funding.PARTNER:
            await self.gateway.hear(accepted(payment, "collect"))
        if payment.terms.acceptance_partner_id:
            await self.gateway.hear(accepted(payment))
        await self.gateway.hear(posted(payment))
        await self.gateway.sent()
        return payment

    async def refund(
        self,
        refund_id: str,
        payment_id: str,
        minor: int | None = None,
        caller: Participant = PANDA,
        currency: str = "JPY",
    ) -> payment_pb2.Refund:
        request = pb.CreateRefundRequest(refund_id=refund_id, payment_id=payment_id)
        if minor is not None:
            request.amount.CopyFrom(MoneyMessage(minor_units=minor, currency_code=currency))
        return await self.refunds.create(caller, request)

    async def look(self, refund_id: str, caller: Participant = PANDA) -> payment_pb2.Refund:
        return await self.refunds.get(caller, pb.GetRefundRequest(refund_id=refund_id))

    async def refunded(self, payment_id: str, caller: Participant = PANDA) -> int:
        """What the payment itself says has been given back."""
        snapshot, _ = await self.gateway.reading.get(caller.participant_id, payment_id)
        return snapshot.refunded.minor_units

    async def make_due(self) -> None:
        """Let everything outstanding have waited long enough."""
        for table in ("refunds", "top_ups", "late_charges", "disputes", "withdrawals"):
            await self.gateway.pool.execute(
                f"UPDATE {table} SET next_sweep_time = now() WHERE next_sweep_time IS NOT NULL"
            )


def link_of(refund: payment_pb2.Refund) -> str:
    return resource_id(Resource.REFUND, refund.reference)


def funds(link_id: str, what: str, reason: str = "", command: str = "reserve") -> Record:
    """What the ledger says: `reserved`, `posted`, `voided` or `refused`."""
    bodies: dict[str, Any] = {
        "reserved": {"funds_reserved": wallet.FundsReserved()},
        "posted": {"funds_posted": wallet.FundsPosted()},
        "voided": {"funds_voided": wallet.FundsVoided()},
        "refused": {
            "funds_refused": wallet.FundsRefused(
                command=command, reason=reason, message="The ledger refused."
            )
        },
    }
    return wallet_says(link_id, **bodies[what])


def gave_back(refund: payment_pb2.Refund, side: str = "deliver") -> Record:
    link = link_of(refund)
    return bridge_says(link, f"{link}-{side}", refund_accepted=bridge.RefundAccepted())


def kept(refund: payment_pb2.Refund, side: str = "deliver") -> Record:
    link = link_of(refund)
    said = bridge.RefundRejected(reason="REFUND_WINDOW_OVER", message="Too late.")
    return bridge_says(link, f"{link}-{side}", refund_rejected=said)


def other_wallet() -> Participant:
    return replace(PANDA, participant_id="tiger")


def opened(
    payment: Payment, minor: int, side: str = "collect", dispute_id: str = "d1", days: int = 7
) -> Record:
    """A partner contests `minor` units of a charge."""
    terms = payment.terms
    currency = terms.home_currency if side == "collect" else terms.target_currency
    said = bridge.DisputeOpened(
        dispute_id=dispute_id,
        partner_id="partner",
        partner_reference="CASE-1",
        amount=MoneyMessage(minor_units=minor, currency_code=currency),
        reason="GOODS_NOT_RECEIVED",
    )
    said.answer_until_time.FromDatetime(terms.create_time + timedelta(days=days))
    charge_id = f"{terms.resource_id}-{side}"
    return bridge_says(terms.resource_id, charge_id, dispute_opened=said)


def decided(payment: Payment, won: bool, side: str = "collect", dispute_id: str = "d1") -> Record:
    """The partner has decided."""
    terms = payment.terms
    said = bridge.DisputeEnded(dispute_id=dispute_id, partner_id="partner", won=won)
    charge_id = f"{terms.resource_id}-{side}"
    return bridge_says(terms.resource_id, charge_id, dispute_ended=said)


def word(resolution: str) -> Word:
    """An operator's decision."""
    return Word(Resolution(resolution), "mei", "asked the partner", "key")
