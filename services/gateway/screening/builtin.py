"""The built-in screening: a list in a file, read again whenever the file changes.

At start a list that is configured but cannot be read stops the process: it would pass what it
should refuse. Later a broken or missing file leaves the last good list in force, and the log says
so each time the file changes and is still wrong.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog

from services.gateway.screening import Screener, Subject, Verdict
from services.gateway.screening.deciding import ScreeningList, decide
from services.gateway.screening.listing import ScreeningListWrong, read_list
from services.gateway.screening.store import Counts, Payer, count_passed, lock_payers
from services.kit.postgres import Connection

log = structlog.get_logger()

LOOK_SECONDS = 1.0

_Stamp = tuple[int, int, int] | None


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class FileScreening:
    """Screens by the list in force, `listed`."""

    def __init__(self, path: Path, listed: ScreeningList, stamp: _Stamp = None) -> None:
        self._path = path
        self._stamp = stamp
        self.listed = listed

    @classmethod
    async def open(cls, path: Path) -> "FileScreening":
        """Read the list for the first time. Raises `ScreeningListWrong`."""
        stamp = await asyncio.to_thread(_stamp, path)
        listed = await asyncio.to_thread(read_list, path)
        _tell(path, listed)
        return cls(path, listed, stamp)

    async def run(self) -> None:
        """Follow the file for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Read the list again if its file has changed; a wrong one changes nothing."""
        # Before the file is read: what is written meanwhile is seen by the next look.
        stamp = await asyncio.to_thread(_stamp, self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            listed = await asyncio.to_thread(read_list, self._path)
        except ScreeningListWrong as error:
            log.error(
                "screening_list_refused", problem=str(error), digest_in_force=self.listed.digest
            )
            return
        if listed.digest != self.listed.digest:
            _tell(self._path, listed)
        self.listed = listed

    async def begin(
        self, connection: Connection, subjects: Sequence[Subject], now: datetime
    ) -> Screener | None:
        """Counts payers only where a velocity rule asks for it."""
        listed = self.listed
        payers = {_payer(one) for one in subjects if listed.velocities_of(one.participant_id)}
        counts: Counts = {}
        if payers:
            await lock_payers(connection, payers)
            since = {rule.window: now - rule.window for rule in listed.velocities}
            most = max(rule.payments for rule in listed.velocities)
            counts = await count_passed(connection, payers, since, most)
        return _Screener(listed, counts)


def _payer(subject: Subject) -> Payer:
    return subject.participant_id, subject.payer_id


def _tell(path: Path, listed: ScreeningList) -> None:
    log.info(
        "screening_list_read",
        path=str(path),
        digest=listed.digest,
        payers=len(listed.payers),
        merchants=len(listed.merchants),
        names=len(listed.names),
        rules=len(listed.velocities) + len(listed.amounts),
    )


class _Screener:
    """One batch under one list."""

    def __init__(self, listed: ScreeningList, counts: Counts) -> None:
        self._listed = listed
        self._counts = counts

    @property
    def digest(self) -> str:
        return self._listed.digest

    def decide(self, subject: Subject) -> Verdict:
        payer = _payer(subject)
        windows = {rule.window for rule in self._listed.velocities_of(subject.participant_id)}
        passed = {window: self._counts.get((payer, window), 0) for window in windows}
        verdict = decide(self._listed, subject, passed)
        if not verdict.refused:
            for window in windows:
                self._counts[payer, window] = passed[window] + 1
        return verdict
