"""A settlement on real Postgres whose facts a test writes, and a ledger that follows them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from services.core.clock import ManualClock
from services.core.ids import new_reference, stripe_of
from services.kit.facts.keeper import handle
from services.kit.facts.projection import Projection
from services.kit.kafka import Record, Topics
from services.kit.unit import Units
from services.pb.kawase.gateway.v1 import payment_event_pb2, payment_pb2
from services.pb.kawase.wallet.v1 import transfer_pb2, wallet_message_pb2
from services.settlement.closing import Closing
from services.settlement.domain.windows import Movement, Schedule, Totals
from services.settlement.ledger import Ledger
from services.settlement.reading import make_projection
from services.settlement.store.windows import Window, list_windows, movements_of
from tests.conftest import Database
from tests.parts import running_units

NOON = datetime(2026, 10, 30, 3, tzinfo=UTC)
CORRIDOR = "panda-kakaopay"
WALLET = "panda-wallet"
SCHEDULE = Schedule("krw", CORRIDOR, "KRW", "18:00", "Asia/Seoul", "KR", 1)
HOME_SCHEDULE = Schedule("cny", CORRIDOR, "CNY", "18:00", "Asia/Seoul", "KR", 1)
PREFUND, POSITION_CNY = f"prefund:{WALLET}:CNY", "position:CNY"
INCOME = "fx-income:CNY"
POSITION, PAYABLE, FEES = "position:KRW", "partner-payable:kakaopay:KRW", "fee-income:KRW"

Leg = tuple[str, str, int, str, str]


@dataclass(frozen=True)
class Closed:
    """A closed window and its accounts."""

    window: Window
    movements: list[Movement]


class ScriptedLedger(Ledger):
    """Answers as the wallet would, from the postings it was told of."""

    def __init__(self) -> None:
        self.stood: dict[int, int] = {}
        self._legs: list[tuple[int, int, Leg]] = []

    def post(self, link_id: str, legs: Sequence[Leg]) -> tuple[int, int]:
        """Stripe and sequence of a new posting."""
        stripe = stripe_of(link_id)
        sequence = self.stood[stripe] = self.stood.get(stripe, 0) + 1
        self._legs += [(stripe, sequence, leg) for leg in legs]
        return stripe, sequence

    async def sequences(self) -> dict[int, int]:
        return dict(self.stood)

    async def totals(
        self, account_ids: Sequence[str], sequences: Sequence[int]
    ) -> dict[str, Totals]:
        found = dict.fromkeys(account_ids, (0, 0))
        for stripe, sequence, (debit, credit, minor, _, _) in self._legs:
            if sequence > sequences[stripe]:
                continue
            for account, totals in ((debit, (minor, 0)), (credit, (0, minor))):
                if account in found:
                    found[account] = (found[account][0] + totals[0], found[account][1] + totals[1])
        return found


@dataclass
class World:
    """What a test drives."""

    units: Units
    ledger: ScriptedLedger
    clock: ManualClock
    projection: Projection
    closing: Closing
    _told: dict[tuple[str, int], int] = field(default_factory=dict)

    async def pay(
        self, target: int = 10_000, home: int = 5_000, *, told: bool = True, posted: bool = True
    ) -> str:
        """A payment; `told`: its completion is copied; `posted`: its posting is copied."""
        reference = new_reference(self.clock.now())
        legs = [
            (PREFUND, POSITION_CNY, home - 50, "CNY", "mid"),
            (PREFUND, INCOME, 50, "CNY", "spread"),
            (POSITION, PAYABLE, target - target // 100, "KRW", "payable"),
            (POSITION, FEES, target // 100, "KRW", "fee"),
        ]
        record = self.posting(f"payment-{reference}", legs)
        if told:
            await self.tell_payment(reference)
        if posted:
            await self.bring([record])
        self.unposted = record
        return reference

    async def tell_payment(
        self, reference: str, merchant_id: str = "", acquirer_id: str = ""
    ) -> None:
        """The gateway's fact that a payment is completed, at a shop of an acquirer of ours."""
        event = payment_event_pb2.PaymentEvent(participant_id=WALLET)
        event.payment_completed.payment.CopyFrom(
            payment_pb2.Payment(
                reference=reference, payment_id=f"p-{reference}", corridor_id=CORRIDOR
            )
        )
        event.payment_completed.payment.merchant.merchant_id = merchant_id
        event.payment_completed.acquirer_id = acquirer_id
        await self.bring([self.fact("gateway", "payment.event", reference, event)])

    async def refund(self, payment: str, target: int) -> str:
        """A refund of a payment, completed and posted."""
        reference = new_reference(self.clock.now())
        event = payment_event_pb2.PaymentEvent(participant_id=WALLET)
        event.refund_completed.refund.CopyFrom(
            payment_pb2.Refund(reference=reference, payment_id=f"p-{payment}")
        )
        await self.bring([self.fact("gateway", "payment.event", reference, event)])
        legs = [(PAYABLE, POSITION, target, "KRW", "payable")]
        await self.bring([self.posting(f"refund-{reference}", legs)])
        return reference

    async def closed(self) -> list[Closed]:
        """The windows that are closed, oldest first, with what they hold."""
        async with self.units.pool.acquire() as connection:
            found = await list_windows(connection, "", "", "", "", 1000)
            return [
                Closed(window, await movements_of(connection, window.window_id))
                for window in reversed(found)
                if window.state in ("closed", "differs")
            ]

    async def bring(self, records: Sequence[Record]) -> None:
        """Kafka brings facts, and they are read."""
        await self.units.write(lambda c: handle(c, records))
        while await self.projection.step():
            pass

    def posting(self, link_id: str, legs: Sequence[Leg]) -> Record:
        """The ledger posts legs, and its fact of it."""
        stripe, sequence = self.ledger.post(link_id, legs)
        event = wallet_message_pb2.WalletEvent(link_id=link_id)
        event.event_time.FromDatetime(self.clock.now())
        posted = event.funds_posted
        posted.stripe, posted.posting_sequence = stripe, sequence
        for debit, credit, minor, currency, purpose in legs:
            leg = transfer_pb2.Leg(
                debit_account_id=debit, credit_account_id=credit, purpose=purpose
            )
            leg.amount.minor_units, leg.amount.currency_code = minor, currency
            posted.legs.append(leg)
        return _record("wallet", "wallet.event", stripe, sequence, link_id, event)

    async def say_again(self, record: Record) -> None:
        """The ledger answers a repeated command: the same words under the next sequence."""
        posted = wallet_message_pb2.WalletEvent.FromString(record.value).funds_posted
        sequence = self.ledger.stood[posted.stripe] = self.ledger.stood[posted.stripe] + 1
        place = f"wallet/{posted.stripe}/{sequence}"
        await self.bring([replace(record, offset=sequence, message_id=place)])

    def fact(self, source: str, topic: str, key: str, event: object) -> Record:
        """A fact of another service, with the next sequence of its stripe."""
        place = source, stripe_of(key) % 32
        sequence = self._told[place] = self._told.get(place, 0) + 1
        return _record(source, topic, place[1], sequence, key, event)


def _record(source: str, topic: str, stripe: int, sequence: int, key: str, event: object) -> Record:
    value: bytes = event.SerializeToString()  # type: ignore[attr-defined]
    return Record(topic, 0, sequence, key, "", f"{source}/{stripe}/{sequence}", value)


def next_days(_country: str, day: date, count: int) -> date:
    """Every day is a business day."""
    return day + timedelta(days=count)


@asynccontextmanager
async def settling(database: Database, topics: Topics) -> AsyncIterator[World]:
    """A settlement without its loops: a test takes the steps."""
    async with running_units("settlement", database, topics) as units:
        ledger, clock = ScriptedLedger(), ManualClock(NOON)
        closing = Closing(units, ledger, clock, next_days)
        yield World(units, ledger, clock, make_projection(units, clock), closing)
