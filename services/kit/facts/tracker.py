"""Which facts of a stripe are known: pure, over any order of arrivals and repeats.

An owner numbers the messages of a stripe without gaps, in the order of their commits (see the
outbox). Messages of other topics may stand between facts, so a number that is missing is a lost
fact or no fact at all: only the owner can tell.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """Sequences `first` to `last` have not been seen. `since`: when noticed, None for just now."""

    first: int
    last: int
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of one stripe: everything up to `highest` but the gaps, which are in order."""

    highest: int = 0
    gaps: tuple[Gap, ...] = ()

    @property
    def contiguous(self) -> int:
        """The sequence up to which nothing is missing."""
        return self.gaps[0].first - 1 if self.gaps else self.highest

    def lacks(self, sequence: int) -> bool:
        """Whether a fact of this sequence would be a new one."""
        if sequence > self.highest:
            return True
        return any(gap.first <= sequence <= gap.last for gap in self.gaps)


def arrive(progress: Progress, sequences: Iterable[int]) -> tuple[Progress, list[int]]:
    """Facts have arrived, in any order: what is known now, and which of them are new."""
    fresh = sorted({sequence for sequence in sequences if progress.lacks(sequence)})
    gaps = list(progress.gaps)
    highest = progress.highest
    for sequence in fresh:
        if sequence <= highest:
            gaps = _without(gaps, sequence, sequence)
            continue
        if sequence > highest + 1:
            gaps.append(Gap(highest + 1, sequence - 1))
        highest = sequence
    return Progress(highest, tuple(gaps)), fresh


def learn(
    progress: Progress, after: int, through: int, sequences: Iterable[int]
) -> tuple[Progress, list[int]]:
    """The owner has said which facts there are in `after` < sequence ≤ `through`: just these.

    What is known now, and which of them are new. `after` is not above what was known.
    """
    assert after <= progress.highest
    fresh = sorted({sequence for sequence in sequences if progress.lacks(sequence)})
    gaps = _without(list(progress.gaps), after + 1, through)
    return Progress(max(progress.highest, through), tuple(gaps)), fresh


def _without(gaps: list[Gap], first: int, last: int) -> list[Gap]:
    """The gaps that remain when `first` to `last` are no longer missing."""
    remaining = []
    for gap in gaps:
        if gap.last < first or gap.first > last:
            remaining.append(gap)
            continue
        if gap.first < first:
            remaining.append(replace(gap, last=first - 1))
        if gap.last > last:
            remaining.append(replace(gap, first=last + 1))
    return remaining
