"""Files over gRPC: decode, import, encode."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from services.core.clock import Clock
from services.core.errors import Malformed
from services.kit.rpc import answers
from services.kit.sealing import SecretBox
from services.pb.kawase.money.v1.money_pb2 import Money
from services.pb.kawase.reconciliation.v1 import file_service_pb2 as pb
from services.pb.kawase.reconciliation.v1 import file_service_pb2_grpc
from services.reconciliation.files import store
from services.reconciliation.files.importing import import_file
from services.reconciliation.files.model import CHUNK_BYTES, Ask, StoredFile
from services.reconciliation.files.spool import Spool
from services.reconciliation.files.watching import Watch
from services.reconciliation.partners import Format, Partners, partner_named

NAME = "kawase.reconciliation.v1.FileService"
PAGE_SIZE = 50
PAGE_LIMIT = 500
TEXT_LIMIT = 200


class ImportMalformed(Malformed):
    """A call to import lacks its header, or a part of it has a wrong shape."""


class FileServer(file_service_pb2_grpc.FileServiceServicer):
    """Takes files in. `limit`: bytes of the largest; `box` seals them; `work`: where they
    wait."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: Clock,
        partners: Partners,
        limit: int,
        box: SecretBox,
        work: Path | None = None,
        wanted: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._partners = partners
        self._limit = limit
        self._box = box
        self._work = work
        self.watch = Watch(pool, clock, partners, wanted or {})

    @answers
    async def ImportFile(
        self, requests: AsyncIterator[pb.ImportFileRequest], _context: Any
    ) -> pb.ImportFileResponse:
        ask: Ask | None = None
        with Spool(self._limit, self._box, self._work) as spool:
            async for request in requests:
                if ask is None:
                    ask = read_ask(request)
                    partner_named(self._partners, ask.partner_id)
                if len(request.data) > CHUNK_BYTES:
                    message = f"A message carries at most {CHUNK_BYTES} bytes of a file."
                    raise ImportMalformed(message, field="data")
                spool.add(request.data)
            if ask is None:
                raise ImportMalformed("Nothing was sent.", field="header")
            done = await import_file(self._pool, self._clock, self._partners, ask, spool)
        return pb.ImportFileResponse(file=file_message(done.file), repeated_import=done.repeated)

    @answers
    async def ListFiles(self, request: pb.ListFilesRequest, _context: Any) -> pb.ListFilesResponse:
        """The latest first."""
        size = min(request.page_size, PAGE_LIMIT) if request.page_size > 0 else PAGE_SIZE
        day = _day(request.day)
        after = _checked(request.page_token, "page_token")
        partner_id = _checked(request.partner_id, "partner_id")
        async with self._pool.acquire() as connection:
            found = await store.list_files(connection, partner_id, day, after, size + 1)
        shown = found[:size]
        token = shown[-1].file_id if len(found) > size else ""
        return pb.ListFilesResponse(
            files=[file_message(file) for file in shown], next_page_token=token
        )

    @answers
    async def ListOverdueFiles(
        self, request: pb.ListOverdueFilesRequest, _context: Any
    ) -> pb.ListOverdueFilesResponse:
        """By partner and day."""
        answer = pb.ListOverdueFilesResponse()
        for late in await self.watch.overdue():
            if request.partner_id in ("", late.partner_id):
                told = answer.files.add(
                    partner_id=late.partner_id, day=late.day.isoformat(), formats=late.formats
                )
                told.due_time.FromDatetime(late.due_time)
        return answer


def read_ask(request: pb.ImportFileRequest) -> Ask:
    """What the first message says of the file. Raises `ImportMalformed`."""
    if not request.HasField("header"):
        raise ImportMalformed("The first message has to carry the header.", field="header")
    header = request.header
    if not header.operator:
        raise ImportMalformed("Who brings the file has to be named.", field="operator")
    return Ask(
        _checked(header.file_name, "file_name"),
        _format(header.format),
        _checked(header.partner_id, "partner_id"),
        _checked(header.operator, "operator"),
        _day(header.day),
        _checked(header.replaces, "replaces"),
    )


def _checked(text: str, field: str) -> str:
    if len(text) > TEXT_LIMIT or "\0" in text:
        message = f"{field} has at most {TEXT_LIMIT} characters, none of them zero."
        raise ImportMalformed(message, field=field)
    return text


def _format(text: str) -> Format | None:
    try:
        return Format(text) if text else None
    except ValueError as error:
        message = f"format is one of {', '.join(Format)}, or empty."
        raise ImportMalformed(message, field="format") from error


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ImportMalformed("day is YYYY-MM-DD.", field="day") from error


def file_message(file: StoredFile) -> pb.File:
    """A file as callers see it."""
    message = pb.File(
        file_id=file.file_id,
        file_name=file.file_name,
        format=file.format,
        partner_id=file.partner_id,
        day=file.day.isoformat(),
        digest=file.digest.hex(),
        byte_count=file.byte_count,
        row_count=file.row_count,
        totals=[Money(currency_code=code, minor_units=minor) for code, minor in file.totals],
        operator=file.operator,
        document_id=file.document_id,
        replaces=file.replaces,
        replaced_by=file.replaced_by,
    )
    message.import_time.FromDatetime(file.import_time)
    return message
