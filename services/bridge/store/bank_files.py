"""The tables of what goes to banks by file: mandates, records, files, results.

What comes here is sealed, and what is read has to be opened: see `partners/zengin_bank_seals`.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any

from services.bridge.partners.zengin_bank_rules import (
    BankFile,
    BankRecord,
    Closed,
    FileKind,
    FileState,
    RecordState,
)
from services.kit.postgres import Connection

Mandate = tuple[str, str, str, str, str]
"""Bank, branch, type, number, and the holder's name in kana."""


async def put_mandate(
    connection: Connection, partner_id: str, mandate_id: str, mandate: Mandate, sealed: bytes
) -> None:
    """Keep an account to draw from; one that is there stays as it is."""
    await connection.execute(_PUT_MANDATE, partner_id, mandate_id, *mandate, sealed)


async def get_mandate(
    connection: Connection, partner_id: str, mandate_id: str
) -> tuple[Mandate, bytes] | None:
    """What may be shown of the account, and the whole sealed."""
    row = await connection.fetchrow(_GET_MANDATE, partner_id, mandate_id)
    return None if row is None else ((row[0], row[1], row[2], row[3], row[4]), row[5])


async def put_record(connection: Connection, record: BankRecord) -> BankRecord:
    """The record under this id, new or as it stands."""
    await connection.execute(
        _PUT_RECORD,
        record.partner_id,
        record.item_id,
        record.kind,
        record.reference,
        record.bank_code,
        record.branch_code,
        record.account_type,
        record.account_number,
        record.holder_name,
        record.yen,
        record.create_time,
        record.send_date,
        record.value_date,
        record.state,
        record.sealed_account,
    )
    found = await get_record(connection, record.partner_id, record.item_id)
    assert found is not None, "it was put"
    return found


async def get_record(connection: Connection, partner_id: str, item_id: str) -> BankRecord | None:
    rows = await connection.fetch(_GET_RECORD, partner_id, item_id)
    return _record(rows[0]) if rows else None


async def withdraw_record(connection: Connection, partner_id: str, item_id: str) -> None:
    """Take a record that waits out of what is to be sent."""
    await connection.execute(_WITHDRAW, partner_id, item_id)


async def lock_waiting(
    connection: Connection, partner_id: str, closed: Closed, limit: int
) -> list[BankRecord]:
    """Records whose file is closed and that no other process gathers; those are passed over whose
    payout or charge somebody has ended meanwhile."""
    rows = await connection.fetch(
        _LOCK_WAITING, partner_id, closed.last, closed.since, closed.today, limit
    )
    return [_record(row) for row in rows]


async def lock_records(connection: Connection, partner_id: str, file_id: str) -> list[BankRecord]:
    """The records of a file, in their order."""
    return [_record(row) for row in await connection.fetch(_LOCK_RECORDS, partner_id, file_id)]


async def update_records(connection: Connection, records: Sequence[BankRecord]) -> None:
    """Write days, state, file and code; all are one partner's."""
    if not records:
        return
    await connection.execute(
        _UPDATE_RECORDS,
        records[0].partner_id,
        [each.item_id for each in records],
        [each.send_date for each in records],
        [each.value_date for each in records],
        [each.state.value for each in records],
        [each.file_id for each in records],
        [each.code for each in records],
    )


async def add_file(connection: Connection, file: BankFile) -> None:
    """Raises asyncpg's UniqueViolationError where the name is taken."""
    await connection.execute(_ADD_FILE, *(getattr(file, name) for name in _FILE_COLUMNS))


async def take_file(connection: Connection, partner_id: str, lease: timedelta) -> BankFile | None:
    """A file that may be sent now, taken for this process: from here on it may be at the bank."""
    row = await connection.fetchrow(_TAKE_FILE, partner_id, lease)
    return None if row is None else _file(row)


async def files_under_way(
    connection: Connection, partner_id: str, *, only_due: bool
) -> list[BankFile]:
    """Files the bank has not yet said yes or no to, without their bytes; `only_due`: those no
    process is sending now."""
    return [_file(row) for row in await connection.fetch(_UNDER_WAY, partner_id, only_due)]


async def lock_file(connection: Connection, partner_id: str, file_id: str) -> BankFile | None:
    """The file, without its bytes."""
    row = await connection.fetchrow(_LOCK_FILE, partner_id, file_id)
    return None if row is None else _file(row)


async def update_file(connection: Connection, file: BankFile, wait: timedelta) -> None:
    """Write where it stands; due again after `wait`."""
    await connection.execute(
        _UPDATE_FILE,
        file.partner_id,
        file.file_id,
        file.state,
        file.perhaps_sent,
        file.searches,
        file.bank_number,
        file.code,
        wait,
    )


async def first_open_day(connection: Connection, partner_id: str, last: date) -> date | None:
    """The oldest day of a file with something to be heard about since `last`."""
    found: date | None = await connection.fetchval(_FIRST_DAY, partner_id, last)
    return found


async def known_results(
    connection: Connection, partner_id: str, result_ids: Sequence[str]
) -> set[str]:
    rows = await connection.fetch(_KNOWN_RESULTS, partner_id, list(result_ids))
    return {row[0] for row in rows}


async def add_result(
    connection: Connection,
    partner_id: str,
    result_id: str,
    file_id: str,
    digest: str,
    now: datetime,
) -> bool:
    """Note that a result file is taken; whether it is new."""
    done = await connection.fetchval(_ADD_RESULT, partner_id, result_id, file_id, digest, now)
    return done is not None


async def known_deposits(
    connection: Connection, partner_id: str, account_id: str, references: Sequence[str]
) -> set[str]:
    rows = await connection.fetch(_KNOWN_DEPOSITS, partner_id, account_id, list(references))
    return {row[0] for row in rows}


