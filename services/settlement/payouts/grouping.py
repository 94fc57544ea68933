"""Which accounts one payout relieves together, where they are more than the ledger moves at once.
Pure.

Amounts are minor units of one currency; more than zero is owed to the participant.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

_Owed = tuple[int, str]


@dataclass(slots=True)
class _Group:
    """What one payout takes: dues as they came, the largest first, and debts netted with them."""

    dues: list[_Owed] = field(default_factory=list)
    debts: list[_Owed] = field(default_factory=list)
    total: int = 0

    def is_full(self, limit: int) -> bool:
        return len(self.dues) + len(self.debts) >= limit


def groups_of(totals: Mapping[str, int], least: int, limit: int) -> list[list[str]]:
    """Accounts of one payout each: at most `limit`, and together worth `least` (1 or more).

    Debts are netted first, against the largest dues. What no group holds is carried, and never
    worth less than zero: a debt that fits into no group keeps dues of its worth from being paid.
    All accounts are one group where they are few enough and worth `least`. None worth zero is in
    any.
    """
    dues = sorted((minor, account) for account, minor in totals.items() if minor > 0)
    debts = sorted((minor, account) for account, minor in totals.items() if minor < 0)
    groups = []
    while dues:
        group = _filled(dues, debts, least, limit)
        if group.total >= least:
            groups.append(group)
    carried = sum(totals.values()) - sum(group.total for group in groups)
    _hold_back(groups, -carried, least)
    return [[account for _, account in (*group.dues, *group.debts)] for group in groups]


def _filled(dues: list[_Owed], debts: list[_Owed], least: int, limit: int) -> _Group:
    """A group out of the largest dues and the debts that they cover; takes them away."""
    group = _Group()
    while not group.is_full(limit):
        # The largest debt after which `least` is left.
        place = bisect_left(debts, (least - group.total, ""))
        if place < len(debts):
            taken = debts.pop(place)
            group.debts.append(taken)
        elif dues:
            taken = dues.pop()
            group.dues.append(taken)
        else:
            break
        group.total += taken[0]
    return group


def _hold_back(groups: list[_Group], lacking: int, least: int) -> None:
    """Take dues worth `lacking` out of the groups, the smallest of the last group first."""
    while lacking > 0:
        group = groups[-1]
        minor, _ = group.dues.pop()
        group.total -= minor
        lacking -= minor
        if group.total < least:
            lacking -= group.total
            groups.pop()
