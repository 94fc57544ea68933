"""The samples, and reading of a whole statement file at once."""

from collections.abc import Iterable
from pathlib import Path

from services.formats.findings import Finding
from services.formats.iso20022.statements.model import Statement, StatementEnd, StatementEntry
from services.formats.iso20022.statements.reading import Item, read_statements

GOLDEN = Path(__file__).parents[3] / "golden"
SAMPLES = sorted((GOLDEN / "iso20022_samples").glob("*.xml"))
STATEMENTS = [path for path in SAMPLES if path.name.startswith("camt")]
MESSAGES = [path for path in SAMPLES if not path.name.startswith("camt")]


def name_of(path: Path) -> str:
    """`camt.053.001.08.xml` → `camt.053.001.08`."""
    return path.name.removesuffix(".xml")


def pieces(data: bytes, size: int) -> Iterable[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def items(data: bytes) -> list[Item]:
    return list(read_statements([data]))


def codes(found: Iterable[object]) -> list[str]:
    return [each.code for each in found if isinstance(each, Finding)]


def unplaced(found: Iterable[Item]) -> list[Item]:
    """Without the byte offsets, which differ between two spellings of the same."""
    return [
        each._replace(offset=None) if isinstance(each, StatementEntry) else each for each in found
    ]


def head(found: Iterable[Item]) -> Statement:
    return next(each for each in found if isinstance(each, Statement))


def end(found: Iterable[Item]) -> StatementEnd:
    return next(each for each in found if isinstance(each, StatementEnd))


def entries(found: Iterable[Item]) -> list[StatementEntry]:
    return [each for each in found if isinstance(each, StatementEntry)]
