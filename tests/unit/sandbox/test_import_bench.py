"""The files a bench imports are such as are taken in whole."""

import pytest

from services.sandbox.bench.importing.files import FILES, PAGE_ENTRIES
from tests.unit.reconciliation.files.reading import PARTNERS, read_file

# One more than stands in one page, and in one piece of XML.
ROWS = PAGE_ENTRIES + 1


@pytest.mark.parametrize("format_", list(FILES))
def test_a_file_of_any_number_of_rows_is_read_whole(format_: str) -> None:
    file = FILES[format_](ROWS)
    rows, _ = read_file(file.data, PARTNERS[file.partner_id], file.name)
    assert len(rows) == ROWS
