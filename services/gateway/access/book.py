"""What is known about keys, people and participants' policies, as plain words.

A part of the reference data that every gateway process holds in memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What a key is good for. A key without scopes is good for all that its kind may do."""

    PAYMENTS_READ = "payments:read"
    PAYMENTS_WRITE = "payments:write"
    REFUNDS_WRITE = "refunds:write"
    CHARGES_WRITE = "charges:write"
    TOPUPS_WRITE = "topups:write"
    WITHDRAWALS_WRITE = "withdrawals:write"
    MERCHANTS_READ = "merchants:read"
    MERCHANTS_WRITE = "merchants:write"
    CODES = "codes"
    ORDERS_WRITE = "orders:write"
    WEBHOOKS = "webhooks"
    KEYS = "keys"
    ADMIN_READ = "admin:read"
    ADMIN_WRITE = "admin:write"
    FACTS = "facts"


class Role(StrEnum):
    """What one of the operator's people does."""

    SUPPORT = "support"
    FINANCE = "finance"
    RISK = "risk"
    ADMIN = "admin"


class RateClass(StrEnum):
    """Calls that share a token bucket."""

    PAYMENTS = "payments"
    READS = "reads"
    WRITES = "writes"


class Algorithm(StrEnum):
    """Signature algorithms of RFC 9421 that are taken: asymmetric ones of today."""

    ED25519 = "ed25519"
    ECDSA_P256_SHA256 = "ecdsa-p256-sha256"
    ECDSA_P384_SHA384 = "ecdsa-p384-sha384"
    RSA_PSS_SHA512 = "rsa-pss-sha512"


@dataclass(frozen=True, slots=True)
class Person:
    """One of the operator's people. Who is not active may do nothing."""

    person_id: str
    display_name: str
    roles: frozenset[Role]
    active: bool = True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A participant's public key, as PEM. Times in seconds since 1970."""

    signing_key_id: str
    participant_id: str
    algorithm: Algorithm
    public_key: str
    expire_time: float | None = None
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: so many calls a second, and so many at once."""

    per_second: int
    burst: int


@dataclass(frozen=True, slots=True)
class Policy:
    """How a participant has to prove itself, and how much it may call."""

    participant_id: str
    requires_signature: bool = False
    tls_identities: frozenset[str] = frozenset()
    rates: Mapping[RateClass, Rate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Book:
    """All of it, as it stood at one moment."""

    persons: Mapping[str, Person] = field(default_factory=dict)
    signing_keys: Mapping[str, SigningKey] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who saw or changed what. `outcome` is OK or the refusal."""

    call_time: datetime
    participant_id: str
    person_id: str
    key_id: str
    peer: str
    method: str
    object_id: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A call that waits, or waited, for a second person. `request` is its message, serialised."""

    proposal_id: str
    method: str
    object_id: str
    request: bytes
    participant_id: str
    person_id: str
    key_id: str
    propose_time: datetime
    expire_time: datetime
    approved: bool | None = None
    decider_id: str = ""
    reason: str = ""
    decide_time: datetime | None = None