def _record(row: Any) -> BankRecord:
    told = dict(row)
    yen = told.pop("amount_minor")
    state = told.pop("file_state", None)
    return BankRecord(
        **{
            **told,
            "kind": FileKind(told["kind"]),
            "state": RecordState(told["state"]),
            "yen": yen,
            "file_state": None if state is None else FileState(state),
        }
    )


_FILE_COLUMNS = tuple(field.name for field in fields(BankFile))


def _file(row: Any) -> BankFile:
    told = {name: row[name] for name in _FILE_COLUMNS}
    return BankFile(**{**told, "kind": FileKind(told["kind"]), "state": FileState(told["state"])})


_PUT_MANDATE = """
INSERT INTO bank_mandates (partner_id, mandate_id, bank_code, branch_code, account_type,
    account_number, holder_name, sealed_account)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
_GET_MANDATE = """
SELECT bank_code, branch_code, account_type, account_number, holder_name, sealed_account
FROM bank_mandates
WHERE partner_id = $1 AND mandate_id = $2
"""
_COLUMNS = """
    r.partner_id, r.item_id, r.kind, r.reference, r.bank_code, r.branch_code, r.account_type,
    r.account_number, r.holder_name, r.amount_minor, r.create_time, r.send_date, r.value_date,
    r.state, r.file_id, r.code, r.sealed_account
"""
# A second record under a reference is not passed over in silence: only the id may be there.
_PUT_RECORD = """
INSERT INTO bank_records (partner_id, item_id, kind, reference, bank_code, branch_code,
    account_type, account_number, holder_name, amount_minor, create_time, send_date, value_date,
    state, code, sealed_account)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '', $15)
ON CONFLICT (partner_id, item_id) DO NOTHING
"""
_GET_RECORD = f"""
SELECT {_COLUMNS}, f.state AS file_state FROM bank_records AS r
LEFT JOIN bank_files AS f USING (partner_id, file_id)
WHERE r.partner_id = $1 AND r.item_id = $2
"""  # noqa: S608
_WITHDRAW = """
UPDATE bank_records SET state = 6 WHERE partner_id = $1 AND item_id = $2 AND state = 1
"""
# 6 of a payout: rejected; 5 and 6 of a charge: rejected, cancelled.
_LOCK_WAITING = f"""
SELECT {_COLUMNS} FROM bank_records AS r WHERE r.partner_id = $1 AND r.state = 1
    AND (r.send_date <= $2 OR (r.create_time <= $3 AND r.send_date <= $4))
    AND NOT EXISTS (SELECT FROM payouts AS p WHERE p.payout_id = r.item_id AND p.state = 6)
    AND NOT EXISTS (
        SELECT FROM charges AS c WHERE c.charge_id = r.item_id AND c.state IN (5, 6))
ORDER BY r.send_date, r.item_id LIMIT $5 FOR UPDATE OF r SKIP LOCKED
"""  # noqa: S608
_LOCK_RECORDS = f"""
SELECT {_COLUMNS} FROM bank_records AS r WHERE r.partner_id = $1 AND r.file_id = $2
ORDER BY r.item_id FOR UPDATE OF r
"""  # noqa: S608
_UPDATE_RECORDS = """
UPDATE bank_records AS r SET send_date = n.send_date, value_date = n.value_date, state = n.state,
    file_id = n.file_id, code = n.code
FROM unnest($2::text[], $3::date[], $4::date[], $5::smallint[], $6::text[], $7::text[])
    AS n (item_id, send_date, value_date, state, file_id, code)
WHERE r.partner_id = $1 AND r.item_id = n.item_id
"""
_WITHOUT_BYTES = ", ".join(
    "''::bytea AS content" if name == "content" else name for name in _FILE_COLUMNS
)
_ADD_FILE = f"""
INSERT INTO bank_files ({", ".join(_FILE_COLUMNS)}, due_time)
VALUES ({", ".join(f"${place}" for place in range(1, len(_FILE_COLUMNS) + 1))}, now())
"""  # noqa: S608
_TAKE_FILE = """
UPDATE bank_files SET state = 2, due_time = now() + $2::interval
WHERE (partner_id, file_id) = (
    SELECT partner_id, file_id FROM bank_files
    WHERE partner_id = $1 AND state = 1 AND due_time <= now()
    ORDER BY due_time LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING *
"""
_UNDER_WAY = f"""
SELECT {_WITHOUT_BYTES} FROM bank_files
WHERE partner_id = $1 AND state BETWEEN 1 AND 3 AND (NOT $2 OR due_time <= now())
ORDER BY due_time
"""  # noqa: S608
_LOCK_FILE = f"""
SELECT {_WITHOUT_BYTES} FROM bank_files WHERE partner_id = $1 AND file_id = $2 FOR UPDATE
"""  # noqa: S608
_UPDATE_FILE = """
UPDATE bank_files SET state = $3, perhaps_sent = $4, searches = $5, bank_number = $6, code = $7,
    due_time = now() + $8::interval
WHERE partner_id = $1 AND file_id = $2
"""
_FIRST_DAY = """
SELECT min(send_date) FROM bank_files WHERE partner_id = $1 AND (state < 5 OR value_date >= $2)
"""
_KNOWN_RESULTS = """
SELECT result_id FROM bank_results WHERE partner_id = $1 AND result_id = ANY ($2::text[])
"""
_ADD_RESULT = """
INSERT INTO bank_results (partner_id, result_id, file_id, digest, take_time)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING result_id
"""
_KNOWN_DEPOSITS = """
SELECT entry_reference FROM deposits
WHERE partner_id = $1 AND account_id = $2 AND entry_reference = ANY ($3::text[])
"""
