"""A decoded payment code, the same shape for every kind.

All of it is what the payload says, not what is true: amounts are exact decimal text, account ids
are as printed. Where a part is malformed its field is None and a finding says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.codes.findings import Finding


class Kind(StrEnum):
    """The three worlds of payment codes."""

    EMV_MPM = "emv_mpm"
    EMV_CPM = "emv_cpm"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Merchant:
    """The merchant as its code describes it; `account_ids` maps a scheme to the account there.

    A network we have no table for appears under its own GUID. An account id of several parts has
    them joined by points (`0000000000001.0001.000001.000001` for JPQR).
    """

    name: str | None
    city: str | None
    country_code: str | None
    category_code: str | None
    postal_code: str | None
    local_name: str | None
    local_city: str | None
    language: str | None
    account_ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tip:
    """`kind` is prompt, fixed (`value` an amount) or percentage (`value` in percent)."""

    kind: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """A wallet's link: who owns it and the token that only the owner can resolve."""

    owner: str
    token: str


@dataclass(frozen=True, slots=True)
class Track2:
    """Track 2 equivalent data; `pan` may be a token. `expiry_yymm` is year and month."""

    pan: str
    expiry_yymm: str
    service_code: str
    discretionary: str


@dataclass(frozen=True, slots=True)
class Application:
    """One application of a consumer code, with what it shares with the other one.

    `adf_name` is hex, or text for JPQR, where `payment_id` stands in for track 2.
    """

    adf_name: str | None
    label: str | None
    track2: Track2 | None
    pan: str | None
    payment_id: str | None


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who pays, as a consumer code says: `format` is CPV01 or JPQR1."""

    format: str | None
    applications: tuple[Application, ...]
    cardholder: str | None
    languages: str | None


@dataclass(frozen=True, slots=True)
class Code:
    """What `decode` answers. `valid` means: no finding of severity error under `profile`.

    `root` and `templates` hold values as text, for consumer codes as upper-case hex. `amount` is
    exact decimal text in major units; `amount_minor` the same in minor units of `currency_code`,
    None where the currency is unknown or has fewer decimals. `additional` are the named fields of
    template 62. An amount, tip or field left to the payer is None or `***`.
    """

    kind: Kind
    profile: str
    valid: bool
    scheme: str | None
    findings: tuple[Finding, ...]
    root: Mapping[str, str]
    templates: Mapping[str, Mapping[str, str]]
    merchant: Merchant | None = None
    currency_code: str | None = None
    amount: str | None = None
    amount_minor: int | None = None
    point_of_initiation: str | None = None
    tip: Tip | None = None
    reference: str | None = None
    additional: Mapping[str, str] | None = None
    link: Link | None = None
    consumer: Consumer | None = None
