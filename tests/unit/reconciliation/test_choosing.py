"""Which file another one replaces, and why it may not."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.core.errors import KawaseError
from services.reconciliation.files.model import StoredFile
from services.reconciliation.replacing.choosing import choose
from tests.unit.reconciliation.files.reading import PARTNERS, read_file, stored
from tests.unit.reconciliation.files.test_readers import camt

DAY = date(2026, 10, 30)
FORMER = StoredFile(
    file_id="file-1",
    digest=b"1" * 32,
    file_name="one.csv",
    format="antom_settlement",
    partner_id="kakaopay",
    day=DAY,
    byte_count=1,
    row_count=1,
    import_time=datetime(2026, 10, 31, tzinfo=UTC),
    operator="mei",
    document_id="settlement:1",
)
FILE = replace(FORMER, file_id="file-2", digest=b"2" * 32)


def counted(file: StoredFile, number: int, series: str = "legal:7") -> StoredFile:
    return replace(file, series=series, series_number=number)


def test_the_first_file_of_a_document_replaces_none() -> None:
    assert choose(FILE, "", None, None) is None


def test_a_file_replaces_the_one_it_names_whatever_the_documents_are_called() -> None:
    assert choose(FILE, "file-1", FORMER, FORMER) is FORMER
    other = replace(FILE, document_id="settlement:2")
    assert choose(other, "file-1", FORMER, None) is FORMER


def test_a_later_sending_of_a_statement_replaces_the_former_by_itself() -> None:
    former = counted(FORMER, 3)
    assert choose(counted(FILE, 4), "", None, former) is former


@pytest.mark.parametrize(
    ("file", "asked", "named", "known", "reason"),
    [
        (FILE, "", None, FORMER, "DOCUMENT_KNOWN"),
        (counted(FILE, 3), "", None, counted(FORMER, 3), "DOCUMENT_KNOWN"),
        (counted(FILE, 4), "", None, counted(FORMER, 3, "legal:6"), "DOCUMENT_KNOWN"),
        (counted(FILE, 2), "", None, counted(FORMER, 3), "OLDER_VERSION"),
        (counted(FILE, 2), "file-1", counted(FORMER, 3), None, "OLDER_VERSION"),
        (FILE, "file-9", None, FORMER, "REPLACED_UNKNOWN"),
        (FILE, "file-1", replace(FORMER, replaced_by="file-3"), None, "REPLACED_ALREADY"),
        (FILE, "file-1", replace(FORMER, day=date(2026, 10, 29)), None, "REPLACED_UNLIKE"),
        (FILE, "file-1", replace(FORMER, document_id="summary:1"), None, "REPLACED_UNLIKE"),
        (FILE, "file-1", FORMER, replace(FORMER, file_id="file-3"), "DOCUMENT_KNOWN"),
    ],
)
def test_what_is_no_correction_is_refused_by_name(
    file: StoredFile, asked: str, named: StoredFile | None, known: StoredFile | None, reason: str
) -> None:
    with pytest.raises(KawaseError) as refused:
        choose(file, asked, named, known)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("numbers", "series"),
    [
        ((12, 3), ("legal:3", 12)),
        ((12, None), ("", 0)),
        ((None, 3), ("", 0)),
    ],
)
def test_a_statement_says_which_sending_it_is(
    numbers: tuple[int | None, int | None], series: tuple[str, int]
) -> None:
    marks = "".join(
        f"<{name}>{number}</{name}>"
        for name, number in zip(("ElctrncSeqNb", "LglSeqNb"), numbers, strict=True)
        if number is not None
    )
    file = camt()
    data = file.data.replace(b"</Id><CreDtTm>", b"</Id>" + marks.encode() + b"<CreDtTm>", 1)
    assert data != file.data
    _, reading = read_file(data, PARTNERS["japan-bank"], file.name)
    kept = stored(reading, data)
    assert (kept.series, kept.series_number) == series
