"""The corporate account of the simulated Japanese bank: its bookings, balances, statement pages.

Whole yen. A booking is never changed; its number grows, and is the `itemKey` of pages.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime

from services.sandbox.partners.books import Books
from services.sandbox.partners.days import Line

OPENING_YEN = 500_000_000
TRANSFER_IN, TRANSFER_OUT, FEE, RETURN = "transfer in", "transfer out", "fee", "return"
TOP_UP, GIVEN_BACK = "top-up", "given back"
INCOMING = frozenset({TRANSFER_IN, RETURN, TOP_UP})
# A kind as the statement words it, in half-width kana.
WORDS = {
    TRANSFER_IN: "ﾌﾘｺﾐ",
    TRANSFER_OUT: "ﾌﾘｺﾐ",
    FEE: "ﾌﾘｺﾐﾃｽｳﾘﾖｳ",
    RETURN: "ﾌﾘｺﾐｼｷﾝﾍﾝｷﾔｸ",
    TOP_UP: "ｺｳｻﾞﾌﾘｶｴ",
    GIVEN_BACK: "ｺｳｻﾞﾌﾘｶｴﾍﾝｷﾝ",
}
_BOOKING, _TOTAL = "booking", "own"


@dataclass(frozen=True, slots=True)
class Booking:
    """One line of the account. `reference`: what the client calls it, where it may."""

    number: str
    day: str
    time: str
    kind: str
    yen: int
    balance: int
    party: str
    reference: str

    @property
    def incoming(self) -> bool:
        return self.kind in INCOMING

    @property
    def remarks(self) -> str:
        return " ".join(part for part in (WORDS[self.kind], self.party, self.reference) if part)


class Account:
    """`day_of` gives the bank's day of an instant."""

    def __init__(self, books: Books, day_of: Callable[[datetime], date]) -> None:
        self._books = books
        self._day_of = day_of
        self._bookings = [Booking(**fields) for _, fields in books.all(_BOOKING)]

    @property
    def yen(self) -> int:
        total = self._books.get(_TOTAL, "yen")
        return OPENING_YEN if total is None else int(total["yen"])

    def set_yen(self, yen: int) -> None:
        self._books.put(_TOTAL, "yen", {"yen": yen})

    def book(self, kind: str, yen: int, party: str, reference: str, now: datetime) -> Booking:
        """Write a line and the new balance."""
        after = self.yen + (yen if kind in INCOMING else -yen)
        booking = Booking(
            number=f"{len(self._bookings) + 1:08d}",
            day=self._day_of(now).isoformat(),
            time=now.isoformat(),
            kind=kind,
            yen=yen,
            balance=after,
            party=party,
            reference=reference,
        )
        self._books.put(_BOOKING, booking.number, asdict(booking))
        self._bookings.append(booking)
        self.set_yen(after)
        return booking

    def between(self, first: date, last: date) -> list[Booking]:
        """The lines of these days, both inclusive, oldest first."""
        return [
            each for each in self._bookings if first.isoformat() <= each.day <= last.isoformat()
        ]

    def lines(self, day: date) -> list[Line]:
        """The bookings of a day as its files show them."""
        return [
            Line(
                each.number,
                each.kind,
                each.yen,
                "JPY",
                datetime.fromisoformat(each.time),
                fields={"party": each.party, "reference": each.reference},
            )
            for each in self.between(day, day)
        ]

    def opening(self, day: date) -> int:
        """The balance before the first line of the day."""
        later = self.between(day, date.max)
        if not later:
            return self.yen
        return later[0].balance - (later[0].yen if later[0].incoming else -later[0].yen)
