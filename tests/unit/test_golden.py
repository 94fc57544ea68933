"""The golden data are what was copied: a test must not be made to pass by editing its vectors."""

import hashlib
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"


def test_the_golden_files_are_those_of_the_manifest() -> None:
    lines = (GOLDEN / "MANIFEST.sha256").read_text().splitlines()
    manifest = {name: digest for digest, name in (line.split() for line in lines)}
    there = {
        str(path.relative_to(GOLDEN)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in GOLDEN.rglob("*")
        if path.suffix in (".json", ".csv", ".xml")
    }

    assert there == manifest
