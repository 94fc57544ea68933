"""SQL of shops and their versions. Whoever changes one holds `reference.store.lock_changes`."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from services.gateway.acquiring.merchants.accounts import stored
from services.gateway.acquiring.merchants.model import Content, Finding, State, Version
from services.kit.postgres import Connection

_CONTENT = [field.name for field in fields(Content)]
_CONTENT_VALUES = attrgetter(*_CONTENT)
_REST = """v.acquirer_id, v.version, v.state, v.findings, v.key_id, v.maker_id, v.propose_time,
    v.fee_plan_expire_time, v.fee_plan_after_id, v.reason, v.decider_id, v.decide_time,
    coalesce(v.sealed_payee, ''::bytea), v.account_effective_time"""
_COLUMNS = ", ".join(f"v.{name}" for name in _CONTENT) + f", {_REST}"


def _version(row: Sequence[Any]) -> Version:
    """From a row of `_COLUMNS`."""
    size = len(_CONTENT)
    acquirer_id, number, state, findings, *rest = tuple(row)[size:]
    return Version(
        Content(*tuple(row)[:size]),
        acquirer_id,
        number,
        State(state),
        tuple(Finding(finding) for finding in findings),
        *rest,
    )


async def read_versions(connection: Connection, merchant_id: str) -> list[Version]:
    """What matters of a shop, the latest first: what is in force, what waits, what came last."""
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM merchant_versions AS v
        WHERE v.merchant_id = $1 AND (
            v.state IN ('pending', 'approved') OR v.version = (
                SELECT max(version) FROM merchant_versions WHERE merchant_id = $1
            )
        )
        ORDER BY v.version DESC
        """,  # noqa: S608
        merchant_id,
    )
    return [_version(row) for row in rows]


async def list_ids(
    connection: Connection, acquirer_id: str, after: str, limit: int, *, pending_only: bool
) -> list[str]:
    """A page of ids, those of shops that the operator has put itself among them.

    Of every acquirer where `acquirer_id` is empty.
    """
    rows = await connection.fetch(
        """
        SELECT merchant_id FROM merchant_versions
        WHERE ($1 = '' OR acquirer_id = $1) AND merchant_id > $2
            AND (NOT $4 OR state = 'pending')
        UNION
        SELECT merchant_id COLLATE "C" FROM merchants
        WHERE ($1 = '' OR acquirer_id = $1) AND merchant_id COLLATE "C" > $2 AND NOT $4
        ORDER BY 1 LIMIT $3
        """,
        acquirer_id,
        after,
        limit,
        pending_only,
    )
    return [row[0] for row in rows]


async def read_latest(connection: Connection, merchant_ids: Sequence[str]) -> dict[str, Version]:
    """The latest version of each, by id."""
    rows = await connection.fetch(
        f"""
        SELECT DISTINCT ON (v.merchant_id) {_COLUMNS} FROM merchant_versions AS v
        WHERE v.merchant_id = ANY ($1::text[]) ORDER BY v.merchant_id, v.version DESC
        """,  # noqa: S608
        merchant_ids,
    )
    versions = [_version(row) for row in rows]
    return {version.content.merchant_id: version for version in versions}


_KEPT = [*_CONTENT, "acquirer_id", "version", "state", "findings", "key_id", "maker_id",
    "propose_time", "fee_plan_expire_time", "fee_plan_after_id", "reason", "decider_id",
    "decide_time", "sealed_payee", "account_effective_time"]  # fmt: skip
_PUT = f"""
INSERT INTO merchant_versions ({", ".join(_KEPT)})
VALUES ({", ".join(f"${number}" for number in range(1, len(_KEPT) + 1))})
ON CONFLICT (merchant_id, version) DO UPDATE SET state = EXCLUDED.state,
    fee_plan_id = EXCLUDED.fee_plan_id, fee_plan_expire_time = EXCLUDED.fee_plan_expire_time,
    fee_plan_after_id = EXCLUDED.fee_plan_after_id, reason = EXCLUDED.reason,
    decider_id = EXCLUDED.decider_id, decide_time = EXCLUDED.decide_time,
    sealed_payee = EXCLUDED.sealed_payee, account_number = EXCLUDED.account_number,
    holder_name = EXCLUDED.holder_name,
    account_effective_time = EXCLUDED.account_effective_time
"""  # noqa: S608


