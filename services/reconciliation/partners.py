"""What is known of each partner and bank, as data: its days, files, fees, words."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from services.core.business_days import CATEGORIES, BankCalendar
from services.core.errors import Malformed, NotFound
from services.core.money import Rounding, round_units

BASIS_POINTS = 10_000
_ROUNDINGS = {"down": Rounding.DOWN, "half_up": Rounding.HALF_UP, "up": Rounding.UP}


class Format(StrEnum):
    """The formats that are read."""

    ANTOM_TRANSACTIONS = "antom_transactions"
    ANTOM_SETTLEMENT = "antom_settlement"
    ANTOM_SUMMARY = "antom_summary"
    PAYPAY = "paypay"
    KAKAOPAY = "kakaopay"
    CAMT053 = "camt053"
    ZENGIN03 = "zengin03"
    ZENGIN01 = "zengin01"
    BANK_API = "bank_api"


class PartnersMalformed(Malformed):
    """The file of partners cannot be used."""


class PartnerUnknown(NotFound):
    """No partner of this id is known to reconciliation."""


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name} is no time zone")
    return name


def _country(code: str) -> str:
    if code not in CATEGORIES:
        raise ValueError(f"bank holidays are known of {', '.join(CATEGORIES)}, not of {code}")
    return code


class Word(BaseModel):
    """What a line of a statement is that begins with `word`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    word: str = Field(min_length=1)
    incoming: str = "credit"
    outgoing: str = "debit"
    reference: Literal["ours", "theirs"] = "ours"


class Partner(BaseModel):
    """One partner or bank; the fields are told in `partners.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=64)
    zone: Annotated[str, AfterValidator(_zone)]
    formats: tuple[Format, ...]
    names: tuple[str, ...] = ()
    in_order: bool = False
    fee_basis_points: int | None = Field(default=None, ge=0, le=BASIS_POINTS)
    fee_rounding: Literal["down", "half_up", "up"] = "down"
    cancel_of_a_day: Literal["left_out", "shown"] = "shown"
    disputes: bool = False
    settled_by: str = ""
    settled_currency: str = ""
    settlement_prefix: str = ""
    deals: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    business_days: tuple[Annotated[str, AfterValidator(_country)], ...] = ()
    closed: tuple[date, ...] = ()
    due: time | None = None

    @cached_property
    def calendar(self) -> BankCalendar | None:
        """The days it gives files of; None: every day."""
        if not self.business_days:
            return None
        return BankCalendar(self.business_days, frozenset(self.closed))

    @cached_property
    def time_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def day_of(self, time: datetime) -> date:
        """The partner's own day of an instant."""
        return time.astimezone(self.time_zone).date()

    def fee_of(self, minor: int) -> int | None:
        """The fee the partner takes of a payment, in minor units; None where it is not known."""
        if self.fee_basis_points is None:
            return None
        exact = Decimal(minor) * self.fee_basis_points / BASIS_POINTS
        return round_units(exact, _ROUNDINGS[self.fee_rounding])

    def word_of(self, text: str) -> Word | None:
        """The longest word that a statement's text begins with."""
        found = None
        for word in self.words:
            if text.startswith(word.word) and (not found or len(word.word) > len(found.word)):
                found = word
        return found

    def is_named(self, name: str) -> bool:
        """Whether a file under this name is the partner's; a name may lack its last parts."""
        whole = name.rstrip("/")
        return not self.names or any(
            known == whole or known.startswith(f"{whole}/") for known in self.names
        )


class _Book(BaseModel):
    model_config = ConfigDict(extra="forbid")

    partner: tuple[Partner, ...]


Partners = Mapping[str, Partner]


def read_partners(text: str, name: str) -> dict[str, Partner]:
    """The partners of a TOML text, by id. Raises `PartnersMalformed`."""
    try:
        book = _Book.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise PartnersMalformed(f"{name} is no file of partners: {error}", file=name) from error
    partners = {partner.id: partner for partner in book.partner}
    if len(partners) < len(book.partner):
        raise PartnersMalformed(f"{name} tells of a partner twice.", file=name)
    currencies = [currency for partner in book.partner for currency in partner.deals]
    if twice := {currency for currency in currencies if currencies.count(currency) > 1}:
        problem = f"names two banks for deals in {', '.join(sorted(twice))}: one of them shows them"
        raise PartnersMalformed(f"{name} {problem}.", file=name)
    return partners


def partners_of(path: Path | None) -> dict[str, Partner]:
    """The partners of a file; the sandbox's without. Raises `PartnersMalformed`."""
    if path is None:
        text = (files(__package__) / "partners.toml").read_text("utf-8")
        return read_partners(text, "partners.toml")
    try:
        return read_partners(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise PartnersMalformed(f"{path} cannot be read: {error}", file=str(path)) from error


def bank_of_deals(partners: Partners, currency: str) -> Partner | None:
    """The bank whose statement shows FX deals in a currency; None: none is known."""
    return next((each for each in partners.values() if currency in each.deals), None)


def partner_named(partners: Partners, partner_id: str) -> Partner:
    """Raises `PartnerUnknown`."""
    found = partners.get(partner_id)
    if found is None:
        known = ", ".join(sorted(partners))
        raise PartnerUnknown(
            f"Reconciliation knows no partner {partner_id[:80]!r}; it knows {known}.",
            partner_id=partner_id[:80],
        )
    return found
