"""Seals what was stored before payees were sealed: agreements and payouts."""

import asyncpg

from services.kit.bank_accounts import payout_place, seal_account, shown
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox
from services.kit.sealing_rows import AccountTable, seal_rows
from services.kit.upkeep import Upkeep
from services.settlement.payouts.sealing import agreement_place

PORTION = 500
_AGREEMENTS = AccountTable("agreements", ("agreement_id",), "sealed_payee", agreement_place)


def payees_sealer(pool: asyncpg.Pool, box: SecretBox) -> Upkeep:
    """Looks for ever, so that it also finds what a process of before has stored late."""

    async def work(connection: Connection) -> int:
        sealed = await seal_rows(connection, box, _AGREEMENTS, PORTION)
        return sealed + await _seal_payouts(connection, box)

    return Upkeep(pool, "payees to seal", work)


async def _seal_payouts(connection: Connection, box: SecretBox) -> int:
    rows = await connection.fetch(_UNSEALED, PORTION)
    await connection.executemany(
        "UPDATE payouts SET sealed_payee = $2, payee = $3 WHERE payout_id = $1",
        [
            (payout_id, seal_account(box, payout_place(payout_id), payee), shown(payee))
            for payout_id, payee in map(tuple, rows)
        ],
    )
    return len(rows)


_UNSEALED = """
SELECT payout_id, payee FROM payouts WHERE sealed_payee = '' AND payee[4] <> ''
ORDER BY payout_id LIMIT $1 FOR UPDATE SKIP LOCKED
"""
