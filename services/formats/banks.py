"""Which Japanese banks and branches exist: the zengin-code data, read a bank at a time.

Importing `zengin_code` itself builds every one of its 29,000 branches (0.2 s, 20 MB); a file names
a few banks. So its data files are read here without importing it. A snapshot of the month it was
packaged in: a bank or branch it does not know may have opened since.
"""

import json
import re
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, Protocol

# A bank of many branches is 100 kB of names in memory.
_BANKS_KEPT = 64
_BANK = re.compile(r"[0-9]{4}")
_TEST_BANK = re.compile(r"99(?!00)[0-9]{2}")


class Name(NamedTuple):
    """What a bank or branch is called: as written, and in full-width katakana."""

    name: str
    kana: str


class Banks(Protocol):
    """Where a check looks up banks: the packaged list, or a partner's own."""

    def bank(self, bank_code: str) -> Name | None:
        """The bank of four digits, or None."""
        ...

    def branch(self, bank_code: str, branch_code: str) -> Name | None:
        """The branch of three digits of that bank, or None."""
        ...


class ZenginBanks:
    """The banks of the zengin-code package."""

    def bank(self, bank_code: str) -> Name | None:
        return _names("banks").get(bank_code)

    def branch(self, bank_code: str, branch_code: str) -> Name | None:
        if self.bank(bank_code) is None:
            return None
        return _branches(bank_code).get(branch_code)


def is_test_bank(bank_code: str) -> bool:
    """Codes 99xx are given to nobody, but for 9900, Japan Post Bank (facts.md §5.1)."""
    return _TEST_BANK.fullmatch(bank_code) is not None


@lru_cache(_BANKS_KEPT)
def _branches(bank_code: str) -> dict[str, Name]:
    return _read(f"branches/{bank_code}") if _BANK.fullmatch(bank_code) else {}


@cache
def _names(part: str) -> dict[str, Name]:
    return _read(part)


def _read(part: str) -> dict[str, Name]:
    path = _data() / f"{part}.json"
    if not path.exists():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))
    return {code: Name(row["name"], row["kana"]) for code, row in rows.items()}


@cache
def _data() -> Path:
    spec = find_spec("zengin_code")
    assert spec is not None, "zengin-code is a dependency"
    assert spec.origin is not None, "zengin-code is a package on disk"
    return Path(spec.origin).parent / "source-data" / "data"
