"""A simulator's books: a small SQLite file, written before any answer goes out.

A record is a JSON object under a kind and a key, such as ("payment", "P1").
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Books:
    """Keeps records; `path` None keeps them in memory only."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(str(path or ":memory:"), isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS records ("
            " kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key))"
        )

    def get(self, kind: str, key: str) -> Entry | None:
        row = self._database.execute(
            "SELECT body FROM records WHERE kind = ? AND key = ?", (kind, key)
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, kind: str, key: str, entry: Entry) -> None:
        self._database.execute(
            "INSERT INTO records (kind, key, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
            (kind, key, json.dumps(entry, ensure_ascii=False)),
        )

    def all(self, kind: str) -> Iterator[tuple[str, Entry]]:
        rows = self._database.execute(
            "SELECT key, body FROM records WHERE kind = ? ORDER BY rowid", (kind,)
        )
        for key, body in rows:
            yield key, json.loads(body)

    def close(self) -> None:
        self._database.close()
