"""The types behind the checks agree with the golden element tables."""

import csv
import re
from pathlib import Path

import pytest

from services.formats.iso20022.documents.facets import Facets
from services.formats.iso20022.documents.schema import namespace_of, spec_at
from tests.unit.formats.iso20022.samples import GOLDEN

TABLES = sorted(GOLDEN.glob("iso20022_*.csv"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def number(name: str, facets: str) -> int | None:
    found = re.search(rf"{name}=(\d+)", facets)
    return int(found[1]) if found else None


def agree(facets: Facets, said: str) -> bool:
    enum = re.search(r"enum=([A-Za-z0-9|]+)", said)
    values = frozenset(enum[1].split("|")) if enum else None
    pattern = re.search(r"pattern=(.*)\)$", said)
    return (
        facets.max_length == number("maxLength", said)
        and facets.total_digits == number("totalDigits", said)
        and facets.fraction_digits == number("fractionDigits", said)
        and facets.values == values
        and (facets.pattern is None or pattern is None or facets.pattern == pattern[1])
    )


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_occurrences_and_facets_are_those_of_the_table(path: Path) -> None:
    wrong = []
    for row in rows(path):
        *way, name = row["path"].split("/")
        parent = spec_at(row["message"], *way)
        child = parent.children[namespace_of(row["message"]) + name]
        least = 0 if parent.choice else int(row["min"])
        most = None if row["max"] == "unbounded" else int(row["max"])
        if (child.least, child.most) != (least, most):
            wrong.append(row)
        said = row["type_and_facets"]
        leaf = child.spec.text
        if ("(" in said) != (leaf is not None) or (leaf is not None and not agree(leaf, said)):
            wrong.append(row)

    assert wrong == []


def test_every_message_has_a_table_of_its_own() -> None:
    assert len(TABLES) == 8
