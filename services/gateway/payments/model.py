"""A payment: what was agreed (`Terms`, never changes) and where it stands (`Life`).

Legs follow from the terms alone, whose amounts are all stored: nothing is priced twice.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from services.core.accounts import AccountKind, customer_of, house
from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.gateway.reference import Way, side_of_persons


class State(StrEnum):
    """Where a payment is in its life."""

    # Priced. Confirming leads to CONFIRMED, cancelling to CANCELLED, waiting to EXPIRED.
    QUOTED = "quoted"
    # The payer said yes to be charged later: the funds are held until the acquirer captures them
    # (COMPLETED), somebody gives them up (CANCELLED) or the time is over (EXPIRED).
    AUTHORISED = "authorised"
    # The payer said yes; ledger and partners are asked, step by step, until one of them refuses
    # (DECLINED), all agree (COMPLETED) or the payer is needed (ACTION_REQUIRED).
    CONFIRMED = "confirmed"
    # A partner waits for the payer's approval; its word leads on as from CONFIRMED.
    ACTION_REQUIRED = "action_required"
    # The merchant's side has accepted. Final; the ledger is still to post.
    COMPLETED = "completed"
    # The ledger or a partner refused. Final; what was taken is still to be given back.
    DECLINED = "declined"
    # Given up before it was confirmed or captured. Final; what is held is still to be given back.
    CANCELLED = "cancelled"
    # Not confirmed or captured in time. Final; what is held is still to be given back.
    EXPIRED = "expired"


FINAL = frozenset({State.COMPLETED, State.DECLINED, State.CANCELLED, State.EXPIRED})


class Step(StrEnum):
    """What the work waits for now; the sweeper repeats the command of this step."""

    QUOTE = "quote"  # the wallet's confirmation
    RESERVE = "reserve"  # the ledger: all legs pending
    AUTHORISE = "authorise"  # the same, and then the acquirer
    CAPTURE = "capture"  # the acquirer's word
    COLLECT = "collect"  # the payer's wallet, which charges its own user
    DELIVER = "deliver"  # the merchant's network
    POST = "post"  # the ledger: all legs posted
    UNDO = "undo"  # the payer's wallet: give back what was collected
    VOID = "void"  # the ledger: all legs given back
    EXPIRE = "expire"  # the same, because the time for a capture is over
    DONE = "done"  # nothing


@dataclass(frozen=True, slots=True)
class Leg:
    """One move of money of a payment; `amount` is positive."""

    debit_account_id: str
    credit_account_id: str
    amount: Money
    purpose: str


@dataclass(frozen=True, slots=True)
class Parts:
    """Amounts of the four legs in minor units: mid and spread in home, the others in target.

    A payment of one currency has no home legs, so both are zero.
    """

    mid: int
    spread: int
    payable: int
    fee: int

    def amount_of(self, purpose: str) -> int:
        """The amount of the leg of this purpose."""
        amount: int = getattr(self, purpose)
        return amount

    def plus(self, other: "Parts") -> "Parts":
        """Leg by leg."""
        return Parts(
            self.mid + other.mid,
            self.spread + other.spread,
            self.payable + other.payable,
            self.fee + other.fee,
        )

    def less(self, other: "Parts") -> "Parts":
        """Leg by leg."""
        return Parts(
            self.mid - other.mid,
            self.spread - other.spread,
            self.payable - other.payable,
            self.fee - other.fee,
        )


NOTHING = Parts(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed when the payment was priced. Field order is that of the store's columns.

    `home` is what the payer pays, `spread` of it our margin; `fee` is the part of `target` that the
    merchant's side does not get. `collect_partner_id` and `acceptance_partner_id` are empty where
    nobody is asked, `order_label` where the code belongs to no order of our acquirers.
    """

    reference: str
    participant_id: str
    payment_id: str
    digest: bytes
    payer_id: str
    corridor_id: str
    acceptance_partner_id: str
    collect_partner_id: str
    merchant_id: str
    merchant_name: str
    merchant_city: str
    merchant_country: str
    merchant_code: str
    funding_account_id: str
    payable_account_id: str
    target_currency: str
    target_minor: int
    fee_minor: int
    home_currency: str
    home_minor: int
    spread_minor: int
    mid: Decimal
    quote_expire_time: datetime
    create_time: datetime
    order_label: str = ""

    @property
    def resource_id(self) -> str:
        """What commands and events carry."""
        return resource_id(Resource.PAYMENT, self.reference)

    @property
    def payee(self) -> tuple[str, str] | None:
        """Wallet and payer id of the person who is paid; None where a merchant is."""
        return customer_of(self.payable_account_id)

    @property
    def way(self) -> Way:
        """How its corridor is found."""
        payee = self.payee
        side = self.acceptance_partner_id if payee is None else side_of_persons(payee[0])
        return self.participant_id, side, self.target_currency

    @property
    def bill_reference(self) -> str:
        """Of the bill that is paid; empty where there is none. At our own acquirers' shops only
        payments of bills have a merchant code, which is the reference."""
        return "" if self.acceptance_partner_id else self.merchant_code

    @property
    def collect_charge_id(self) -> str:
        return f"{self.resource_id}-collect"

    @property
    def deliver_charge_id(self) -> str:
        return f"{self.resource_id}-deliver"

    @property
    def target(self) -> Money:
        return Money(self.target_minor, self.target_currency)

    @property
    def home(self) -> Money:
        return Money(self.home_minor, self.home_currency)