async def put_version(connection: Connection, version: Version) -> None:
    """Insert a version or its decision; one whose place this one takes is replaced first.

    Of an account that is sealed only that and the masked number are stored.
    """
    await connection.execute(
        """
        UPDATE merchant_versions SET state = 'replaced'
        WHERE merchant_id = $1 AND version < $2
            AND (state = 'pending' OR (state = 'approved' AND $3 = 'approved'))
        """,
        version.content.merchant_id,
        version.version,
        version.state,
    )
    await connection.execute(
        _PUT,
        *_CONTENT_VALUES(stored(version.content) if version.sealed_payee else version.content),
        version.acquirer_id,
        version.version,
        version.state,
        version.findings,
        version.key_id,
        version.maker_id,
        version.propose_time,
        version.plan_until,
        version.plan_after_id,
        version.reason,
        version.decider_id,
        version.decide_time,
        version.sealed_payee or None,
        version.account_effective_time,
    )


async def had_account(connection: Connection, merchant_id: str) -> bool:
    """Whether an account of the shop was ever approved."""
    found: bool = await connection.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM merchant_versions WHERE merchant_id = $1 AND bank_code <> ''
                AND state IN ('approved', 'replaced') AND decide_time IS NOT NULL
        )
        """,
        merchant_id,
    )
    return found


async def lock_unsealed(connection: Connection, limit: int) -> list[Version]:
    """Versions whose account was stored before accounts were sealed; locked."""
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM merchant_versions AS v
        WHERE v.sealed_payee IS NULL AND v.bank_code <> ''
        ORDER BY v.merchant_id, v.version LIMIT $1 FOR UPDATE SKIP LOCKED
        """,  # noqa: S608
        limit,
    )
    return [_version(row) for row in rows]


async def seal(connection: Connection, version: Version) -> None:
    """Put a version's account into its sealed form."""
    await connection.execute(
        """
        UPDATE merchant_versions SET sealed_payee = $3, account_number = $4, holder_name = '',
            account_effective_time = CASE WHEN state = 'approved' THEN decide_time END
        WHERE merchant_id = $1 AND version = $2
        """,
        version.content.merchant_id,
        version.version,
        version.sealed_payee,
        stored(version.content).account_number,
    )


async def list_ended_plans(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Shops whose plan for small merchants is over, longest first."""
    rows = await connection.fetch(
        """
        SELECT merchant_id FROM merchant_versions
        WHERE state = 'approved' AND fee_plan_expire_time <= $1
        ORDER BY fee_plan_expire_time LIMIT $2
        """,
        now,
        limit,
    )
    return [row[0] for row in rows]


async def lock_refund_limit(connection: Connection, merchant_id: str) -> int:
    """The most that may be refunded in a day, minor units, zero for no limit; locked, so that
    refunds of one shop are counted one after the other."""
    limit = await connection.fetchval(
        """
        SELECT refund_day_limit FROM merchant_versions
        WHERE merchant_id = $1 AND state = 'approved' FOR UPDATE
        """,
        merchant_id,
    )
    return int(limit or 0)


async def refunded_since(
    connection: Connection, acquirer_id: str, merchant_id: str, start: datetime
) -> int:
    """What the acquirer has asked to give back for a shop since then, but for what was declined."""
    return int(
        await connection.fetchval(
            """
            SELECT COALESCE(sum(a.target_minor), 0)::bigint
            FROM refund_asks AS a
            JOIN refunds AS l USING (reference)
            JOIN payment_terms AS t ON t.reference = a.payment_reference
            WHERE a.participant_id = $1 AND a.create_time >= $3 AND t.merchant_id = $2
                AND l.state <> 'declined'
            """,
            acquirer_id,
            merchant_id,
            start,
        )
    )
