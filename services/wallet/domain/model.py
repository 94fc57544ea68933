"""What the rules speak of: legs, commands, links, account rows, answers."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from services.core.ids import stripe_of
from services.wallet.domain.clauses import Clause, Fault, first_fault

LEG_LIMIT = 64
# Of a transfer at once, which a payout of many shops is. Its command and its fact stay within half
# of a message of Kafka's (1,024 legs of at most 460 bytes, in 1 MiB), its legs in one statement.
TRANSFER_LEG_LIMIT = 1_024
AMOUNT_LIMIT = 10**15
ID_LENGTH = 200
PURPOSE_LENGTH = 40
# Legs are held against it one by one, each as if it were the only one. So the totals of a row stay
# below BIGINT's end, 9.22 * 10^18, even after 1,024 legs of the largest amount, 1.024 * 10^18. Of
# striped rows, whose totals are not read, Postgres itself refuses what goes beyond that end.
TOTAL_LIMIT = 8 * 10**18

_ID = re.compile(rf"[!-~]{{1,{ID_LENGTH}}}")


@lru_cache(maxsize=1 << 16)
def is_account_id(value: str) -> bool:
    """Whether `value` may be an account's id."""
    return _ID.fullmatch(value) is not None


def is_link_id(value: str) -> bool:
    """Whether `value` may be a link's id."""
    return _ID.fullmatch(value) is not None


class CommandName(StrEnum):
    """Commands as they are called in refusals and in the store."""

    RESERVE = "reserve"
    TRANSFER = "transfer"
    POST = "post"
    VOID = "void"
    EXPIRE = "expire"
    OPEN = "open"
    CAPTURE = "capture"


class Outcome(StrEnum):
    """How a link ended."""

    POSTED = "posted"
    VOIDED = "voided"
    EXPIRED = "expired"


OUTCOME_OF = {
    CommandName.TRANSFER: Outcome.POSTED,
    CommandName.POST: Outcome.POSTED,
    CommandName.VOID: Outcome.VOIDED,
    CommandName.EXPIRE: Outcome.EXPIRED,
}


class Leg(NamedTuple):
    """One move of money; `amount` in minor units. A tuple, because there are so many of them."""

    debit_account_id: str
    credit_account_id: str
    amount: int
    currency: str
    purpose: str


def accounts_of(legs: Iterable[Leg]) -> Iterator[str]:
    """The accounts of the legs, with repeats."""
    for leg in legs:
        yield leg.debit_account_id
        yield leg.credit_account_id


def leg_fault(leg: Leg) -> Fault | None:
    """What is wrong with the leg as it stands, before any account is looked at."""
    debit, credit, amount, _currency, purpose = leg
    if not is_account_id(debit) or not is_account_id(credit):
        return Fault(Clause.ACCOUNT_ID_MALFORMED)
    if amount <= 0:
        return Fault(Clause.AMOUNT_NOT_POSITIVE)
    if amount > AMOUNT_LIMIT:
        return Fault(Clause.AMOUNT_TOO_LARGE)
    if len(purpose) > PURPOSE_LENGTH or not (purpose.isascii() and purpose.isprintable()):
        return Fault(Clause.PURPOSE_MALFORMED)
    if debit == credit:
        return Fault(Clause.ACCOUNTS_MUST_DIFFER, debit)
    return None


def _shape_fault(
    link_id: str, funding_account_id: str, legs: tuple[Leg, ...], leg_limit: int
) -> Fault | None:
    if not is_link_id(link_id):
        return Fault(Clause.LINK_ID_MALFORMED)
    if not is_account_id(funding_account_id):
        return Fault(Clause.ACCOUNT_ID_MALFORMED)
    if not legs:
        return Fault(Clause.LEGS_MISSING)
    faults = [fault for leg in legs if (fault := leg_fault(leg)) is not None]
    if len(legs) > leg_limit:
        faults.append(Fault(Clause.TOO_MANY_LEGS))
    return first_fault(faults) if faults else None


@dataclass(frozen=True, slots=True)
class Begin:
    """Reserve legs, or transfer them at once. Made by `begin`."""

    name: CommandName
    link_id: str
    funding_account_id: str
    legs: tuple[Leg, ...]
    stripe: int
    digest: bytes
    """Of the content; empty where its shape is wrong."""
    fault: Fault | None
    """What is wrong with its shape."""

    @property
    def account_ids(self) -> set[str]:
        """Every account it names."""
        return {self.funding_account_id, *accounts_of(self.legs)}


def begin(name: CommandName, link_id: str, funding_account_id: str, legs: tuple[Leg, ...]) -> Begin:
    """A command that begins a link: `RESERVE` or `TRANSFER`."""
    leg_limit = TRANSFER_LEG_LIMIT if name is CommandName.TRANSFER else LEG_LIMIT
    return _begin(name, link_id, funding_account_id, legs, leg_limit)


