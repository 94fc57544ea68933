"""The box of the simulated bank by file: what it has for its client to come and fetch."""

import hashlib
from datetime import date
from typing import Any

from services.sandbox.partners.books import Books
from services.sandbox.partners.days import Days
from services.sandbox.partners.file_bank_records import notices

NOTICE, STATEMENT = "01", "03"
_KIND, _DEPOSIT, _NOTICED = "box", "deposit", "noticed"

Fields = dict[str, Any]


class BankBox:
    """Files by id; an id stays, also where the bank makes its file anew."""

    def __init__(self, books: Books, days: Days) -> None:
        self._books = books
        self._days = days

    def put(self, kind: str, day: str, content: bytes, name: str = "", right: bytes = b"") -> None:
        """Lay a file into the box. `right`: what it is when it is asked for again."""
        box_id = f"{kind}-{day.replace('-', '')}-{self._books.count(_KIND) + 1:06d}"
        self._store({"id": box_id, "kind": kind, "day": day, "name": name}, content)
        self._books.write_file(f"{_path(box_id)}.right", right or content)

    def _store(self, entry: Fields, content: bytes) -> None:
        digest = hashlib.sha256(content).hexdigest()
        told = {**entry, "digest": digest, "size": len(content)}
        self._books.put(_KIND, entry["id"], told)
        self._books.write_file(_path(entry["id"]), content)

    def again(self, box_id: str) -> bool:
        """Make a file anew; whether there is one."""
        entry = self._books.get(_KIND, box_id)
        right = self._books.read_file(f"{_path(box_id)}.right")
        if entry is None or right is None:
            return False
        self._store(entry, right)
        return True

    def name_of(self, box_id: str) -> str:
        """The client's file that a file of the box is about; empty where it is about none."""
        entry = self._books.get(_KIND, box_id)
        return "" if entry is None else str(entry["name"])

    def read(self, box_id: str) -> bytes | None:
        entry = self._books.get(_KIND, box_id)
        return None if entry is None else self._books.read_file(_path(box_id))

    def listed(self, kinds: list[str], first: str) -> list[Fields]:
        """The files of these kinds since a day, oldest first."""
        found = [entry for _, entry in self._books.all(_KIND)]
        return [each for each in found if each["kind"] in kinds and each["day"] >= first]

    def add_deposit(self, day: date, fields: Fields) -> Fields:
        """Note what came in, for the next file of notices."""
        number = self._books.count(_DEPOSIT) + 1
        deposit = {
            "number": int(fields.get("number", number)),
            "day": day.isoformat(),
            "yen": int(fields["yen"]),
            "payer": fields.get("payer", ""),
            "text": fields.get("text", ""),
            "cancelled": bool(fields.get("cancelled", False)),
        }
        self._books.put(_DEPOSIT, f"{number:08d}", deposit)
        return deposit

    def write_notices(self, wrong: bool) -> None:
        """A file of notices for each day with deposits that are in none."""
        noticed = self._books.get(_NOTICED, "count") or {"count": 0}
        deposits = [entry for _, entry in self._books.all(_DEPOSIT)]
        fresh = deposits[noticed["count"] :]
        for day in sorted({each["day"] for each in fresh}):
            of_day = [each for each in fresh if each["day"] == day]
            right = notices(date.fromisoformat(day), of_day)
            shown = notices(date.fromisoformat(day), of_day, wrong=True) if wrong else right
            self.put(NOTICE, day, shown, right=right)
        self._books.put(_NOTICED, "count", {"count": len(deposits)})

    def write_statements(self, days: list[date]) -> None:
        """The statement of each day that is over, or was closed by control, once."""
        known = {entry["day"] for _, entry in self._books.all(_KIND) if entry["kind"] == STATEMENT}
        for day in days:
            content = self._days.read(day, f"statement-{day}.txt")
            if content is not None and day.isoformat() not in known:
                self.put(STATEMENT, day.isoformat(), content)


def _path(box_id: str) -> str:
    return f"box/{box_id}"
