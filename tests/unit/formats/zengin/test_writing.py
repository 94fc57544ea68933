"""What is written is valid and reads back equal; what cannot be written is refused with a name."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.formats.zengin import (
    Account,
    BulkTransfer,
    Checks,
    DirectDebit,
    Entry,
    FileInvalid,
    Group,
    Header,
    OrderHeader,
    Separator,
    StatementEntry,
    TransferTrailer,
    write,
)
from services.formats.zengin.reading import Record
from tests.unit.formats.zengin.samples import AS_OF, DEBITS, Reading, golden_file, sample
from tests.unit.formats.zengin.strategies import files

ORIGIN = Account("0001", "001", "1", "1234567", "ﾐｽﾞﾎ", "ﾎﾝﾃﾝ")
HEADER = OrderHeader("21", "1234567890", "ｶ)ﾃｽﾄ", date(2026, 8, 3), ORIGIN)
TRANSFER = BulkTransfer(ORIGIN, "ﾔﾏﾀﾞ ﾊﾅｺ", 1200)


def file_of(groups: list[Group], **options: Any) -> bytes:
    return b"".join(write(groups, **options))


def refusals(*entries: Entry, header: Header = HEADER) -> list[tuple[str, int, int | None]]:
    with pytest.raises(FileInvalid) as refused:
        file_of([Group(header, entries)])
    return [(one.code, one.record, one.offset) for one in refused.value.findings]


def said(records: list[Record]) -> Iterator[object]:
    """Headers and entries, without what is computed."""
    for record in records:
        if not type(record.body).__name__.endswith(("Trailer", "End")):
            yield record.body


@given(files, st.sampled_from(Separator))
def test_what_is_written_is_valid_and_reads_back_equal(
    groups: list[Group], separator: Separator
) -> None:
    reading = Reading(file_of(groups, separator=separator))

    assert [one for one in reading.findings if one.severity == "error"] == []
    given = [body for group in groups for body in (group.header, *group.entries)]
    assert list(said(reading.records)) == given


def test_a_request_of_debits_is_written_without_results() -> None:
    bodies: list[Any] = Reading(golden_file(sample(DEBITS))).bodies
    debits = [replace(debit, result=debit.result.COLLECTED) for debit in bodies[1:3]]
    written = Reading(file_of([Group(bodies[0], debits)]))

    assert written.codes == []
    assert not written.bodies[3].answered  # type: ignore[union-attr]


def test_a_group_goes_on_under_its_header_past_a_number_of_entries() -> None:
    transfers = [replace(TRANSFER, yen=yen) for yen in range(1, 8)]
    reading = Reading(file_of([Group(HEADER, transfers)], most_entries=3))

    assert reading.codes == []
    trailers = [body for body in reading.bodies if isinstance(body, TransferTrailer)]
    assert trailers == [TransferTrailer(3, 6), TransferTrailer(3, 15), TransferTrailer(1, 7)]
    assert reading.bodies.count(HEADER) == 3


def test_a_group_goes_on_past_what_its_total_can_say() -> None:
    most = 10**10 - 1
    reading = Reading(file_of([Group(HEADER, [replace(TRANSFER, yen=most)] * 101)]))

    assert [one.code for one in reading.findings if one.severity == "error"] == []
    assert reading.verdict.total_yen == 101 * most


def payee(**changes: str) -> BulkTransfer:
    return replace(TRANSFER, payee=replace(ORIGIN, **changes))


@pytest.mark.parametrize(
    ("transfer", "code", "offset"),
    [
        (replace(TRANSFER, yen=10**10), "AMOUNT_TOO_LARGE", 80),
        (replace(TRANSFER, yen=-1), "AMOUNT_NEGATIVE", 80),
        (replace(TRANSFER, payee_name="ﾔ" * 31), "FIELD_TOO_LONG", 50),
        (replace(TRANSFER, payee_name="山田"), "CHARSET", 50),
        (replace(TRANSFER, payee_name="ﾔﾏﾀ-ｰ"), "CHARSET", 54),
        (replace(TRANSFER, payee_name="ｱﾞ"), "MARK", 51),
        (replace(TRANSFER, edi="ABCDEFGHIJKLMNOPQRSTU"), "FIELD_TOO_LONG", 91),
        (payee(bank_code="1"), "DIGITS", 2),
        (payee(account_number="123456"), "DIGITS", 49),
        (payee(account_type="3"), "CODE_LIST", 42),
        (payee(bank_name="A.B"), "CHARSET", 6),
    ],
)
def test_what_a_record_cannot_hold_is_refused(
    transfer: BulkTransfer, code: str, offset: int
) -> None:
    assert refusals(TRANSFER, transfer) == [(code, 3, 2 * 122 + offset)]


def test_edi_text_and_customer_codes_are_not_both_written() -> None:
    both = replace(TRANSFER, edi="A", customer_codes=("0000000001", "0000000002"))

    assert refusals(both) == [("EDI_AND_CODES", 2, 122)]
    assert refusals(replace(TRANSFER, identification="Y")) == [("EDI_MISSING", 2, 122)]


def test_an_entry_of_another_business_type_is_refused() -> None:
    debit = DirectDebit(ORIGIN, "ﾔﾏﾀﾞ", 1)

    assert refusals(debit) == [("ENTRY_KIND", 2, 122)]
    assert refusals(TRANSFER, header=replace(HEADER, business_type="03")) == [
        ("BUSINESS_TYPE_UNKNOWN", 1, 0)
    ]
    with pytest.raises(FileInvalid, match="one business type"):
        file_of([Group(HEADER, [TRANSFER]), Group(replace(HEADER, business_type="91"), [])])
    with pytest.raises(FileInvalid, match="at least one header"):
        file_of([])


def test_a_year_far_from_the_reader_is_the_reader_s_matter() -> None:
    late = replace(HEADER, value_date=date(2027, 12, 1))
    reading = Reading(file_of([Group(late, [])]), Checks(AS_OF))

    assert reading.bodies[0] == replace(late, value_date=date(2026, 12, 1))


def test_a_statement_computes_its_balance() -> None:
    bodies: list[Any] = Reading(
        golden_file(sample("synthetic account statement: credit and fee"))
    ).bodies
    fee = bodies[2]
    assert isinstance(fee, StatementEntry)
    header = replace(bodies[0], opening_yen=100)
    written = Reading(file_of([Group(header, [fee])]))

    assert written.codes == []
    assert written.bodies[2].closing_yen == -780  # type: ignore[union-attr]