def _begin(
    name: CommandName,
    link_id: str,
    funding_account_id: str,
    legs: tuple[Leg, ...],
    leg_limit: int,
) -> Begin:
    fault = _shape_fault(link_id, funding_account_id, legs, leg_limit)
    digest = b"" if fault else _digest(name, funding_account_id, legs)
    stripe = stripe_of(funding_account_id)
    return Begin(name, link_id, funding_account_id, legs, stripe, digest, fault)


def _digest(name: CommandName, funding_account_id: str, legs: tuple[Leg, ...]) -> bytes:
    """Tells contents apart: nothing whose shape is right has a line break, and only purposes, which
    come last, have spaces.
    """
    lines = [f"{d} {c} {amount} {currency} {why}" for d, c, amount, currency, why in legs]
    content = "\n".join([name.value, funding_account_id, *lines])
    return blake2b(content.encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Resolve:
    """Post, void or expire what a link has reserved. Made by `resolve`."""

    name: CommandName
    link_id: str
    funding_account_id: str
    stripe: int
    outcome: Outcome
    fault: Fault | None


def resolve(name: CommandName, link_id: str, funding_account_id: str) -> Resolve:
    """A command that ends a link: `POST`, `VOID` or `EXPIRE`."""
    fault = None
    if not is_link_id(link_id):
        fault = Fault(Clause.LINK_ID_MALFORMED)
    elif not is_account_id(funding_account_id):
        fault = Fault(Clause.ACCOUNT_ID_MALFORMED)
    stripe = stripe_of(funding_account_id)
    return Resolve(name, link_id, funding_account_id, stripe, OUTCOME_OF[name], fault)


@dataclass(frozen=True, slots=True)
class Capture:
    """Void what `link_id` has reserved, and post a part of it as a link of its own. Made by
    `capture`.
    """

    link_id: str
    part: Begin
    fault: Fault | None

    @property
    def name(self) -> CommandName:
        return CommandName.CAPTURE

    @property
    def funding_account_id(self) -> str:
        return self.part.funding_account_id

    @property
    def stripe(self) -> int:
        return self.part.stripe


def capture(
    link_id: str, funding_account_id: str, capture_link_id: str, legs: tuple[Leg, ...]
) -> Capture:
    """A command that ends a link by posting a part of it under another id."""
    part = _begin(CommandName.TRANSFER, capture_link_id, funding_account_id, legs, LEG_LIMIT)
    fault = part.fault
    if not is_link_id(link_id) or link_id == capture_link_id:
        fault = Fault(Clause.LINK_ID_MALFORMED)
    return Capture(link_id, part, fault)


@dataclass(slots=True, eq=False)
class AccountRow:
    """A row of an account during a batch: its rules, and its running totals."""

    account_id: str
    stripe: int
    currency: str
    net_debit_limit: int | None = None
    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0
    before: tuple[int, int, int, int] = field(init=False)
    """The totals before the batch, in the order of the fields."""

    def __post_init__(self) -> None:
        self.before = self.totals

    @property
    def totals(self) -> tuple[int, int, int, int]:
        return (self.debits_pending, self.debits_posted, self.credits_pending, self.credits_posted)

    @property
    def change(self) -> tuple[int, int, int, int]:
        """What the batch added to each total."""
        dp, dd, cp, cc = self.before
        return (
            self.debits_pending - dp,
            self.debits_posted - dd,
            self.credits_pending - cp,
            self.credits_posted - cc,
        )


class PlacedLeg(NamedTuple):
    """A leg with the stripes of the rows it moves."""

    leg: Leg
    debit_stripe: int
    credit_stripe: int


@dataclass(slots=True, eq=False)
class Link:
    """What stands under a link id. `digest` is empty for a tombstone, `legs` for a refused one."""

    link_id: str
    command: CommandName
    funding_account_id: str
    stripe: int
    digest: bytes
    create_time: datetime
    legs: list[Leg] = field(default_factory=list)
    outcome: Outcome | None = None
    sequence: int = 0
    """The posting sequence; zero until it has one."""
    resolve_time: datetime | None = None

    @property
    def account_ids(self) -> set[str]:
        """Every account its legs name."""
        return set(accounts_of(self.legs))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A stored refusal of `command` for the link."""

    link_id: str
    command: CommandName
    fault: Fault


@dataclass(frozen=True, slots=True)
class Moved:
    """The command was carried out: `outcome` None says that the legs are pending.

    `captured` is the link that was voided for this one.
    """

    link: Link
    outcome: Outcome | None
    captured: str = ""

    @property
    def stripe(self) -> int:
        return self.link.stripe


@dataclass(frozen=True, slots=True)
class Refused:
    """The command was refused."""

    link_id: str
    command: CommandName
    fault: Fault
    stripe: int


@dataclass(frozen=True, slots=True)
class Opened:
    """The accounts are open, by this command or before it."""

    link_id: str
    account_ids: tuple[str, ...]
    stripe: int


Answer = Moved | Refused
