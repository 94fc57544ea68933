"""The screening list as a file of TOML:

    [[payer]]                        # wallet_id is optional everywhere: without it, all wallets
    wallet_id = "panda-wallet"
    payer_id = "li-na"
    source = "court order 12/2026"
    [[merchant]]
    acceptance_partner_id = ""       # optional; empty: our own acquirers, absent: everybody
    merchant_id = "m1"
    source = "operator"
    [[name]]                         # of a merchant; each spelling that should be found
    names = ["Acme Trading", "Acme Trdg."]
    source = "UN list"
    [[velocity]]
    rule_id = "ten-an-hour"
    payments = 10
    window_seconds = 3600
    [[amount]]                       # currency: the payment's home or target
    rule_id = "large"
    maximum_minor = 3000000
    currency = "JPY"

A file named `….jsonl` holds the same as JSON, an entry a line, `{"payer": {…}}`: for
lists of more than some thousand entries, which take seconds to read as TOML.

What is misspelt makes the whole file wrong: half a list would pass what it should refuse. For the
same reason a new list is put in place by renaming it, never written bit by bit.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.core.currencies import minor_units
from services.core.errors import KawaseError
from services.core.money import Money
from services.gateway.screening.deciding import AmountRule, ScreeningList, VelocityRule
from services.gateway.screening.names import fold_id, name_keys

LIST_BYTES = 8 << 20
ENTRIES_MAXIMUM = 200_000
RULES_MAXIMUM = 16
PAYMENTS_MAXIMUM = 1_000
WINDOW_SECONDS_MAXIMUM = 7 * 24 * 3600


class ScreeningListWrong(Exception):
    """The list cannot be used; the text says where and why."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class _Payer(_Entry):
    wallet_id: str | None = None
    payer_id: str = Field(min_length=1)
    source: str = Field(min_length=1)


class _Merchant(_Entry):
    acceptance_partner_id: str | None = None
    merchant_id: str = Field(min_length=1)
    source: str = Field(min_length=1)


class _Name(_Entry):
    names: list[str] = Field(min_length=1)
    source: str = Field(min_length=1)

    @field_validator("names")
    @classmethod
    def _have_letters(cls, names: list[str]) -> list[str]:
        if not all(name_keys(name) for name in names):
            raise ValueError("a name has no letter")
        return names


class _Velocity(_Entry):
    rule_id: str = Field(min_length=1)
    wallet_id: str = ""
    payments: int = Field(ge=1, le=PAYMENTS_MAXIMUM)
    window_seconds: int = Field(ge=1, le=WINDOW_SECONDS_MAXIMUM)


class _Amount(_Entry):
    rule_id: str = Field(min_length=1)
    wallet_id: str = ""
    maximum_minor: int = Field(ge=0)
    currency: str

    @field_validator("currency")
    @classmethod
    def _is_known(cls, currency: str) -> str:
        try:
            minor_units(currency)
        except KawaseError as error:
            raise ValueError(error.message) from error
        return currency


class _File(_Entry):
    payer: list[_Payer] = Field(default=[], max_length=ENTRIES_MAXIMUM)
    merchant: list[_Merchant] = Field(default=[], max_length=ENTRIES_MAXIMUM)
    name: list[_Name] = Field(default=[], max_length=ENTRIES_MAXIMUM)
    velocity: list[_Velocity] = Field(default=[], max_length=RULES_MAXIMUM)
    amount: list[_Amount] = Field(default=[], max_length=RULES_MAXIMUM)


def read_list(path: Path) -> ScreeningList:
    """The list of a file. Raises `ScreeningListWrong`."""
    try:
        with path.open("rb") as file:
            content = file.read(LIST_BYTES + 1)
        if len(content) > LIST_BYTES:
            raise ValueError(f"it is larger than {LIST_BYTES} bytes")
        return parse_list(content, lines=path.suffix == ".jsonl")
    except (OSError, ValueError, RecursionError) as error:
        raise ScreeningListWrong(f"{path}: {error}") from error


def parse_list(content: bytes, *, lines: bool = False) -> ScreeningList:
    """The list of a file's bytes: TOML, or JSON in `lines`. Raises ValueError."""
    text = content.decode()
    file = _File.model_validate(_tables(text) if lines else tomllib.loads(text))
    return ScreeningList(
        hashlib.sha256(content).hexdigest(),
        {(each.wallet_id, fold_id(each.payer_id)): each.source for each in file.payer},
        {
            (each.acceptance_partner_id, fold_id(each.merchant_id)): each.source
            for each in file.merchant
        },
        dict(_keys(file.name)),
        tuple(
            VelocityRule(
                rule.rule_id, rule.wallet_id, rule.payments, timedelta(seconds=rule.window_seconds)
            )
            for rule in file.velocity
        ),
        tuple(
            AmountRule(rule.rule_id, rule.wallet_id, Money(rule.maximum_minor, rule.currency))
            for rule in file.amount
        ),
    )


def _tables(text: str) -> dict[str, list[Any]]:
    """The entries of JSON lines by their kind, as TOML would have them."""
    tables: dict[str, list[Any]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            ((kind, entry),) = json.loads(line).items()
        except (ValueError, AttributeError) as error:
            raise ValueError(f"line {number} is not one entry of JSON") from error
        tables.setdefault(kind, []).append(entry)
    return tables


def _keys(entries: Iterable[_Name]) -> Iterable[tuple[str, str]]:
    for entry in entries:
        for name in entry.names:
            for key in name_keys(name):
                yield key, f"{name} ({entry.source})"
