"""What the records between a header and its trailer add up to."""

from array import array
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from services.formats.zengin.layouts.shape import Format, Layout, Sum

_FIRST_SLOTS = 1 << 10
_WORD = (1 << 64) - 1
_TRAILER_DIGITS = 10**6


class Mismatch(NamedTuple):
    """A field of the trailer that says other than the records."""

    code: str
    field: str
    said: int
    found: int


class Seen:
    """Which records of a group came before, in at most 16 MB.

    Of each record a 64-bit hash is kept in an open table; that two of a million records share one
    by chance happens once in tens of millions of files.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _FIRST_SLOTS))
        self._used = 0

    def again(self, data: bytes) -> bool:
        """Whether `data` came before; now it has."""
        word = (hash(data) & _WORD) or 1
        if not self._put(word):
            return True
        if 2 * self._used > len(self._slots) and self._used < _TRAILER_DIGITS:
            self._grow()
        return False

    def _put(self, word: int) -> bool:
        slots, mask = self._slots, len(self._slots) - 1
        at = word & mask
        while slots[at]:
            if slots[at] == word:
                return False
            at = (at + 1) & mask
        if 2 * self._used <= len(slots):
            slots[at] = word
            self._used += 1
        return True

    def _grow(self) -> None:
        words, self._slots = self._slots, array("Q", bytes(16 * len(self._slots)))
        self._used = 0
        for word in words:
            if word:
                self._put(word)


class OpenGroup:
    """The data records since a header: how many, how much, by the code that sorts them."""

    def __init__(self, form: Format, opening_yen: int | None = None) -> None:
        self.form = form
        self.seen = Seen()
        self.counts: defaultdict[bytes, int] = defaultdict(int)
        self.sums: defaultdict[bytes, int] = defaultdict(int)
        self.unread = 0
        self.opening_yen = opening_yen

    @property
    def count(self) -> int:
        """Data records, those that could not be read among them."""
        return sum(self.counts.values()) + self.unread

    @property
    def total_yen(self) -> int:
        """What the group moves: without cancelled notices; of a statement, in less out."""
        if self.form.business_type == "01":
            return sum(yen for sort, yen in self.sums.items() if sort != b"1")
        if self.form.business_type == "03":
            return self.sums[b"1"] - self.sums[b"2"]
        return self.turnover_yen

    @property
    def turnover_yen(self) -> int:
        """All amounts, whichever way."""
        return sum(self.sums.values())

    def add(self, sort: bytes, yen: int) -> None:
        self.counts[sort] += 1
        self.sums[sort] += yen

    def within(self, one: Sum) -> tuple[int, int]:
        """How many records, and yen, a count and amount of the trailer are about."""
        sorts = [sort for sort in self.counts if (sort in one.marks) != one.others]
        count = sum(self.counts[sort] for sort in sorts)
        return count, sum(self.sums[sort] for sort in sorts)

    def mismatches(self, trailer: dict[str, int]) -> Iterator[Mismatch]:
        """Where the numbers of the trailer are not those of the records.

        Of a group with a record that could not be read only the number of records is compared.
        """
        if self.form.business_type == "03":
            yield from _compare("TRAILER_COUNT", "data count", trailer, self.count)
        for one in self.form.sums:
            if self.unread:
                if one.is_everything:
                    yield from _compare("TRAILER_COUNT", one.count, trailer, self.count)
            elif not self._is_unanswered(one, trailer):
                count, yen = self.within(one)
                yield from _compare("TRAILER_COUNT", one.count, trailer, count)
                yield from _compare("TRAILER_TOTAL", one.amount, trailer, yen)
        yield from self._balance(trailer)

    def _is_unanswered(self, one: Sum, trailer: dict[str, int]) -> bool:
        """A request to debit leaves the sums of what came of it at zero."""
        if self.form.business_type != "91" or one.is_everything:
            return False
        results = ("collected count", "collected amount", "failed count", "failed amount")
        return set(self.counts) <= {b"0"} and not any(trailer[name] for name in results)

    def _balance(self, trailer: dict[str, int]) -> Iterator[Mismatch]:
        if self.opening_yen is None or self.unread:
            return
        closing = trailer["closing balance"] * (-1 if trailer["balance sign"] == 2 else 1)
        if self.opening_yen + self.total_yen != closing:
            found = self.opening_yen + self.total_yen
            yield Mismatch("BALANCE", "closing balance", closing, found)


def _compare(code: str, field: str, trailer: dict[str, int], found: int) -> Iterator[Mismatch]:
    if trailer[field] != found:
        yield Mismatch(code, field, trailer[field], found)


def numbers(layout: Layout, data: bytes) -> dict[str, int]:
    """The numeric fields of a record that was found in order, by name."""
    return {field.name: int(data[field.place]) for field in layout.fields if field.type == "N"}
