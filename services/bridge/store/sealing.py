"""Seals what was stored in plain before: payouts, what banks have by file, payers of deposits."""

import asyncpg

from services.bridge.notices.deposits import deposit_place
from services.bridge.partners.zengin_bank_seals import file_place, mandate_place, record_place
from services.kit.bank_accounts import payout_place, seal_reference
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox
from services.kit.sealing_rows import AccountTable, seal_rows
from services.kit.upkeep import Upkeep

PORTION = 500
FILES_PORTION = 5

_TABLES = (
    AccountTable("payouts", ("payout_id",), "sealed_payee", payout_place),
    AccountTable("bank_mandates", ("partner_id", "mandate_id"), "sealed_account", mandate_place),
    AccountTable("bank_records", ("partner_id", "item_id"), "sealed_account", record_place),
)


def accounts_sealer(pool: asyncpg.Pool, box: SecretBox) -> Upkeep:
    """Looks for ever, so that it also finds what a process of before has stored late."""

    async def work(connection: Connection) -> int:
        sealed = [await seal_rows(connection, box, table, PORTION) for table in _TABLES]
        sealed += [await _seal_files(connection, box), await _seal_deposits(connection, box)]
        return sum(sealed)

    return Upkeep(pool, "accounts to seal", work)


async def _seal_files(connection: Connection, box: SecretBox) -> int:
    rows = await connection.fetch(_UNSEALED_FILES, FILES_PORTION)
    await connection.executemany(
        "UPDATE bank_files SET content = $3, sealed = true WHERE partner_id = $1 AND file_id = $2",
        [
            (partner_id, file_id, box.seal_for(file_place(partner_id, file_id), content))
            for partner_id, file_id, content in map(tuple, rows)
        ],
    )
    return len(rows)


async def _seal_deposits(connection: Connection, box: SecretBox) -> int:
    rows = await connection.fetch(_UNSEALED_DEPOSITS, PORTION)
    await connection.executemany(
        "UPDATE deposits SET payer_name = $4 "
        "WHERE partner_id = $1 AND account_id = $2 AND entry_reference = $3",
        [(*key, seal_reference(box, deposit_place(*key), name)) for *key, name in map(tuple, rows)],
    )
    return len(rows)


_UNSEALED_DEPOSITS = """
SELECT partner_id, account_id, entry_reference, payer_name FROM deposits
WHERE NOT starts_with(payer_name, 'sealed:')
ORDER BY partner_id, account_id, entry_reference LIMIT $1 FOR UPDATE SKIP LOCKED
"""
# One that is being sent now is in memory as it was; what is sent later is opened.
_UNSEALED_FILES = """
SELECT partner_id, file_id, content FROM bank_files WHERE NOT sealed
ORDER BY partner_id, file_id LIMIT $1 FOR UPDATE SKIP LOCKED
"""
