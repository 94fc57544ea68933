"""A participant's statement: spans of time per account, lines, and where a page ends. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.core.errors import Malformed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# No posting is as old as this.
FIRST = _EPOCH + timedelta(days=1)
START = (-1, 0, 0, 0)
"""Stripe, sequence, leg and side before all others at a time."""


class StatementMalformed(Malformed):
    """What is asked for is no day, no window, or no place in a statement."""


@dataclass(frozen=True, slots=True)
class Span:
    """An account from `begin` to before `end`."""

    account_id: str
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class LineKey:
    """Where a line stands. `side`: 0 the account is debited, 1 credited."""

    post_time: datetime
    stripe: int
    sequence: int
    leg: int
    side: int

    @property
    def token(self) -> str:
        """The page token after which the next page begins."""
        micros = (self.post_time - _EPOCH) // timedelta(microseconds=1)
        return f"{micros}.{self.stripe}.{self.sequence}.{self.leg}.{self.side}"

    @classmethod
    def read(cls, token: str) -> "LineKey":
        """The reverse of `token`. Raises `StatementMalformed`."""
        try:
            micros, stripe, sequence, leg, side = (int(part) for part in token.split("."))
            return cls(_EPOCH + timedelta(microseconds=micros), stripe, sequence, leg, side)
        except (ValueError, OverflowError) as error:
            raise StatementMalformed(
                "page_token is none that a statement has given.", field="page_token"
            ) from error


@dataclass(frozen=True, slots=True)
class Line:
    """One leg on one account; `minor` is signed, credits less debits."""

    key: LineKey
    link_id: str
    account_id: str
    kind: str
    minor: int
    currency: str


def spans_of_day(account_ids: list[str], day: str, zones: dict[str, str]) -> list[Span]:
    """The day `YYYY-MM-DD` of each account, in the zone of its currency; UTC where there is none.

    Raises `StatementMalformed`.
    """
    try:
        first = date.fromisoformat(day)
        following = first + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise StatementMalformed("day is YYYY-MM-DD.", field="day") from error
    spans = []
    for account in account_ids:
        zone = ZoneInfo(zones.get(account.rpartition(":")[2], "UTC"))
        begin, end = (datetime.combine(each, time(), zone) for each in (first, following))
        spans.append(Span(account, begin, end))
    return spans
