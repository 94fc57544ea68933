"""Facts come in any order, repeated or never: each is new once, and no gap is missed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.kit.facts.tracker import Gap, Progress, arrive, learn

NOON = datetime(2026, 10, 30, 12, tzinfo=UTC)


def arrived(*batches: Iterable[int]) -> Progress:
    """What is known after the batches."""
    progress = Progress()
    for batch in batches:
        progress, _ = arrive(progress, batch)
    return progress


def test_nothing_is_known_at_first() -> None:
    assert Progress().contiguous == 0
    assert Progress().lacks(1)


def test_facts_in_order_leave_no_gap() -> None:
    assert arrived([1, 2], [3]) == Progress(3)


def test_a_fact_ahead_of_its_turn_leaves_a_gap() -> None:
    progress = arrived([1, 2, 5])

    assert progress == Progress(5, (Gap(3, 4),))
    assert progress.contiguous == 2


def test_a_stripe_whose_first_fact_is_not_number_one_has_a_gap_before_it() -> None:
    assert arrived([4]) == Progress(4, (Gap(1, 3),))


def test_a_fact_in_the_middle_of_a_gap_splits_it_and_keeps_when_it_was_noticed() -> None:
    progress, fresh = arrive(Progress(9, (Gap(2, 8, NOON),)), [5])

    assert fresh == [5]
    assert progress.gaps == (Gap(2, 4, NOON), Gap(6, 8, NOON))


def test_a_repeat_is_not_new() -> None:
    progress = arrived([1, 2, 5])

    assert arrive(progress, [1, 5, 2, 5]) == (progress, [])


def test_late_facts_close_the_gap() -> None:
    assert arrived([1, 5], [4, 2], [3]) == Progress(5)


def test_the_owner_may_say_that_a_gap_holds_no_facts() -> None:
    progress, fresh = learn(arrived([1, 5]), 1, 5, [])

    assert fresh == []
    assert progress == Progress(5)


def test_the_owner_may_know_of_facts_after_the_last() -> None:
    progress, fresh = learn(arrived([1, 2]), 2, 7, [4, 7])

    assert fresh == [4, 7]
    assert progress == Progress(7)


def test_a_page_of_facts_closes_gaps_only_as_far_as_it_reaches() -> None:
    progress, fresh = learn(arrived([1, 10]), 1, 4, [2, 4])

    assert fresh == [2, 4]
    assert progress.gaps == (Gap(5, 9),)


def test_what_arrived_while_the_owner_was_asked_is_not_new_again() -> None:
    asked = arrived([1, 5])
    progress, _ = arrive(asked, [3, 6, 9])

    progress, fresh = learn(progress, asked.contiguous, 5, [2, 3, 5])

    assert fresh == [2]
    assert progress == Progress(9, (Gap(7, 8),))


@dataclass
class Stripe:
    """An owner's stripe and a copy of it, with what the copy has taken for new."""

    facts: frozenset[int]
    last: int
    progress: Progress = field(default_factory=Progress)
    kept: list[int] = field(default_factory=list)

    def deliver(self, batch: Iterable[int]) -> None:
        self.progress, fresh = arrive(self.progress, batch)
        self.kept += fresh

    def fetch(self, page_size: int) -> None:
        """One page from the owner, as a fetcher asks for it."""
        after = self.progress.contiguous
        page = sorted(fact for fact in self.facts if fact > after)[:page_size]
        through = page[-1] if page else max(after, self.progress.highest)
        self.progress, fresh = learn(self.progress, after, through, page)
        self.kept += fresh

    def check(self) -> None:
        """Nothing kept twice, nothing missing below the contiguous sequence, gaps in order."""
        assert len(set(self.kept)) == len(self.kept)
        assert {fact for fact in self.facts if fact <= self.progress.contiguous} <= set(self.kept)
        assert all(self.progress.lacks(fact) == (fact not in self.kept) for fact in self.facts)
        edges = [edge for gap in self.progress.gaps for edge in (gap.first, gap.last)]
        assert edges == sorted(edges)
        assert not edges or edges[-1] < self.progress.highest


@given(st.data())
def test_whatever_comes_in_whatever_order_each_fact_is_kept_once(data: st.DataObject) -> None:
    """Some sequences belong to other topics; some facts are lost on the way, some repeated."""
    last = data.draw(st.integers(1, 40))
    facts = data.draw(st.frozensets(st.integers(1, last), min_size=1))
    stripe = Stripe(facts, last)
    batches = st.lists(st.sampled_from(sorted(facts)), max_size=8)
    for batch in data.draw(st.lists(st.one_of(st.integers(1, 5), batches), max_size=20)):
        if isinstance(batch, int):
            stripe.fetch(batch)
        else:
            stripe.deliver(batch)
        stripe.check()

    while set(stripe.kept) != facts or stripe.progress.gaps:
        stripe.fetch(page_size=3)
        stripe.check()
    assert stripe.progress.contiguous == max(facts)
