"""A rebalancing deal and what it books: pure (design §6, last but one row of its table).

booking → recorded → settled
        ↘ refused

Where the ledger refuses what settles a deal, it stays recorded with the reason until an operator
settles it again. The ledger repeats a refusal for ever, so that is asked for under another link.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from services.core.accounts import AccountKind, AccountSpec, house
from services.core.currencies import CURRENCIES
from services.core.errors import Conflict, Malformed, NotFound, Refused
from services.core.ids import Resource, checked_id, resource_id
from services.core.money import LARGEST_UNITS, Money, Rounding
from services.core.rate import convert
from services.kit.ledger import Move

SETTLE = "-settle"
# A deal's days lie near each other: what is further apart is a slip of the pen.
VALUE_DAYS_LIMIT = 366


class DealMalformed(Malformed):
    """A deal lacks something or cannot be booked."""


class DealTaken(Conflict):
    """Another deal has this id."""


class DealNotFound(NotFound):
    """There is no deal of this id."""


class DealNotRecorded(Refused):
    """A deal that the ledger has not booked cannot be settled."""


class DealState(StrEnum):
    """Where a deal is in its life."""

    BOOKING = "booking"
    RECORDED = "recorded"
    SETTLED = "settled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed: we give `sold` and get `bought`."""

    deal_id: str
    counterparty_id: str
    sold: Money
    bought: Money
    trade_date: date
    value_date: date
    operator: str

    def check(self) -> None:
        """Raises `DealMalformed`, `IdMalformed`."""
        checked_id(self.deal_id, "deal_id")
        checked_id(self.counterparty_id, "counterparty_id")
        for money, field in ((self.sold, "sold"), (self.bought, "bought")):
            if money.currency not in CURRENCIES:
                raise DealMalformed(f"{field} is of no currency that is known.", field=field)
            if not 0 < money.minor <= LARGEST_UNITS:
                raise DealMalformed(f"{field} is more than zero minor units.", field=field)
        if self.sold.currency == self.bought.currency:
            raise DealMalformed("A deal is of two currencies.", field="bought")
        if not 0 <= (self.value_date - self.trade_date).days <= VALUE_DAYS_LIMIT:
            raise DealMalformed(
                f"value_date is trade_date or up to {VALUE_DAYS_LIMIT} days later.",
                field="value_date",
            )
        if not self.operator:
            raise DealMalformed("Name the operator who records the deal.", field="operator")


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal on the books. `mid` is bought currency for one unit of the sold one."""

    reference: str
    terms: Terms
    mid: Decimal
    mid_value: Money
    create_time: datetime
    state: DealState = DealState.BOOKING
    reason: str = ""
    sold_seen: str = ""
    bought_seen: str = ""
    attempt: int = 0
    """How often an operator has had it settled anew, after a refusal."""

    @property
    def resource_id(self) -> str:
        return resource_id(Resource.DEAL, self.reference)

    @property
    def link_id(self) -> str:
        """Of the transfer the present step waits for; a repeat of its command changes nothing."""
        if self.state is not DealState.RECORDED:
            return self.resource_id
        return f"{self.resource_id}{SETTLE}" + (f"-{self.attempt + 1}" if self.attempt else "")

    @property
    def moves(self) -> list[Move]:
        """What the present step books; none while it waits for the statement, or for a person."""
        if self.state is DealState.BOOKING:
            return _record_moves(self)
        is_seen = bool(self.sold_seen and self.bought_seen)
        if self.state is DealState.RECORDED and is_seen and not self.reason:
            return _settle_moves(self.terms)
        return []


def make_deal(reference: str, terms: Terms, mid: Decimal, now: datetime) -> Deal:
    """A new deal. The value at mid is rounded up, so that a result is never flattered."""
    value = convert(terms.sold, terms.bought.currency, mid, Rounding.UP)
    return Deal(reference, terms, mid, value, now)


def accounts_of(terms: Terms) -> list[AccountSpec]:
    """The ledger accounts a deal moves."""
    kinds = (AccountKind.POSITION, AccountKind.FX_DEAL_CLEARING, AccountKind.BANK)
    both = [house(kind, m.currency) for m in (terms.sold, terms.bought) for kind in kinds]
    return [*both, house(AccountKind.FX_RESULT, terms.bought.currency)]


def hear_posted(deal: Deal, link_id: str) -> Deal:
    """The ledger has posted a transfer of the deal."""
    if link_id == deal.resource_id and deal.state is DealState.BOOKING:
        return replace(deal, state=DealState.RECORDED)
    if link_id.startswith(deal.resource_id + SETTLE) and deal.state is DealState.RECORDED:
        return replace(deal, state=DealState.SETTLED, reason="")
    return deal


def hear_refused(deal: Deal, link_id: str, reason: str) -> Deal:
    """The ledger has refused a transfer of the deal."""
    if link_id == deal.resource_id and deal.state is DealState.BOOKING:
        return replace(deal, state=DealState.REFUSED, reason=reason)
    if link_id == deal.link_id and deal.state is DealState.RECORDED:
        return replace(deal, reason=deal.reason or reason or "REFUSED")
    return deal


def settle(deal: Deal, witness: str) -> Deal:
    """The deal that a person has seen on both statements; what was refused is asked for anew."""
    seen = see(see(deal, credit=True, witness=witness), credit=False, witness=witness)
    if deal.state is DealState.RECORDED and deal.reason:
        return replace(seen, reason="", attempt=deal.attempt + 1)
    return seen


def see(deal: Deal, *, credit: bool, witness: str) -> Deal:
    """One side is on a bank's statement; `credit`: money came in. The first witness stays."""
    if credit:
        return deal if deal.bought_seen else replace(deal, bought_seen=witness)
    return deal if deal.sold_seen else replace(deal, sold_seen=witness)


def _account(kind: AccountKind, currency: str) -> str:
    return house(kind, currency).account_id


def _record_moves(deal: Deal) -> list[Move]:
    terms = deal.terms
    away, home = terms.sold.currency, terms.bought.currency
    clearing = _account(AccountKind.FX_DEAL_CLEARING, home)
    position = _account(AccountKind.POSITION, home)
    result = _account(AccountKind.FX_RESULT, home)
    gain = terms.bought.minor - deal.mid_value.minor
    at_mid = Money(min(terms.bought.minor, deal.mid_value.minor), home)
    found = [
        Move(
            _account(AccountKind.POSITION, away),
            _account(AccountKind.FX_DEAL_CLEARING, away),
            terms.sold,
            "sold",
        ),
        Move(clearing, position, at_mid, "bought"),
        Move(clearing, result, Money(gain, home), "result")
        if gain > 0
        else Move(result, position, Money(-gain, home), "result"),
    ]
    return [move for move in found if move.amount.minor]


def _settle_moves(terms: Terms) -> list[Move]:
    def both(money: Money) -> tuple[str, str]:
        return (
            _account(AccountKind.FX_DEAL_CLEARING, money.currency),
            _account(AccountKind.BANK, money.currency),
        )

    sold_clearing, sold_bank = both(terms.sold)
    bought_clearing, bought_bank = both(terms.bought)
    return [
        Move(sold_clearing, sold_bank, terms.sold, "sold"),
        Move(bought_bank, bought_clearing, terms.bought, "bought"),
    ]
