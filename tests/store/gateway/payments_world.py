"""A gateway of payments on a database of its own, without Kafka or other services.

What it would send is read from its outbox; what wallet and bridge would say is said by the tests.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
from pydantic import SecretStr

from services.core.clock import ManualClock
from services.core.ids import Resource
from services.core.money import Money, Rounding
from services.core.sheet import RateSheet
from services.gateway.acquiring.merchants.accounts import Accounts
from services.gateway.availability import AvailabilityBoard
from services.gateway.consumer import EventConsumer
from services.gateway.late.booking import LATE_CHARGES
from services.gateway.payments.confirming import Ask, Asked, Confirming
from services.gateway.payments.creating import Creating
from services.gateway.payments.driving import PaymentEvents
from services.gateway.payments.model import Payment
from services.gateway.payments.reading import Reading
from services.gateway.payments.scanning import Resolver
from services.gateway.payments.shelf import Shelf
from services.gateway.payments.sweeping import Sweeper
from services.gateway.payments.waiters import Waiters
from services.gateway.reference import (
    Corridor,
    FeePayer,
    FeePlan,
    Funding,
    Merchant,
    Participant,
    ParticipantKind,
    Reference,
    Scheme,
)
from services.gateway.reference.board import ReferenceBoard
from services.gateway.resources.events import ResourceEvents
from services.gateway.screening import Screening
from services.gateway.waking import Wakers
from services.gateway.withdrawals.payees import PayeeBoxes
from services.kit.kafka import Publisher, Record, Topics
from services.kit.outbox import OutboxSender
from services.kit.sealing import SecretBox
from services.kit.sheets import SheetBoard
from services.kit.unit import Units, no_crash
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.bridge.v1 import bridge_service_pb2_grpc
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet
from services.sandbox.demo.codes import TOKYO_STATIC
from tests.parts import PAYEE_BOX, SEAL

NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
NONE_JPY = Money(0, "JPY")
BOX = SecretBox(SecretStr(SEAL))
BOXES = PayeeBoxes(BOX, PAYEE_BOX)
ACCOUNTS = Accounts(BOX, timedelta(hours=72))

PANDA = Participant(
    "panda", ParticipantKind.WALLET, "Panda", Funding.PREFUND, "CNY", "Asia/Shanghai"
)
SAKURA = Participant(
    "sakura", ParticipantKind.WALLET, "Sakura", Funding.HOSTED, "JPY", "Asia/Tokyo"
)
KAKAO = Participant(
    "kakao", ParticipantKind.WALLET, "Kakao", Funding.PARTNER, "KRW", "Asia/Seoul", "kakao-online"
)
EDO = Participant("edo", ParticipantKind.ACQUIRER, "Edo")
SHOP = Merchant(
    "shokudo", "edo", "SHOKUDO", "TOKYO", "JP", "5812", "JPY", "jpqr",
    "0000000000001.0001.000001.000001", "jp-shop",
)  # fmt: skip


def fee_plan(plan_id: str, basis_points: int, currency: str) -> FeePlan:
    none = Money(0, currency)
    return FeePlan(plan_id, FeePayer.MERCHANT, basis_points, none, none, Rounding.DOWN)


def corridor(wallet: Participant, partner: str, target: str, **limits: Any) -> Corridor:
    plan = {"JPY": "jp-shop", "CNY": "cn-partner"}[target]
    name = f"{wallet.participant_id}_{partner or 'edo'}"
    home = wallet.home_currency
    return Corridor(name, wallet.participant_id, partner, home, target, plan, 120, **limits)


def reference_of(*corridors: Corridor) -> Reference:
    """The participants, the shop, the partner and these corridors."""
    return Reference(
        participants={one.participant_id: one for one in (PANDA, SAKURA, KAKAO, EDO)},
        merchants={SHOP.merchant_id: SHOP},
        merchants_by_account={(SHOP.scheme, SHOP.scheme_account_id): SHOP},
        schemes={
            "jpqr": Scheme("jpqr", "", "JPY", "JP"),
            "emvco-cn": Scheme("emvco-cn", "shanghai", "CNY", "CN"),
            "kakaopay": Scheme("kakaopay", "kakaopay", "KRW", "KR", resolved_by_partner=True),
        },
        fee_plans={
            plan.fee_plan_id: plan
            for plan in (fee_plan("jp-shop", 160, "JPY"), fee_plan("cn-partner", 60, "CNY"))
        },
        corridors={one.way: one for one in corridors},
    )


CORRIDORS = (
    corridor(PANDA, "", "JPY", payment_minimum=1, payment_limit=1_000_000),
    corridor(SAKURA, "", "JPY"),
    corridor(SAKURA, "shanghai", "CNY"),
    corridor(KAKAO, "", "JPY"),
    corridor(KAKAO, "shanghai", "CNY"),
)
REFERENCE = reference_of(*CORRIDORS)
SHEET = RateSheet(
    "sheet-1", "fixed", NOW, NOW, NOW + timedelta(hours=8),
    {
        ("JPY", "CNY"): Decimal("0.047"),
        ("CNY", "JPY"): Decimal("21.3"),
        ("JPY", "KRW"): Decimal("9.4"),
        ("CNY", "KRW"): Decimal("199"),
    },
    {one.corridor_id: 150 for one in CORRIDORS},
)  # fmt: skip


@dataclass
class Gateway:
    """One gateway process's parts for payments."""

    pool: asyncpg.Pool
    clock: ManualClock
    reference: Reference = REFERENCE
    known: set[tuple[int, int]] = field(default_factory=set)
    screening: Screening | None = None

    def __post_init__(self) -> None:
        topics = Topics("localhost:1", "none", 1)
        self.units = Units(self.pool, OutboxSender("gateway", self.pool, Publisher(topics)))
        self.board = ReferenceBoard(self.pool)
        self.board.current = self.reference
        self.sheets = SheetBoard(topics)
        self.sheets.offer(SHEET, 1)
        self.shelf, self.waiters = Shelf(), Waiters()
        stub = bridge_service_pb2_grpc.BridgeServiceStub
        resolver = Resolver(stub)  # type: ignore[arg-type]  # no test asks a partner
        self.availability = AvailabilityBoard(topics, self.clock)
        self.creating = Creating(
            self.units, self.board, self.sheets, self.clock, self.shelf, resolver, self.availability
        )
        self.confirming = Confirming(
            self.units, self.board, self.clock, self.shelf, self.waiters, self.availability,
            self.screening,
        )  # fmt: skip
        self.reading = Reading(self.pool, self.shelf, self.waiters)
        events = PaymentEvents(self.board, self.shelf, self.waiters, self.clock, no_crash)
        self.events = EventConsumer(
            {
                Resource.PAYMENT: events,
                Resource.LATE: ResourceEvents(LATE_CHARGES, Wakers(), self.clock),
            }
        )
        self.sweeper = Sweeper(self.units, self.clock, self.shelf, self.waiters, self.lag)

    async def lag(self) -> int:
        return 0

    async def create(
        self,
        payment_id: str,
        wallet: Participant = PANDA,
        code: str = "",
        typed: Money | None = None,
        payer: str = "li-na",
    ) -> Payment:
        """A quote; by default 1,000 yen at the shop."""
        if typed is None and not code:
            typed = Money(1_000, "JPY")
        return await self.creating.submit(wallet, payment_id, payer, code or TOKYO_STATIC, typed)

    async def confirm(self, payment_id: str, wallet: Participant = PANDA) -> Asked:
        return await self.confirming.gather.submit(Ask(wallet, payment_id))

    async def cancel(self, payment_id: str, wallet: Participant = PANDA) -> Asked:
        return await self.confirming.gather.submit(Ask(wallet, payment_id, cancels=True))

    async def state(self, payment_id: str, wallet: Participant = PANDA) -> tuple[str, str]:
        """State and step, as the last move says."""
        snapshot, moves = await self.reading.get(wallet.participant_id, payment_id)
        assert moves[-1].state == snapshot.state
        name = payment_pb2.PaymentState.Name(snapshot.state)
        return name.removeprefix("PAYMENT_STATE_").lower(), moves[-1].step

    async def hear(self, *records: Record) -> None:
        """What the consumer does with a batch."""
        done = await self.units.write(lambda c: self.events.handle(c, records))
        self.events.committed(done.answer)

    async def sent(self) -> list[tuple[str, str]]:
        """Type and key of what was sent since the last call, per lane in order."""
        rows = await self.rows()
        return [(row["type"], row["key"]) for row in rows]

    async def rows(self) -> list[asyncpg.Record]:
        """Rows of the outbox since the last call, commands before facts."""
        rows = await self.pool.fetch(
            "SELECT stripe, sequence, type, key, payload FROM outbox ORDER BY stripe DESC, sequence"
        )
        fresh = [row for row in rows if (row["stripe"], row["sequence"]) not in self.known]
        self.known |= {(row["stripe"], row["sequence"]) for row in rows}
        return fresh


