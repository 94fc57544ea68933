"""A simulator's books: a small SQLite file, written before any answer goes out.

A record is a JSON object under a kind and a key, such as ("payment", "P1"). Beside the database is
a folder of the same name for the files the partner writes, and its own log.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Books:
    """Keeps records and files; `path` None keeps them in memory only."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._folder = None if path is None else path.with_suffix("")
        self._files: dict[str, bytes] = {}
        self._database = sqlite3.connect(str(path or ":memory:"), isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        # Survives the death of the process, which is all that a simulator goes through.
        self._database.execute("PRAGMA synchronous = NORMAL")
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

    def count(self, kind: str) -> int:
        """How many records of a kind there are."""
        row = self._database.execute("SELECT count(*) FROM records WHERE kind = ?", (kind,))
        return int(row.fetchone()[0])

    def write_file(self, name: str, content: bytes) -> None:
        """Keep a file; `name` may hold folders."""
        if self._folder is None:
            self._files[name] = content
            return
        path = self._folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def read_file(self, name: str) -> bytes | None:
        if self._folder is None:
            return self._files.get(name)
        path = (self._folder / name.lstrip("/")).resolve()
        is_ours = path.is_relative_to(self._folder.resolve())
        return path.read_bytes() if is_ours and path.is_file() else None

    def log(self, name: str, entry: Entry) -> None:
        """Append a line to a log of its own."""
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / f"{name}.jsonl").open("a") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._database.close()
