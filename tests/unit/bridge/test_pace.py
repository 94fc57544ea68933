"""The token bucket."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.bridge.domain.pace import Bucket, Pace
from tests.unit.bridge.builders import MACHINE

SECOND = timedelta(seconds=1)
NONE = timedelta()


def test_a_burst_goes_at_once_and_the_next_waits_for_its_token() -> None:
    pace, bucket = Pace(SECOND, 3), Bucket(MACHINE)
    waits = []
    for _ in range(5):
        waits.append(bucket.wait(pace, MACHINE))
        bucket = bucket.take(pace, MACHINE)
    assert waits == [NONE, NONE, NONE, SECOND, 2 * SECOND]


def test_after_a_rest_there_is_a_whole_burst_again_and_no_more() -> None:
    pace, bucket = Pace(SECOND, 2), Bucket(MACHINE)
    later = MACHINE + timedelta(hours=1)
    for _ in range(2):
        assert bucket.wait(pace, later) == NONE
        bucket = bucket.take(pace, later)
    assert bucket.wait(pace, later) == SECOND


@given(
    st.integers(1, 20),
    st.integers(1, 1000).map(lambda ms: timedelta(milliseconds=ms)),
    st.lists(st.integers(0, 2000).map(lambda ms: timedelta(milliseconds=ms)), max_size=60),
)
def test_no_stretch_of_time_holds_more_calls_than_burst_and_pace_allow(
    burst: int, every: timedelta, pauses: list[timedelta]
) -> None:
    pace, bucket, now = Pace(every, burst), Bucket(MACHINE), MACHINE
    begins: list[datetime] = []
    for pause in pauses:
        now += pause
        begins.append(now + bucket.wait(pace, now))
        bucket = bucket.take(pace, now)
    assert begins == sorted(begins)
    for first in range(len(begins)):
        for last in range(first, len(begins)):
            count = last - first + 1
            assert count <= burst + (begins[last] - begins[first]) / every
