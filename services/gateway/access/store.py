"""SQL of keys' use, people, policies, proposals and the audit log."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from datetime import datetime
from typing import Any

from services.gateway.access.book import (
    Algorithm,
    AuditEntry,
    Book,
    Person,
    Policy,
    Proposal,
    Rate,
    RateClass,
    Role,
    SigningKey,
)
from services.gateway.listing import fits
from services.kit.postgres import Connection

NONCES_FORGOTTEN = 50


async def read_book(connection: Connection) -> Book:
    """All people, signing keys and policies."""
    persons = [_person(row) for row in await connection.fetch("TABLE persons")]
    keys = [_signing_key(row) for row in await connection.fetch(_SIGNING_KEYS)]
    policies = [_policy(row) for row in await connection.fetch("TABLE access_policies")]
    return Book(
        {person.person_id: person for person in persons},
        {key.signing_key_id: key for key in keys},
        {policy.participant_id: policy for policy in policies},
    )


_SIGNING_KEYS = """
SELECT signing_key_id, participant_id, algorithm, public_key,
    extract(epoch FROM expire_time)::float8 AS expire_time, revoke_time IS NOT NULL AS revoked
FROM signing_keys
"""


def _person(row: Mapping[str, Any]) -> Person:
    roles = frozenset(Role(role) for role in row["roles"])
    return Person(row["person_id"], row["display_name"], roles, row["active"])


def _signing_key(row: Mapping[str, Any]) -> SigningKey:
    return SigningKey(**{**dict(row), "algorithm": Algorithm(row["algorithm"])})


def _policy(row: Mapping[str, Any]) -> Policy:
    rates = {RateClass(name): Rate(**rate) for name, rate in json.loads(row["rates"]).items()}
    return Policy(
        row["participant_id"],
        row["requires_signature"],
        frozenset(row["tls_identities"]),
        rates,
    )


async def put_person(connection: Connection, new: Person) -> None:
    """Insert or replace."""
    await connection.execute(
        """
        INSERT INTO persons (person_id, display_name, roles, active) VALUES ($1, $2, $3, $4)
        ON CONFLICT (person_id) DO UPDATE SET display_name = $2, roles = $3, active = $4
        """,
        new.person_id,
        new.display_name,
        sorted(new.roles),
        new.active,
    )


async def put_policy(connection: Connection, new: Policy) -> None:
    """Insert or replace."""
    await connection.execute(
        """
        INSERT INTO access_policies (participant_id, requires_signature, tls_identities, rates)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (participant_id)
        DO UPDATE SET requires_signature = $2, tls_identities = $3, rates = $4
        """,
        new.participant_id,
        new.requires_signature,
        sorted(new.tls_identities),
        json.dumps({name: asdict(rate) for name, rate in new.rates.items()}),
    )


async def add_signing_key(connection: Connection, key: SigningKey, now: datetime) -> None:
    """Insert a fresh key."""
    await connection.execute(
        """
        INSERT INTO signing_keys (signing_key_id, participant_id, algorithm, public_key,
            create_time, expire_time)
        VALUES ($1, $2, $3, $4, $5, to_timestamp($6::float8))
        """,
        key.signing_key_id,
        key.participant_id,
        key.algorithm,
        key.public_key,
        now,
        key.expire_time,
    )


async def revoke_signing_key(connection: Connection, signing_key_id: str, now: datetime) -> None:
    """From now on nothing that it signed holds."""
    await connection.execute(
        "UPDATE signing_keys SET revoke_time = $2"
        " WHERE signing_key_id = $1 AND revoke_time IS NULL",
        signing_key_id,
        now,
    )


async def list_signing_keys(connection: Connection, participant_id: str) -> list[Mapping[str, Any]]:
    """A participant's keys as they are stored, newest first."""
    rows: list[Mapping[str, Any]] = await connection.fetch(
        "SELECT * FROM signing_keys WHERE participant_id = $1"
        " ORDER BY create_time DESC, signing_key_id",
        participant_id,
    )
    return rows


async def list_api_keys(connection: Connection, participant_id: str) -> list[Mapping[str, Any]]:
    """A participant's keys as they are stored, without their digests, newest first."""
    rows: list[Mapping[str, Any]] = await connection.fetch(
        """
        SELECT key_id, participant_id, coalesce(person_id, '') AS person_id, purpose, scopes,
            networks, create_time, expire_time, revoke_time, last_used_time
        FROM api_keys WHERE participant_id = $1 ORDER BY create_time DESC, key_id
        """,
        participant_id,
    )
    return rows


async def end_api_key(connection: Connection, key_id: str, end: datetime) -> None:
    """The key is good until `end`, or until it would have expired earlier."""
    await connection.execute(
        "UPDATE api_keys SET expire_time = least(expire_time, $2) WHERE key_id = $1", key_id, end
    )


async def note_keys_used(connection: Connection, key_ids: Sequence[str], now: datetime) -> None:
    """They were used until now; the key of the setting is not there."""
    await connection.execute(
        "UPDATE api_keys SET last_used_time = greatest(last_used_time, $2)"
        " WHERE key_id = ANY ($1::text[])",
        key_ids,
        now,
    )