def wallet_says(link_id: str, **body: object) -> Record:
    """A record of wallet.event."""
    event = wallet.WalletEvent(link_id=link_id, **body)  # type: ignore[arg-type]
    return Record("wallet.event", 0, 0, link_id, "", "", event.SerializeToString())


def reserved(payment: Payment) -> Record:
    return wallet_says(payment.terms.resource_id, funds_reserved=wallet.FundsReserved())


def refused(payment: Payment, reason: str = "EXCEEDS_CREDITS") -> Record:
    refusal = wallet.FundsRefused(command="reserve", reason=reason, message="Not enough.")
    return wallet_says(payment.terms.resource_id, funds_refused=refusal)


def posted(payment: Payment) -> Record:
    return wallet_says(payment.terms.resource_id, funds_posted=wallet.FundsPosted())


def voided(payment: Payment) -> Record:
    return wallet_says(payment.terms.resource_id, funds_voided=wallet.FundsVoided())


def bridge_says(resource_id: str, charge_id: str, **body: object) -> Record:
    """A record of bridge.event."""
    event = bridge.BridgeEvent(
        resource_id=resource_id, charge_id=charge_id, **body  # type: ignore[arg-type]
    )  # fmt: skip
    return Record("bridge.event", 0, 0, resource_id, "", "", event.SerializeToString())


