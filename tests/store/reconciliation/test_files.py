"""Files taken in: the same once, a damaged one not at all, and each as it came."""

import asyncio
import zlib
from typing import Any

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.reconciliation.files.importing import (
    FileDamaged,
    FileEmpty,
    FormatNotExpected,
)
from services.reconciliation.files.spool import FileTooLarge, Spool
from services.reconciliation.files.store import bytes_sealer, list_files, read_bytes
from services.reconciliation.partners import PartnerUnknown
from services.reconciliation.replacing.choosing import DocumentKnown
from services.sandbox.partners.ams_report import Report
from services.sandbox.partners.days import Line
from tests.conftest import Database
from tests.parts import PAYEE_BOX, text_of
from tests.store.reconciliation.importing import NEXT_DAY, PARTNERS, bring, reconciliation
from tests.unit.reconciliation.files.reading import DAY

PARTNER = "shanghai-ams"
TABLES = ("files", "file_totals", "file_bytes", "their_rows", "our_rows")


def report(*minors: int) -> tuple[str, bytes, bytes]:
    """The name and content of a day's details, and its summary."""
    fields = {"transaction_id": "T1", "merchant_id": "M1"}
    now = ManualClock(NEXT_DAY).now()
    lines = [
        Line(f"pay-{number}", "PAYMENT", minor, "CNY", now, 6, fields)
        for number, minor in enumerate(minors)
    ]
    files = Report("KAWASE0001", "Alipay+", "kawase", "CNY").files(DAY, lines)
    (items,) = [name for name in files if "Items" in name]
    (summary,) = [name for name in files if "Summary" in name]
    return items.rpartition("/")[2], files[items], files[summary]


async def counts(pool: asyncpg.Pool) -> dict[str, int]:
    found = {}
    for table in TABLES:
        found[table] = await pool.fetchval(f"SELECT count(*) FROM {table}")
    return found


async def test_a_file_is_kept_with_its_rows_and_its_bytes(database: Database) -> None:
    name, data, _ = report(1_000, 2_000)
    async with reconciliation(database) as pool:
        done = await bring(pool, PARTNER, name, data)
        assert (done.repeated, done.file.day, done.file.row_count) == (False, DAY, 2)
        assert done.file.totals == (("CNY", 3_000),)
        async with pool.acquire() as connection:
            read = read_bytes(connection, PAYEE_BOX, done.file.file_id)
            kept = b"".join([part async for part in read])
            (listed,) = await list_files(connection, PARTNER, DAY, "", 10)
        rows = await pool.fetch("SELECT record, file_id, minor FROM their_rows ORDER BY record")
        stored = await pool.fetch("SELECT data FROM file_bytes")
    assert kept == data
    assert not any(data[:20] in text_of(piece).encode() for (piece,) in stored)
    assert listed == done.file
    assert [tuple(row) for row in rows] == [
        (2, done.file.file_id, 1_000),
        (3, done.file.file_id, 2_000),
    ]


async def test_the_same_file_again_changes_nothing(database: Database) -> None:
    name, data, _ = report(1_000)
    async with reconciliation(database) as pool:
        tries = await asyncio.gather(*(bring(pool, PARTNER, name, data) for _ in range(4)))
        assert sorted(each.repeated for each in tries) == [False, True, True, True]
        assert len({each.file for each in tries}) == 1
        assert (await counts(pool))["their_rows"] == 1


async def test_a_damaged_file_leaves_nothing(database: Database) -> None:
    name, data, _ = report(*range(1_000, 3_000))
    async with reconciliation(database) as pool:
        with pytest.raises(FileDamaged) as refused:
            await bring(pool, PARTNER, name, data.removesuffix(b"<END>\n"))
        assert refused.value.metadata["code"] == "end-missing"
        assert set((await counts(pool)).values()) == {0}


async def test_a_document_of_a_day_comes_once_whatever_its_bytes(database: Database) -> None:
    async with reconciliation(database) as pool:
        name, data, _ = report(1_000)
        first = await bring(pool, PARTNER, name, data)
        _, other, _ = report(1_000, 2_000)
        with pytest.raises(DocumentKnown) as refused:
            await bring(pool, PARTNER, name, other)
        assert refused.value.metadata == {"file_id": first.file.file_id}
        assert (await counts(pool))["their_rows"] == 1


async def test_a_summary_writes_what_the_bank_is_to_bring(database: Database) -> None:
    settled = {"settled_by": "japan-bank", "settled_currency": "CNY"}
    partners = {**PARTNERS, PARTNER: PARTNERS[PARTNER].model_copy(update=settled)}
    _, _, summary = report(1_000, 2_000)
    async with reconciliation(database) as pool:
        done = await bring(pool, PARTNER, "summary_000.csv", summary, partners=partners)
        (row,) = await pool.fetch("SELECT partner_id, kind, minor, file_id FROM our_rows")
    assert tuple(row) == ("japan-bank", "credit", 2_988, done.file.file_id)


@pytest.mark.parametrize(
    ("partner", "data", "why"),
    [
        ("nobody", b"x", PartnerUnknown),
        (PARTNER, b"", FileEmpty),
        ("paypay", report(1_000)[1], FormatNotExpected),
    ],
)
async def test_what_cannot_be_a_partners_file_is_refused_by_name(
    database: Database, partner: str, data: bytes, why: Any
) -> None:
    async with reconciliation(database) as pool:
        with pytest.raises(why):
            await bring(pool, partner, "file.csv", data)
        assert set((await counts(pool)).values()) == {0}


def test_a_file_over_the_limit_is_not_kept() -> None:
    with Spool(10, PAYEE_BOX) as spool:
        spool.add(b"0123456789")
        with pytest.raises(FileTooLarge):
            spool.add(b"x")


async def test_a_file_from_before_is_read_and_sealed_where_it_lies(database: Database) -> None:
    name, data, _ = report(1_000)
    async with reconciliation(database) as pool:
        done = await bring(pool, PARTNER, name, data)
        await pool.execute("UPDATE file_bytes SET sealed = false, data = $1", zlib.compress(data))
        sealer = bytes_sealer(pool, PAYEE_BOX)
        for sealed in (1, 0):
            async with pool.acquire() as connection:
                read = read_bytes(connection, PAYEE_BOX, done.file.file_id)
                assert b"".join([part async for part in read]) == data
            assert await sealer.step() == sealed
        assert await pool.fetchval("SELECT bool_and(sealed) FROM file_bytes")
