"""Which records go into which file, and what the bank's word makes of them, whatever it says."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bridge.domain.answer import Outcome
from services.bridge.partners.zengin_bank_rules import (
    DUPLICATE,
    BankFile,
    BankRecord,
    BankResult,
    FileKind,
    FileState,
    Receipt,
    RecordState,
    Timetable,
    Told,
    account_of,
    applied,
    batches,
    contradicts,
    heard,
    name_of,
    number_of,
    problem_of,
    receipt_of,
)
from services.bridge.partners.zengin_bank_words import charge_word, payout_word
from services.bridge.payouts.model import Word
from services.core.business_days import BankCalendar

TOKYO = ZoneInfo("Asia/Tokyo")
JAPAN = BankCalendar(("JP",))
TABLE = Timetable(leads={FileKind.TRANSFER: 1, FileKind.DEBIT: 3})
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 10, 30, 12, tzinfo=TOKYO)
RECORD = BankRecord(
    "bank",
    "payout-1",
    FileKind.TRANSFER,
    "REFERENCE",
    "0005",
    "001",
    "1",
    "1234567",
    "ｶ)ﾃｽﾄ",
    1_000,
    NOON,
    date(2026, 10, 30),
    date(2026, 11, 2),
)
FILE = BankFile(
    "bank",
    "20261102-AAAA",
    FileKind.TRANSFER,
    date(2026, 10, 30),
    date(2026, 11, 2),
    1,
    1_000,
    b"",
    "d1",
    NOON,
)
instants = st.integers(0, 28 * 24 * 60).map(lambda hours: NEW_YEAR + timedelta(hours=hours / 2))
days = st.dates(date(2025, 1, 1), date(2027, 6, 1))
kinds = st.sampled_from(FileKind)
records = st.lists(
    st.builds(
        lambda number, kind, yen, day: replace(
            RECORD,
            item_id=f"item-{number}",
            reference=number_of(f"item-{number}"),
            kind=kind,
            yen=yen,
            value_date=day,
            send_date=day - timedelta(days=1),
        ),
        st.integers(0, 10_000),
        kinds,
        st.integers(1, 9_999_999_999),
        st.dates(date(2026, 11, 2), date(2026, 11, 6)),
    ),
    max_size=60,
    unique_by=lambda record: record.item_id,
)


# The first day of a year loads its holidays.
@given(kinds, st.none() | days, instants)
def test_a_record_is_sent_before_its_cut_off_on_a_business_day_and_not_before_it_is_wanted(
    kind: FileKind, wanted: date | None, now: datetime
) -> None:
    send, value = TABLE.days(kind, wanted, now)
    assert JAPAN.is_open(send)
    assert JAPAN.is_open(value)
    assert not TABLE.is_late(send, now)
    assert wanted is None or value >= wanted
    assert value == JAPAN.add(send, 1 if kind is FileKind.TRANSFER else 3)


@given(records, st.integers(1, 20))
def test_every_record_is_in_one_file_of_its_kind_and_day(
    found: list[BankRecord], most: int
) -> None:
    files = batches(found, most)
    assert sorted(each.item_id for file in files for each in file) == sorted(
        each.item_id for each in found
    )
    for file in files:
        assert 1 <= len(file) <= most
        assert len({(each.kind, each.value_date) for each in file}) == 1
    assert len({name_of(file) for file in files}) == len(files)


@given(records)
def test_files_do_not_depend_on_the_order_of_their_records(found: list[BankRecord]) -> None:
    def names(some: Sequence[BankRecord]) -> list[str]:
        return [name_of(file) for file in batches(some)]

    assert names(found) == names(list(reversed(found)))


@given(instants)
def test_a_record_that_missed_its_file_goes_with_one_that_is_not_late(now: datetime) -> None:
    moved = TABLE.moved(replace(RECORD, state=RecordState.FILED, file_id="old"), now)
    assert moved.state is RecordState.WAITING
    assert moved.file_id is None
    assert not TABLE.is_late(moved.send_date, now)
    assert moved.value_date >= RECORD.value_date


def test_a_file_is_closed_at_its_hour_or_when_its_oldest_record_has_waited() -> None:
    assert not TABLE.is_due(RECORD, NOON)
    assert TABLE.is_due(RECORD, NOON.replace(hour=14))
    soon = replace(TABLE, gather_every=timedelta(minutes=5))
    assert not soon.is_due(RECORD, NOON + timedelta(minutes=4))
    assert soon.is_due(RECORD, NOON + timedelta(minutes=5))
    tomorrow = replace(RECORD, send_date=date(2026, 11, 2))
    assert not soon.is_due(tomorrow, NOON + timedelta(hours=1))


@given(
    st.integers(0, 100_000).map(lambda minutes: NOON - timedelta(minutes=minutes)),
    st.dates(date(2026, 10, 25), date(2026, 11, 2)),
    st.integers(0, 4 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes)),
    st.none() | st.integers(0, 600).map(lambda minutes: timedelta(minutes=minutes)),
)
def test_what_is_due_by_the_table_is_what_is_searched_for(
    create_time: datetime, send_date: date, now: datetime, every: timedelta | None
) -> None:
    table = replace(TABLE, gather_every=every)
    record = replace(RECORD, create_time=create_time, send_date=send_date)
    closed = table.closed_at(now)
    waited = closed.since is not None and create_time <= closed.since
    found = send_date <= closed.last or (waited and send_date <= closed.today)
    assert found is table.is_due(record, now)


def test_a_table_may_close_at_another_hour() -> None:
    early = Timetable(gather_at=time(9), cutoff=time(10), leads={FileKind.TRANSFER: 0})
    send, value = early.days(FileKind.TRANSFER, None, NOON)
    assert (send, value) == (date(2026, 11, 2), date(2026, 11, 2))


def _receipt(state: str = "received", **more: str) -> Receipt:
    told = {"file_id": FILE.file_id, "digest": "d1", "bank_number": "1", "code": "", **more}
    return Receipt(told["file_id"], told["digest"], state, told["bank_number"], told["code"])


def test_a_copy_that_was_refused_does_not_speak_for_the_file() -> None:
    copy = _receipt("refused", code=DUPLICATE)
    other = _receipt(digest="d2")
    assert receipt_of(FILE, [copy, other]) is None
    assert receipt_of(FILE, [copy, _receipt("accepted"), copy]) == _receipt("accepted")


@given(st.integers(1, 10))
def test_a_file_is_sent_again_only_after_so_many_lists_without_it(searches: int) -> None:
    file = replace(FILE, state=FileState.SENDING)
    for _ in range(searches - 1):
        file = heard(file, None, searches)
        assert file.state is FileState.SENDING
    file = heard(file, None, searches)
    assert (file.state, file.perhaps_sent) == (FileState.WRITTEN, True)


@given(st.lists(st.sampled_from(["received", "accepted", "refused", "odd", ""]), max_size=12))
def test_a_file_never_goes_back_once_the_bank_has_it(states: list[str]) -> None:
    file = replace(FILE, state=FileState.SENDING)
    for state in states:
        before = file
        file = heard(file, _receipt(state) if state else None, 100)
        assert file.state >= before.state
        if before.state >= FileState.ACCEPTED:
            assert file == before


def _told(record: BankRecord, state: RecordState = RecordState.EXECUTED) -> Told:
    return Told(record.reference, record.yen, account_of(record), state)


@given(records.filter(bool), st.data())
def test_a_result_that_differs_in_anything_is_refused_whole(
    found: list[BankRecord], data: st.DataObject
) -> None:
    told = [_told(each) for each in found]
    assert problem_of(BankResult("f", tuple(told), whole=True), found) == ""
    place = data.draw(st.integers(0, len(told) - 1))
    spoiled = data.draw(
        st.sampled_from(
            [
                told[:place] + told[place + 1 :],
                [*told, told[place]],
                [*told[:place], replace(told[place], yen=told[place].yen + 1), *told[place + 1 :]],
                [*told[:place], replace(told[place], reference="X"), *told[place + 1 :]],
                [*told[:place], replace(told[place], account="X"), *told[place + 1 :]],
            ]
        )
    )
    assert problem_of(BankResult("f", tuple(spoiled), whole=True), found) != ""


def test_a_result_of_no_file_of_ours_is_refused() -> None:
    assert problem_of(BankResult("f", (_told(RECORD),), whole=False), []) != ""


_SAID = (RecordState.EXECUTED, RecordState.REFUSED, RecordState.RETURNED)


@given(st.lists(st.sampled_from(_SAID), max_size=8))
def test_a_last_word_is_kept_but_for_money_that_comes_back(said: list[RecordState]) -> None:
    record = replace(RECORD, state=RecordState.FILED)
    path = [record.state]
    for state in said:
        after = applied(record, _told(record, state))
        if after is not None:
            assert not contradicts(record, _told(record, state))
            record = after
            path.append(record.state)
    assert path in (
        [RecordState.FILED],
        [RecordState.FILED, RecordState.EXECUTED],
        [RecordState.FILED, RecordState.EXECUTED, RecordState.RETURNED],
        [RecordState.FILED, RecordState.REFUSED],
        [RecordState.FILED, RecordState.RETURNED],
    )


def test_only_a_word_that_takes_another_back_contradicts() -> None:
    executed = replace(RECORD, state=RecordState.EXECUTED)
    returned = replace(RECORD, state=RecordState.RETURNED)
    assert contradicts(executed, _told(RECORD, RecordState.REFUSED))
    assert not contradicts(executed, _told(RECORD, RecordState.EXECUTED))
    assert not contradicts(returned, _told(RECORD, RecordState.EXECUTED))


@pytest.mark.parametrize(
    ("state", "file_state", "word"),
    [
        (RecordState.WAITING, None, Word.SILENT),
        (RecordState.FILED, FileState.WRITTEN, Word.SILENT),
        (RecordState.FILED, FileState.SENDING, Word.SILENT),
        (RecordState.FILED, FileState.RECEIVED, Word.SUBMITTED),
        (RecordState.FILED, FileState.ACCEPTED, Word.ACCEPTED),
        (RecordState.EXECUTED, FileState.DONE, Word.EXECUTED),
        (RecordState.REFUSED, FileState.DONE, Word.REJECTED),
        (RecordState.RETURNED, FileState.DONE, Word.RETURNED),
    ],
)
def test_a_payout_is_submitted_only_when_the_bank_has_its_file(
    state: RecordState, file_state: FileState | None, word: Word
) -> None:
    file_id = None if file_state is None else "f"
    record = replace(RECORD, state=state, file_id=file_id, file_state=file_state)
    assert payout_word(record).word is word


def test_a_debit_without_a_word_is_no_failure_of_the_bank() -> None:
    answer = charge_word(replace(RECORD, kind=FileKind.DEBIT))
    assert answer.outcome is Outcome.UNKNOWN
    assert not answer.is_failure


def test_references_of_many_items_differ() -> None:
    assert len({number_of(f"charge-{each}") for each in range(10_000)}) == 10_000