def accepted(payment: Payment, side: str = "deliver") -> Record:
    terms = payment.terms
    return bridge_says(
        terms.resource_id,
        f"{terms.resource_id}-{side}",
        charge_accepted=bridge.ChargeAccepted(partner_reference="T1", partner_id="shanghai"),
    )


def accepted_late(payment: Payment, side: str = "deliver") -> Record:
    terms = payment.terms
    late = bridge.ChargeAcceptedLate(
        partner_reference="T1",
        partner_id="shanghai",
        amount=money_pb2.Money(minor_units=terms.target_minor, currency_code="CNY"),
    )
    charge_id = f"{terms.resource_id}-{side}"
    return bridge_says(terms.resource_id, charge_id, charge_accepted_late=late)


def rejected(payment: Payment, side: str = "deliver") -> Record:
    terms = payment.terms
    return bridge_says(
        terms.resource_id,
        f"{terms.resource_id}-{side}",
        charge_rejected=bridge.ChargeRejected(reason="MERCHANT_UNKNOWN", message="Not there."),
    )


def cancelled(payment: Payment, side: str = "collect") -> Record:
    terms = payment.terms
    charge_id = f"{terms.resource_id}-{side}"
    return bridge_says(terms.resource_id, charge_id, charge_cancelled=bridge.ChargeCancelled())


def action_required(payment: Payment, url: str = "https://approve.example/1") -> Record:
    terms = payment.terms
    return bridge_says(
        terms.resource_id,
        terms.collect_charge_id,
        charge_action_required=bridge.ChargeActionRequired(action_url=url),
    )
