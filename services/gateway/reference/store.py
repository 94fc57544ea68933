"""SQL of reference data.

Changes happen one at a time, under an advisory lock; each is journaled and announced to all
gateways by NOTIFY.
"""

import json
from collections.abc import Mapping
from dataclasses import astuple, fields
from datetime import datetime
from typing import Any

from services.core.money import Money, Rounding
from services.gateway.access.book import Scope
from services.gateway.access.store import read_book
from services.gateway.reference import (
    ApiKey,
    Corridor,
    FeePayer,
    FeePlan,
    Funding,
    LimitFlow,
    LimitPeriod,
    LimitRule,
    Merchant,
    Participant,
    ParticipantKind,
    Reference,
    RefundPolicy,
    RefundRate,
    Scheme,
)
from services.gateway.reference.limits import rules_by_corridor
from services.kit.postgres import Connection

CHANNEL = "reference_changed"
_CHANGE_LOCK = 0x7265666572  # "refer"


async def lock_changes(connection: Connection) -> None:
    """Wait until no other change is under way; until the transaction ends there is none."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _CHANGE_LOCK)


async def read_reference(connection: Connection, only: Merchant | None = None) -> Reference:
    """Everything; with `only`, of the merchants just those of its id or its code."""
    narrowed = (only.merchant_id, only.scheme, only.scheme_account_id) if only else (None,) * 3
    merchants = [Merchant(**dict(row)) for row in await connection.fetch(_MERCHANTS, *narrowed)]
    corridors = [_corridor(row) for row in await connection.fetch(_CORRIDORS)]
    participants = {
        row["participant_id"]: _participant(row) for row in await connection.fetch(_PARTICIPANTS)
    }
    rules = {row["limit_rule_id"]: _limit_rule(row) for row in await connection.fetch(_LIMIT_RULES)}
    return Reference(
        participants,
        {row["key_id"]: _api_key(row) for row in await connection.fetch(_API_KEYS)},
        {merchant.merchant_id: merchant for merchant in merchants},
        {(merchant.scheme, merchant.scheme_account_id): merchant for merchant in merchants},
        {row["scheme"]: Scheme(**dict(row)) for row in await connection.fetch(_SCHEMES)},
        {row["fee_plan_id"]: _fee_plan(row) for row in await connection.fetch(_FEE_PLANS)},
        {corridor.way: corridor for corridor in corridors},
        rules,
        rules_by_corridor(participants, corridors, rules.values()),
        access=await read_book(connection),
    )


_PARTICIPANTS = """
SELECT participant_id, kind, display_name, funding, home_currency, time_zone, collect_partner_id,
    net_debit_limit, country_code
FROM participants
"""
_API_KEYS = """
SELECT key_id, participant_id, digest, extract(epoch FROM expire_time)::float8 AS expire_time,
    revoke_time IS NOT NULL AS revoked, coalesce(person_id, '') AS person_id, purpose, scopes,
    networks, maker_id
FROM api_keys
"""
_MERCHANTS = """
SELECT merchant_id, acquirer_id, name, city, country_code, category_code, currency, scheme,
    scheme_account_id, fee_plan_id, net_debit_limit
FROM merchants
WHERE $1::text IS NULL OR merchant_id = $1 OR (scheme = $2 AND scheme_account_id = $3)
"""
_SCHEMES = """
SELECT scheme, acceptance_partner_id, currency, country_code, resolved_by_partner FROM schemes
"""
_FEE_PLANS = """
SELECT fee_plan_id, payer, rate_basis_points, currency, fixed_minor, minimum_minor, rounding
FROM fee_plans
"""
_CORRIDORS = """
SELECT corridor_id, wallet_id, acceptance_partner_id, home_currency, target_currency, fee_plan_id,
    quote_seconds, payment_minimum, payment_limit, payer_day_limit, corridor_day_limit, open,
    refund_rate, refund_keeps_fee, refund_keeps_spread, refund_within_days, refund_by_shop_only,
    authorisation_days, personal, escrow_days
