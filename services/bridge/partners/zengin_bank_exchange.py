"""How files travel to and from a bank: an upload, a list of what it received, a box of what it has.

No corporate channel (EB/FB over the bank's own lines or HTTPS) was found documented in public
(facts.md §5, §9). This is modelled on plain HTTPS folders, with the sequence numbers of MUFG's
corporate API as file names and the digest of RFC 9530:

    POST upload/{21|91|pain001}   X-File-Name, Content-Digest → 201 {"receptionNumber"}
    GET  received?from=           {"files": [{"name", "digest", "state", "receptionNumber",
                                  "code"}], "next"}: next is asked for with after=; empty: all
    GET  box?from=&kind=          {"files": [{"id", "kind", "day", "name", "digest", "size"}],
                                  "next"}
    GET  box/{id}                 its bytes
    POST box/{id}/again           asks the bank to put it there anew

The bank takes a name with the same bytes once: its check of double delivery (二重伝送). Real ones
check so; by what exactly differs from bank to bank.
"""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from services.bridge.partners.http import NoAnswer, PartnerHttp, Reply
from services.bridge.partners.zengin_bank_rules import BankFile, Receipt

ROOT = "files/v1"
OK, CREATED, NOT_FOUND = 200, 201, 404
REFUSED_AT_THE_DOOR = frozenset({401, 403, 429})
"""Nothing behind the door has seen the file."""
UNTAKEN = frozenset({"DIGEST_DIFFERS", "OUT_OF_SERVICE_HOURS"})
"""The bank's own words for an upload it has not kept."""
LARGE_BYTES = 32 * 1024 * 1024
MOST_PAGES = 100


class Upload(Enum):
    """What an upload came to, where there was an answer."""

    TAKEN = "taken"
    NOT_TAKEN = "not taken"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class BoxFile:
    """A file the bank has for us. `name`: of our file it answers; empty for others."""

    box_id: str
    kind: str
    day: date
    name: str
    digest: str
    size: int


class FileDamaged(Exception):
    """What came down is not what the bank's list says."""


class FileExchange:
    """Asks with our token. Raises `NotSent` and `NoAnswer` as `PartnerHttp` does, `NoAnswer` also
    for an answer that lacks a part. Time limits are the caller's."""

    def __init__(self, http: PartnerHttp, token: str) -> None:
        self.http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    async def upload(self, file: BankFile, folder: str) -> tuple[Upload, str]:
        """Send a file; with what the bank calls it, or why it did not take it."""
        digest = base64.b64encode(bytes.fromhex(file.digest)).decode()
        headers = {
            **self._headers,
            "Content-Type": "application/octet-stream",
            "Content-Digest": f"sha-256=:{digest}:",
            "X-File-Name": file.file_id,
        }
        reply = await self.http.post(f"{ROOT}/upload/{folder}", file.content, headers)
        if reply.status in REFUSED_AT_THE_DOOR:
            return Upload.NOT_TAKEN, f"status {reply.status}"
        fields = reply.json()
        if reply.status == CREATED:
            return Upload.TAKEN, str(fields.get("receptionNumber", ""))
        code = str(fields.get("errorCode", ""))
        return (Upload.NOT_TAKEN if code in UNTAKEN else Upload.UNCLEAR), code

    async def received(self, first: date) -> list[Receipt]:
        """What the bank says it received since a day, oldest first."""
        return [
            Receipt(
                str(each["name"]),
                str(each["digest"]),
                str(each["state"]),
                str(each["receptionNumber"]),
                str(each.get("code", "")),
            )
            for each in await self._list("received", {"from": first.isoformat()})
        ]

    async def box(self, kinds: str, first: date) -> list[BoxFile]:
        """What the bank has for us since a day; `kinds` joined by commas."""
        try:
            return [
                BoxFile(
                    str(each["id"]),
                    str(each["kind"]),
                    date.fromisoformat(each["day"]),
                    str(each.get("name", "")),
                    str(each["digest"]),
                    int(each["size"]),
                )
                for each in await self._list("box", {"from": first.isoformat(), "kind": kinds})
            ]
        except (TypeError, ValueError) as error:
            raise NoAnswer(f"a list that is not understood: {error!r}") from error

    async def fetch(self, file: BoxFile) -> bytes:
        """The file whole. Raises `FileDamaged` where it is cut short or another."""
        status, chunks = await self.open(file.box_id)
        if status != OK:
            raise NoAnswer(f"status {status} for a file of the box")
        content = b""
        async for chunk in chunks:
            content += chunk
            if len(content) > LARGE_BYTES:
                raise FileDamaged(f"it is longer than {LARGE_BYTES} bytes")
        if len(content) != file.size:
            raise FileDamaged(f"it has {len(content)} bytes, the list says {file.size}")
        if hashlib.sha256(content).hexdigest() != file.digest:
            raise FileDamaged("its digest is not the one of the list")
        return content

    async def open(self, box_id: str) -> tuple[int, AsyncIterator[bytes]]:
        return await self.http.download(f"{ROOT}/box/{box_id}", {}, self._headers)

    async def ask_again(self, file: BoxFile) -> None:
        """Have the bank make the file anew."""
        await self.http.post(f"{ROOT}/box/{file.box_id}/again", b"", self._headers)

    async def _list(self, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page: dict[str, str] = {}
        try:
            for _ in range(MOST_PAGES):
                told = _read(await self.http.get(f"{ROOT}/{path}", query | page, self._headers))
                found += told["files"]
                if not told.get("next"):
                    return found
                page = {"after": str(told["next"])}
        except (KeyError, TypeError) as error:
            raise NoAnswer(f"a list that lacks {error}") from error
        raise NoAnswer(f"a list of more than {MOST_PAGES} pages")


def _read(reply: Reply) -> dict[str, Any]:
    if reply.status != OK:
        raise NoAnswer(f"status {reply.status} for a list")
    return reply.json()
