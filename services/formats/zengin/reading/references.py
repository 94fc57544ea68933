"""What a file is checked against besides itself: the day it is read, banks, days of business."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from services.formats.banks import Banks, is_test_bank
from services.formats.zengin.layouts.fields import Field
from services.formats.zengin.layouts.shape import Layout
from services.formats.zengin.layouts.text import decode
from services.formats.zengin.reading.noting import Notes

MOST_OF_A_CODE = 100
# Banks and branches a file names; past that many, one may be looked up and told again.
_MOST_BRANCHES = 50_000


@dataclass(frozen=True, slots=True)
class Checks:
    """How a file is read and checked.

    Dates leave out the year or the era: those nearest to `as_of` are meant. Without `banks` codes
    are not looked up, without `is_business_day` the day of an order is not. Of each code of
    findings `most_of_a_code` are told, the others counted.
    """

    as_of: date
    banks: Banks | None = None
    is_business_day: Callable[[date], bool] | None = None
    most_of_a_code: int = MOST_OF_A_CODE


class References:
    """Looks up banks and days; a bank or branch is told of once, where it comes first."""

    def __init__(self, checks: Checks, notes: Notes) -> None:
        self._checks = checks
        self._notes = notes
        self._seen: set[tuple[bytes, bytes]] = set()
        self._places: dict[Layout, tuple[Field, Field] | None] = {}

    def check_day(self, number: int, offset: int, field: Field, day: date) -> None:
        is_business_day = self._checks.is_business_day
        if is_business_day is not None and not is_business_day(day):
            message = f"{field.title} {day} is no day of business."
            self._notes.warning("BUSINESS_DAY", number, offset + field.offset, message, field.name)

    def check_bank(self, number: int, offset: int, data: bytes, layout: Layout) -> None:
        if layout not in self._places:
            self._places[layout] = _bank_and_branch(layout)
        places = self._places[layout]
        if places is None or self._checks.banks is None:
            return
        bank, branch = places
        pair = (data[bank.place], data[branch.place])
        if pair in self._seen:
            return
        if len(self._seen) >= _MOST_BRANCHES:
            self._seen.clear()
        self._seen.add(pair)
        self._look_up(number, offset, bank, branch, *map(decode, pair))

    def _look_up(
        self, number: int, offset: int, bank: Field, branch: Field, code: str, branch_code: str
    ) -> None:
        banks = self._checks.banks
        assert banks is not None, "asked for only where banks are given"
        if is_test_bank(code):
            said = "TEST_BANK", bank, f"{bank.title} {code} is a code for tests: no bank has it."
        elif banks.bank(code) is None:
            said = "BANK_UNKNOWN", bank, f"{bank.title} {code} is not in the list of banks."
        elif banks.branch(code, branch_code) is None:
            place = f"branch {branch_code} of bank {code}"
            said = "BRANCH_UNKNOWN", branch, f"{branch.title}: {place} is not in the list."
        else:
            return
        finding, field, message = said
        self._notes.warning(finding, number, offset + field.offset, message, field.name)


def _bank_and_branch(layout: Layout) -> tuple[Field, Field] | None:
    """The fields that hold codes of a bank and its branch, where a record has them."""
    for bank, branch in (("bank", "branch"), (" bank", " branch")):
        banks = [field for field in layout.fields if field.name.endswith(bank)]
        branches = [field for field in layout.fields if field.name.endswith(branch)]
        if banks and branches:
            return banks[0], branches[0]
    return None