@dataclass(frozen=True, slots=True)
class Life:
    """Where a payment stands. `version` counts its moves; `collected` that its payer was charged.

    `limit_keys` are the limits its home amount was taken from, on `limit_day` of the wallet.
    `captured` is set where less was captured than had been authorised; `escrowed` where the target
    goes into escrow.
    """

    state: State
    step: Step
    version: int
    update_time: datetime
    reason: str = ""
    message: str = ""
    action_url: str = ""
    collected: bool = False
    partner_reference: str = ""
    refunded_minor: int = 0
    limit_day: date | None = None
    limit_keys: tuple[str, ...] = ()
    repeat_count: int = 0
    captured: Parts | None = None
    escrowed: bool = False


@dataclass(frozen=True, slots=True)
class Payment:
    """Terms and life together."""

    terms: Terms
    life: Life

    @property
    def capture_link_id(self) -> str:
        """The link of the ledger that holds a part that was captured."""
        return f"{self.terms.resource_id}-capture"


def first_life(now: datetime) -> Life:
    """The life of a payment that has just been priced."""
    return Life(State.QUOTED, Step.QUOTE, 1, now)


def legs_of(terms: Terms) -> list[Leg]:
    """The ledger's legs (design §6); those of zero are left out."""
    return [leg for leg in ways_of(terms) if leg.amount.minor > 0]


def captured_terms(payment: Payment) -> Terms:
    """The terms with the amounts that were captured; as they were agreed where that is all."""
    terms, captured = payment.terms, payment.life.captured
    if captured is None:
        return terms
    target = captured.payable + captured.fee
    one_currency = terms.home_currency == terms.target_currency
    return replace(
        terms,
        target_minor=target,
        fee_minor=captured.fee,
        home_minor=target if one_currency else captured.mid + captured.spread,
        spread_minor=captured.spread,
    )


def ways_of(terms: Terms) -> list[Leg]:
    """The ledger's legs, those of zero too; without mid and spread where there is one currency."""
    home, target = terms.home_currency, terms.target_currency
    source = terms.funding_account_id
    legs = []
    if home != target:
        income = house(AccountKind.FX_INCOME, home).account_id
        mid_value = Money(terms.home_minor - terms.spread_minor, home)
        legs.append(Leg(source, _position(home), mid_value, "mid"))
        legs.append(Leg(source, income, Money(terms.spread_minor, home), "spread"))
        source = _position(target)
    fee_income = house(AccountKind.FEE_INCOME, target).account_id
    less_fee = Money(terms.target_minor - terms.fee_minor, target)
    legs.append(Leg(source, terms.payable_account_id, less_fee, "payable"))
    legs.append(Leg(source, fee_income, Money(terms.fee_minor, target), "fee"))
    return legs


def _position(currency: str) -> str:
    return house(AccountKind.POSITION, currency).account_id