async def add_audit_entries(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Append."""
    columns = list(zip(*(astuple(entry) for entry in entries), strict=True))
    await connection.execute(
        """
        INSERT INTO audit_entries (call_time, participant_id, person_id, key_id, peer, method,
            object_id, outcome)
        SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[],
            $6::text[], $7::text[], $8::text[])
        """,
        *columns,
    )


_AFTER_ALL_ENTRIES = 2**63 - 1


async def list_audit_entries(
    connection: Connection,
    before: int | None,
    limit: int,
    participant_id: str,
    person_id: str,
    object_id: str,
) -> list[tuple[int, AuditEntry]]:
    """A page with the entries' numbers, newest first; what is empty fits everything."""
    rows = await connection.fetch(
        f"""
        SELECT entry_id, call_time, participant_id, person_id, key_id, peer, method, object_id,
            outcome
        FROM audit_entries
        WHERE entry_id < $1 AND {fits("participant_id", 3, participant_id)}
            AND {fits("person_id", 4, person_id)} AND {fits("object_id", 5, object_id)}
        ORDER BY entry_id DESC LIMIT $2
        """,  # noqa: S608
        _AFTER_ALL_ENTRIES if before is None else before,
        limit,
        participant_id,
        person_id,
        object_id,
    )
    return [(row[0], AuditEntry(*row[1:])) for row in map(tuple, rows)]


_PROPOSALS = """
SELECT proposal_id, method, object_id, request, p.participant_id, p.person_id, p.key_id,
    propose_time, expire_time, approved, coalesce(d.person_id, '') AS decider_id,
    coalesce(reason, '') AS reason, decide_time
FROM proposals p LEFT JOIN proposal_decisions d USING (proposal_id)
"""


async def add_proposal(connection: Connection, new: Proposal) -> None:
    """Append."""
    await connection.execute(
        """
        INSERT INTO proposals (proposal_id, method, object_id, request, participant_id, person_id,
            key_id, propose_time, expire_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        *astuple(new)[:9],
    )


async def waiting_proposals(connection: Connection, new: Proposal) -> list[Proposal]:
    """What the same person proposed of the same method, and nobody has decided."""
    rows = await connection.fetch(
        f"{_PROPOSALS} WHERE p.person_id = $1 AND method = $2"
        " AND approved IS NULL AND expire_time > $3",
        new.person_id,
        new.method,
        new.propose_time,
    )
    return [Proposal(**dict(row)) for row in rows]


async def unclaimed_proposal(
    connection: Connection, person_id: str, method: str, request: bytes, now: datetime
) -> Proposal | None:
    """What a person proposed in these words, was approved, and has not been claimed in its time."""
    row = await connection.fetchrow(
        f"{_PROPOSALS} LEFT JOIN proposal_claims c USING (proposal_id)"
        " WHERE p.person_id = $1 AND method = $2 AND request = $3"
        " AND approved AND c.proposal_id IS NULL AND expire_time > $4"
        " ORDER BY proposal_id LIMIT 1",
        person_id,
        method,
        request,
        now,
    )
    return None if row is None else Proposal(**dict(row))


async def add_claim(connection: Connection, proposal_id: str, key_id: str, now: datetime) -> bool:
    """That the approved call was made; whether this is the first time."""
    claimed = await connection.fetchval(
        """
        INSERT INTO proposal_claims (proposal_id, key_id, claim_time) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING RETURNING true
        """,
        proposal_id,
        key_id,
        now,
    )
    return claimed is not None


async def count_pending(connection: Connection, now: datetime) -> int:
    """How many proposals wait."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM proposals p LEFT JOIN proposal_decisions d USING (proposal_id)"
        " WHERE d.proposal_id IS NULL AND expire_time > $1",
        now,
    )
    return count


async def get_proposal(connection: Connection, proposal_id: str) -> Proposal | None:
    """One, with its decision."""
    row = await connection.fetchrow(f"{_PROPOSALS} WHERE proposal_id = $1", proposal_id)
    return None if row is None else Proposal(**dict(row))


async def list_proposals(
    connection: Connection, before: str, limit: int, now: datetime, *, pending_only: bool
) -> list[Proposal]:
    """A page, newest first: ids are in the order of time."""
    rows = await connection.fetch(
        f"""{_PROPOSALS} WHERE ($1 = '' OR proposal_id < $1)
        AND (NOT $4 OR (approved IS NULL AND expire_time > $3))
        ORDER BY proposal_id DESC LIMIT $2""",  # constants of this module
        before,
        limit,
        now,
        pending_only,
    )
    return [Proposal(**dict(row)) for row in rows]


async def add_decision(
    connection: Connection,
    proposal_id: str,
    person_id: str,
    key_id: str,
    reason: str,
    now: datetime,
    *,
    approved: bool,
) -> None:
    """Append; a second one breaks the primary key."""
    await connection.execute(
        """
        INSERT INTO proposal_decisions (proposal_id, approved, person_id, key_id, reason,
            decide_time)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        proposal_id,
        approved,
        person_id,
        key_id,
        reason,
        now,
    )


async def spend_nonces(
    connection: Connection, wanted: Sequence[tuple[str, str]], now: datetime, until: datetime
) -> set[tuple[str, str]]:
    """Those of `wanted`, by participant and nonce, that were not spent before; they are now.

    As many old ones and some more are forgotten, so that the table stays as large as its use.
    """
    await connection.execute(
        """
        DELETE FROM signature_nonces WHERE (participant_id, nonce) IN (
            SELECT participant_id, nonce FROM signature_nonces WHERE expire_time < $1
            ORDER BY expire_time LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        """,
        now,
        len(wanted) + NONCES_FORGOTTEN,
    )
    rows = await connection.fetch(
        """
        INSERT INTO signature_nonces (participant_id, nonce, expire_time)
        SELECT *, $3 FROM unnest($1::text[], $2::text[])
        ON CONFLICT DO NOTHING RETURNING participant_id, nonce
        """,
        [participant_id for participant_id, _ in wanted],
        [nonce for _, nonce in wanted],
        until,
    )
    return {(row[0], row[1]) for row in rows}
