"""Matching rules as data: a TOML file of `[[rule]]` tables, tried in the order they stand.

[[rule]]
name = "exact"
by = "reference"            # or partner_reference

[[rule]]
name = "near"
by = "reference"
amount = 1                  # minor units ours and theirs may differ by
fee = 1
days = 1

[[rule]]
name = "bulk"
by = "bundle"               # one row against the sum of several
days = 3

[[rule]]
name = "reversal"
by = "reversal"             # two rows of one side and reference that cancel each other out
kinds = ["payment", "refund"]
side = "theirs"             # or ours
days = 3

[[rule]]
name = "text"
by = "text"                 # same amount; our reference in their text, or texts alike
days = 3
likeness = 85               # per cent of the longer text that need not be changed
"""

import tomllib
from enum import StrEnum
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.core.errors import Malformed


class By(StrEnum):
    """What brings two rows together."""

    REFERENCE = "reference"
    PARTNER_REFERENCE = "partner_reference"
    BUNDLE = "bundle"
    REVERSAL = "reversal"
    TEXT = "text"


Whole = Annotated[int, Field(ge=0)]
# An expression grows with the rules of a run.
RULES_LIMIT = 32


class Rule(BaseModel):
    """One rule; tolerances in minor units and days."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    by: By
    amount: Whole = 0
    fee: Whole = 0
    days: Whole = 0
    likeness: int = Field(default=100, ge=50, le=100)
    kinds: tuple[str, ...] = ("payment", "refund")
    side: Literal["ours", "theirs"] = "theirs"


class RuleBook(BaseModel):
    """Rules in their order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: tuple[Rule, ...] = Field(min_length=1, max_length=RULES_LIMIT)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len({rule.name for rule in self.rule}) < len(self.rule):
            raise ValueError("two rules have the same name")
        return self

    def runs(self) -> list[tuple[By, tuple[Rule, ...]]]:
        """Neighbours that bring rows together in the same way, so that one join serves them."""
        return [(by, tuple(rules)) for by, rules in groupby(self.rule, lambda rule: rule.by)]


class RulesMalformed(Malformed):
    """A file of rules cannot be used."""


def read_rules(text: str, name: str) -> RuleBook:
    """The rules of a TOML text. Raises `RulesMalformed`."""
    try:
        return RuleBook.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise RulesMalformed(f"{name} is no file of matching rules: {error}", file=name) from error


def standard_rules() -> RuleBook:
    """The rules that come with the house."""
    text = (files(__package__) / "standard.toml").read_text()
    return read_rules(text, "standard.toml")


def rules_of(path: Path | None) -> RuleBook:
    """The rules of a file; the standard ones without. Raises `RulesMalformed`."""
    if path is None:
        return standard_rules()
    try:
        return read_rules(path.read_text(), str(path))
    except OSError as error:
        raise RulesMalformed(f"{path} cannot be read: {error}", file=str(path)) from error
