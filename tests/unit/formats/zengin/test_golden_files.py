"""The golden files: what they say, what is wrong with them, and the same bytes written again."""

from datetime import date
from typing import Any

import pytest

from services.formats.zengin import (
    BulkTransfer,
    DebitResult,
    DebitTrailer,
    DirectDebit,
    Direction,
    End,
    Group,
    IncomingNotice,
    NoticeTrailer,
    StatementEntry,
    StatementHeader,
    StatementTrailer,
    write,
)
from tests.unit.formats.zengin.samples import (
    DEBITS,
    NOTICE,
    SAMPLES,
    STATEMENT,
    Reading,
    golden_file,
    sample,
    separator_of,
)

VALID = [one for one in SAMPLES if one["expected"]["valid"]]


def by_name(one: dict[str, Any]) -> str:
    return str(one["name"])


@pytest.mark.parametrize("one", SAMPLES, ids=by_name)
def test_a_golden_file_has_the_findings_it_must_have(one: dict[str, Any]) -> None:
    reading, expected = Reading(golden_file(one)), one["expected"]

    assert reading.verdict.valid == expected["valid"]
    errors = {finding.code for finding in reading.findings if finding.severity == "error"}
    assert errors == ({expected["error"]} if "error" in expected else set())
    if "warning" in expected:
        assert reading.codes == [expected["warning"]]
    if "total" in expected and expected["valid"]:
        assert reading.verdict.entries == expected["count"]
        assert reading.verdict.total_yen == expected["total"]


@pytest.mark.parametrize("one", VALID, ids=by_name)
def test_a_golden_file_is_written_byte_for_byte(one: dict[str, Any]) -> None:
    bodies: list[Any] = Reading(golden_file(one)).bodies
    group = Group(bodies[0], bodies[1:-2], answered=one["name"] == DEBITS)

    assert b"".join(write([group], separator_of(one))) == golden_file(one)


def test_edi_text_takes_the_place_of_the_customer_codes() -> None:
    name = "synthetic EDI text in place of the customer codes"
    transfer = Reading(golden_file(sample(name))).bodies[1]

    assert isinstance(transfer, BulkTransfer)
    assert transfer.edi == "SETL-2026-07-0001"


def test_a_result_file_says_what_became_of_each_debit() -> None:
    _, paid, failed, trailer, _ = Reading(golden_file(sample(DEBITS))).bodies

    assert isinstance(paid, DirectDebit)
    assert isinstance(failed, DirectDebit)
    assert isinstance(trailer, DebitTrailer)
    assert (paid.result, paid.customer_number) == (DebitResult.COLLECTED, "0" * 18 + "42")
    assert (failed.result, failed.yen) == (DebitResult.INSUFFICIENT_FUNDS, 7000)
    assert trailer.answered
    assert (trailer.collected_yen, trailer.failed_yen) == (5000, 7000)


def test_a_cancelled_notice_counts_apart() -> None:
    reading = Reading(golden_file(sample(NOTICE)))
    _, came, cancelled, trailer, _ = reading.bodies

    assert isinstance(came, IncomingNotice)
    assert isinstance(cancelled, IncomingNotice)
    assert (came.posting_date, came.cancelled) == (date(2026, 7, 31), False)
    assert (came.payer_name, came.edi) == ("ｶ)ｱｸﾜｲｱﾗ", "SETL-2026-07-0001")
    assert cancelled.cancelled
    assert trailer == NoticeTrailer(1, 250_000, 1, 1_000)
    assert reading.verdict.total_yen == 250_000


def test_a_statement_runs_from_its_opening_to_its_closing_balance() -> None:
    header, credit, fee, trailer, end = Reading(golden_file(sample(STATEMENT))).bodies

    assert isinstance(header, StatementHeader)
    assert isinstance(credit, StatementEntry)
    assert isinstance(fee, StatementEntry)
    assert header.opening_yen == 1_000_000
    assert (credit.direction, credit.kind, credit.signed_yen) == (Direction.IN, "11", 250_000)
    assert (fee.direction, fee.summary, fee.signed_yen) == (Direction.OUT, "ﾃｽｳﾘﾖｳ", -880)
    assert trailer == StatementTrailer(1, 250_000, 1, 880, 1_249_120, 2)
    assert end == End(5, 1)
