"""Whatever a bank, a line or a text editor made of a file: findings, and never an exception."""

import io
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.formats.banks import ZenginBanks
from services.formats.zengin import Checks, Finding, check
from tests.unit.formats.zengin.samples import (
    AS_OF,
    SAMPLES,
    Reading,
    file_of,
    golden_file,
    records_of,
)

FILES = [golden_file(one) for one in SAMPLES]
CHECKS = Checks(AS_OF, ZenginBanks(), lambda day: day.weekday() < 5, most_of_a_code=5)
golden = st.sampled_from(FILES)


def assert_sound(data: bytes) -> None:
    """What holds of every reading."""
    reading = Reading(data, CHECKS)
    assert reading.verdict.valid == all(one.severity != "error" for one in reading.findings)
    assert all(one.record >= 1 for one in reading.findings)
    assert all(0 <= (one.offset or 0) <= len(data) for one in reading.findings)
    assert all(0 <= record.offset < len(data) for record in reading.records)
    alone = [item for item in check(io.BytesIO(data), CHECKS) if isinstance(item, Finding)]
    assert alone == reading.findings


@given(st.binary(max_size=700))
def test_any_bytes_are_read(data: bytes) -> None:
    assert_sound(data)


@given(golden, st.binary(max_size=500))
def test_any_bytes_behind_a_file_are_read(data: bytes, more: bytes) -> None:
    assert_sound(data + more)


@given(golden, st.integers(0, 1100))
def test_a_file_that_was_cut_is_told(data: bytes, size: int) -> None:
    cut = data[:size]
    assert_sound(cut)
    if len(cut.rstrip(b"\r\n")) < len(data.rstrip(b"\r\n")):
        assert not Reading(cut).verdict.valid


@given(golden, st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 255)), max_size=5))
def test_any_bytes_in_a_file_may_be_flipped(data: bytes, flips: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for place, byte in flips:
        damaged[place % len(data)] = byte
    assert_sound(bytes(damaged))


@given(
    st.lists(st.sampled_from([one["name"] for one in SAMPLES]), min_size=1, max_size=3),
    st.randoms(use_true_random=False),
    st.sampled_from([b"", b"\r", b"\n", b"\r\n", b"\n\r", b"\r\n\r\n"]),
)
def test_records_may_come_in_any_order(names: list[str], random: Random, between: bytes) -> None:
    records = [record for name in names for record in records_of(name)]
    random.shuffle(records)
    assert_sound(file_of(records, between))


@given(golden, st.integers(0, 1000), st.binary(max_size=3))
def test_any_bytes_may_come_between(data: bytes, place: int, more: bytes) -> None:
    assert_sound(data[:place] + more + data[place:])