FROM corridors
"""
_LIMIT_RULES = """
SELECT limit_rule_id, period, wallet_country, wallet_id, acceptance_partner_id, collect_partner_id,
    currency, maximum_minor, minimum_minor, source, active, flow
FROM limit_rules
"""


def _api_key(row: Mapping[str, Any]) -> ApiKey:
    scopes = frozenset(Scope(scope) for scope in row["scopes"])
    return ApiKey(**{**dict(row), "scopes": scopes, "networks": tuple(row["networks"])})


def _participant(row: Mapping[str, Any]) -> Participant:
    funding = row["funding"]
    return Participant(
        **{
            **dict(row),
            "kind": ParticipantKind(row["kind"]),
            "funding": None if funding is None else Funding(funding),
        }
    )


def _fee_plan(row: Mapping[str, Any]) -> FeePlan:
    return FeePlan(
        row["fee_plan_id"],
        FeePayer(row["payer"]),
        row["rate_basis_points"],
        Money(row["fixed_minor"], row["currency"]),
        Money(row["minimum_minor"], row["currency"]),
        Rounding(row["rounding"]),
    )


def _limit_rule(row: Mapping[str, Any]) -> LimitRule:
    return LimitRule(
        row["limit_rule_id"],
        LimitPeriod(row["period"]),
        row["wallet_country"],
        row["wallet_id"],
        row["acceptance_partner_id"],
        row["collect_partner_id"],
        Money(row["maximum_minor"], row["currency"]),
        row["minimum_minor"],
        row["source"],
        row["active"],
        LimitFlow(row["flow"]),
    )


def _corridor(row: Mapping[str, Any]) -> Corridor:
    columns = {name: value for name, value in row.items() if not name.startswith("refund_")}
    policy = RefundPolicy(
        RefundRate(row["refund_rate"]),
        row["refund_keeps_fee"],
        row["refund_keeps_spread"],
        row["refund_within_days"],
        row["refund_by_shop_only"],
    )
    return Corridor(**columns, refund_policy=policy)


def _columns(thing: Participant | Merchant | Scheme | Corridor) -> list[object]:
    return [getattr(thing, field.name) for field in fields(thing)]


async def put_participant(connection: Connection, new: Participant) -> None:
    """Insert or replace."""
    await connection.execute(
        """
        INSERT INTO participants (participant_id, kind, display_name, funding, home_currency,
            time_zone, collect_partner_id, net_debit_limit, country_code)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (participant_id) DO UPDATE
        SET display_name = $3, time_zone = $6, collect_partner_id = $7, country_code = $9
        """,
        *_columns(new),
    )


async def put_merchant(connection: Connection, new: Merchant) -> None:
    """Insert or replace."""
    await connection.execute(
        """
        INSERT INTO merchants (merchant_id, acquirer_id, name, city, country_code, category_code,
            currency, scheme, scheme_account_id, fee_plan_id, net_debit_limit)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (merchant_id) DO UPDATE SET name = $3, city = $4, country_code = $5,
            category_code = $6, scheme = $8, scheme_account_id = $9, fee_plan_id = $10
        """,
        *_columns(new),
    )


async def put_scheme(connection: Connection, new: Scheme) -> None:
    """Insert or replace."""
    await connection.execute(
        """
        INSERT INTO schemes (scheme, acceptance_partner_id, currency, country_code,
            resolved_by_partner)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (scheme) DO UPDATE SET acceptance_partner_id = $2, currency = $3,
            country_code = $4, resolved_by_partner = $5
        """,
        *_columns(new),
    )


async def put_fee_plan(connection: Connection, new: FeePlan) -> None:
    """Insert or replace."""
    await connection.execute(
        """
        INSERT INTO fee_plans (fee_plan_id, payer, rate_basis_points, currency, fixed_minor,
            minimum_minor, rounding)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (fee_plan_id) DO UPDATE SET payer = $2, rate_basis_points = $3,
            fixed_minor = $5, minimum_minor = $6, rounding = $7
        """,
        new.fee_plan_id,
        new.payer,
        new.rate_basis_points,
        new.fixed.currency,
        new.fixed.minor,
        new.minimum.minor,
        new.rounding,
    )


async def put_corridor(connection: Connection, new: Corridor) -> None:
    """Insert or replace."""
    await connection.execute(
        """
        INSERT INTO corridors (corridor_id, wallet_id, acceptance_partner_id, home_currency,
            target_currency, fee_plan_id, quote_seconds, payment_minimum, payment_limit,
            payer_day_limit, corridor_day_limit, open, refund_rate, refund_keeps_fee,
            refund_keeps_spread, refund_within_days, refund_by_shop_only, authorisation_days,
            personal, escrow_days)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
            $19, $20)
        ON CONFLICT (corridor_id) DO UPDATE SET fee_plan_id = $6, quote_seconds = $7,
            payment_minimum = $8, payment_limit = $9, payer_day_limit = $10,
            corridor_day_limit = $11, open = $12, refund_rate = $13, refund_keeps_fee = $14,
            refund_keeps_spread = $15, refund_within_days = $16, refund_by_shop_only = $17,
            authorisation_days = $18, escrow_days = $20
        """,
        *_columns(new)[:-4],
        *astuple(new.refund_policy),
        new.authorisation_days,
        new.personal,
        new.escrow_days,
    )


async def put_limit_rule(connection: Connection, new: LimitRule) -> None:
    """Insert or replace."""
    await connection.execute(
        """
        INSERT INTO limit_rules (limit_rule_id, period, wallet_country, wallet_id,
            acceptance_partner_id, collect_partner_id, currency, maximum_minor, minimum_minor,
            source, active, flow)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (limit_rule_id) DO UPDATE SET period = $2, wallet_country = $3,
            wallet_id = $4, acceptance_partner_id = $5, collect_partner_id = $6, currency = $7,
            maximum_minor = $8, minimum_minor = $9, source = $10, active = $11, flow = $12
        """,
        new.limit_rule_id,
        new.period,
        new.wallet_country,
        new.wallet_id,
        new.acceptance_partner_id,
        new.collect_partner_id,
        new.maximum.currency,
        new.maximum.minor,
        new.minimum,
        new.source,
        new.active,
        new.flow,
    )


async def add_api_key(connection: Connection, key: ApiKey, now: datetime) -> None:
    """Insert a fresh key."""
    await connection.execute(
        """
        INSERT INTO api_keys (key_id, participant_id, digest, create_time, expire_time, person_id,
            purpose, scopes, networks, maker_id)
        VALUES ($1, $2, $3, $4, to_timestamp($5::float8), nullif($6, ''), $7, $8, $9, $10)
        """,
        key.key_id,
        key.participant_id,
        key.digest,
        now,
        key.expire_time,
        key.person_id,
        key.purpose,
        sorted(key.scopes),
        key.networks,
        key.maker_id,
    )


async def revoke_api_key(connection: Connection, key_id: str, now: datetime) -> None:
    """From now on the key is good for nothing."""
    await connection.execute(
        "UPDATE api_keys SET revoke_time = $2 WHERE key_id = $1 AND revoke_time IS NULL",
        key_id,
        now,
    )


async def journal_change(
    connection: Connection,
    now: datetime,
    key_id: str,
    operation: str,
    subject_id: str,
    content: Mapping[str, object],
) -> None:
    """Write who changed what, and tell all gateways once this is committed."""
    await connection.execute(
        """
        INSERT INTO reference_changes (change_time, key_id, operation, subject_id, content)
        VALUES ($1, $2, $3, $4, $5)
        """,
        now,
        key_id,
        operation,
        subject_id,
        json.dumps(content),
    )
    await connection.execute("SELECT pg_notify($1, '')", CHANNEL)
