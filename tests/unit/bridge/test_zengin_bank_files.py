"""Files of the bank by file: what we write is valid, and what is not whole is not read."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bridge.partners.zengin_bank_files import (
    BankFileWrong,
    Originator,
    read_debit_result,
    read_notices,
    read_statement,
    read_transfer_result,
    write_file,
)
from services.bridge.partners.zengin_bank_rules import (
    BankRecord,
    FileKind,
    RecordState,
    number_of,
    problem_of,
)
from services.formats import zengin
from services.formats.iso20022.messages.reading import read_messages
from services.formats.iso20022.model import PaymentOrder

NOW = datetime(2026, 10, 30, 5, tzinfo=UTC)
TODAY = date(2026, 10, 30)
OURS = Originator("9990", "101", "1", "0888888", "ｶﾜｾ", "0000012345")
NAME = "20261102-AAAA"


def records(kind: FileKind, amounts: Sequence[int]) -> list[BankRecord]:
    return [
        BankRecord(
            "bank",
            f"item-{place}",
            kind,
            number_of(f"item-{place}"),
            "0005",
            "001",
            "1",
            "1234567",
            "ﾔﾏﾀﾞ ﾊﾅｺ",
            yen,
            NOW,
            TODAY,
            date(2026, 11, 2),
        )
        for place, yen in enumerate(amounts)
    ]


amounts = st.lists(st.integers(1, 9_999_999_999), min_size=1, max_size=20)


@pytest.mark.parametrize("kind", list(FileKind))
@given(amounts)
def test_what_is_written_is_valid_and_says_every_record(kind: FileKind, yen: list[int]) -> None:
    found = records(kind, yen)
    content = write_file(found, OURS, "zengin", NOW, NAME)
    *items, verdict = zengin.read(io.BytesIO(content), zengin.Checks(TODAY))
    assert isinstance(verdict, zengin.Verdict)
    assert (verdict.errors, verdict.entries, verdict.total_yen) == (0, len(yen), sum(yen))
    bodies = [item.body for item in items if isinstance(item, zengin.Record)]
    said = [
        body.edi if isinstance(body, zengin.BulkTransfer) else body.customer_number
        for body in bodies
        if isinstance(body, zengin.BulkTransfer | zengin.DirectDebit)
    ]
    assert said == [each.reference for each in found]


@given(amounts)
def test_zedi_says_the_same_in_a_valid_message(yen: list[int]) -> None:
    found = records(FileKind.TRANSFER, yen)
    content = write_file(found, OURS, "zedi", NOW, NAME)
    reading = read_messages(content)
    assert reading.valid
    orders = [message for _, message in reading.messages if isinstance(message, PaymentOrder)]
    assert [order.message_id for order in orders] == [NAME]
    transfers = orders[0].batches[0].transfers
    assert [each.end_to_end_id for each in transfers] == [each.reference for each in found]
    assert [each.amount.minor for each in transfers] == yen


def test_a_name_that_is_too_long_is_cut_between_characters() -> None:
    long = replace(records(FileKind.TRANSFER, [1])[0], holder_name="ｱ" * 29 + "ｶﾞｱ")
    content = write_file([long], OURS, "zengin", NOW, NAME)
    *_, verdict = zengin.read(io.BytesIO(content), zengin.Checks(TODAY))
    assert isinstance(verdict, zengin.Verdict)
    assert verdict.valid


def answered(found: Sequence[BankRecord], results: Sequence[zengin.DebitResult]) -> bytes:
    account = zengin.Account("9990", "101", "1", "0888888")
    header = zengin.OrderHeader("91", "0000012345", "ｶﾜｾ", date(2026, 11, 2), account)
    entries = [
        zengin.DirectDebit(
            payer=zengin.Account("0005", "001", "1", "1234567"),
            payer_name=each.holder_name,
            yen=each.yen,
            customer_number=each.reference,
            result=result,
        )
        for each, result in zip(found, results, strict=True)
    ]
    return b"".join(zengin.write([zengin.Group(header, entries, answered=True)]))


FOUND = records(FileKind.DEBIT, [1_000, 2_000, 3_000])
RESULTS = (
    zengin.DebitResult.COLLECTED,
    zengin.DebitResult.INSUFFICIENT_FUNDS,
    zengin.DebitResult.NO_MANDATE,
)
WHOLE = answered(FOUND, RESULTS)


def test_a_result_says_what_became_of_each_debit() -> None:
    result = read_debit_result(WHOLE, TODAY, NAME)
    assert problem_of(result, FOUND) == ""
    assert [(each.state, each.code) for each in result.told] == [
        (RecordState.EXECUTED, ""),
        (RecordState.REFUSED, "INSUFFICIENT_FUNDS"),
        (RecordState.REFUSED, "NO_MANDATE"),
    ]


@given(st.integers(0, len(WHOLE) - 3))
def test_a_result_that_is_cut_short_is_refused_whole(size: int) -> None:
    with pytest.raises(BankFileWrong):
        read_debit_result(WHOLE[:size], TODAY, NAME)


def test_a_result_with_other_sums_names_the_record() -> None:
    at = WHOLE.index(b"\r\n8") + 3 + 6 + 11
    spoiled = WHOLE[:at] + bytes([WHOLE[at] ^ 1]) + WHOLE[at + 1 :]
    with pytest.raises(BankFileWrong, match="record 5"):
        read_debit_result(spoiled, TODAY, NAME)


def test_our_own_request_is_no_result() -> None:
    request = write_file(FOUND, OURS, "zengin", NOW, NAME)
    with pytest.raises(BankFileWrong, match="what became of it"):
        read_debit_result(request, TODAY, NAME)


@pytest.mark.parametrize("read", [read_notices, read_statement])
def test_a_file_of_another_kind_is_refused(read: Any) -> None:
    more = (OURS.account_id,) if read is read_notices else ()
    with pytest.raises(BankFileWrong, match="of type 91"):
        read(WHOLE, TODAY, *more)


def transfers(**changes: Any) -> bytes:
    entry = {
        "transferAmount": "1000",
        "ediInfo": "REFERENCE",
        "beneficiaryBankCode": "0005",
        "beneficiaryBranchCode": "001",
        "accountTypeCode": "1",
        "accountNumber": "1234567",
        "transferStatus": "20",
    }
    told = {"name": NAME, "totalCount": "1", "totalAmount": "1000", "transfers": [entry]}
    return json.dumps(told | changes).encode()


def test_a_result_of_transfers_is_read_whole_or_not_at_all() -> None:
    (told,) = read_transfer_result(transfers(), TODAY, NAME).told
    assert (told.reference, told.state) == ("REFERENCE", RecordState.EXECUTED)
    for wrong in ({"totalCount": "2"}, {"totalAmount": "999"}, {"name": "other"}):
        with pytest.raises(BankFileWrong):
            read_transfer_result(transfers(**wrong), TODAY, NAME)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_that_the_file_is_wrong(content: bytes) -> None:
    for read in (read_debit_result, read_transfer_result):
        with pytest.raises(BankFileWrong):
            read(content, TODAY, NAME)
