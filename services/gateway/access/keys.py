"""Who calls: API keys, checked in memory.

A key reads `kw_<key id>_<secret>`; only the SHA-256 of its 256 random bits is stored, which needs
no salt and no slow hash. It comes as metadata `authorization: Bearer KEY`.
"""

import hashlib
import hmac
import secrets
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

import grpc
from pydantic import SecretStr

from services.core.clock import Clock
from services.core.errors import Unauthenticated
from services.gateway.access.book import Person, Role, Scope
from services.gateway.access.operations import scopes_of
from services.gateway.access.refusals import (
    KeyExpired,
    KeyInvalid,
    KeyMissing,
    KeyRevoked,
    OperatorRequired,
    PersonInactive,
)
from services.gateway.reference import ApiKey, Participant, ParticipantKind, Reference
from services.gateway.reference.board import ReferenceBoard

_PREFIX = "kw"
_SCHEME = "bearer "
_SECRET_BYTES = 32
_KEY_ID_BYTES = 8
_CACHE_LIMIT = 10_000

# The key of the setting: good for making the first operator's real key.
SETTING_KEY_ID = "setting"
BOOTSTRAP = Person("bootstrap", "The key of the setting", frozenset(Role))
_SETTING_OPERATOR = Participant("operator", ParticipantKind.OPERATOR, "Operator by setting")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and by which key. Operators' keys are persons', but for those of services."""

    participant: Participant
    key_id: str
    expire_time: float | None = None  # seconds since 1970
    person: Person | None = None
    scopes: frozenset[Scope] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def is_bootstrap(self) -> bool:
        """Whether this is the key of the setting."""
        return self.key_id == SETTING_KEY_ID


_BY_SETTING = Caller(
    _SETTING_OPERATOR, SETTING_KEY_ID, None, BOOTSTRAP, scopes_of(ParticipantKind.OPERATOR)
)

# Set by the guard of an edge once it has let a call in.
CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)


def digest_of(secret: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def new_api_key(participant_id: str, expire_time: float | None) -> tuple[ApiKey, str]:
    """A fresh key and its text, which is told once and never stored."""
    key_id = secrets.token_hex(_KEY_ID_BYTES)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    key = ApiKey(key_id, participant_id, digest_of(secret), expire_time, revoked=False)
    return key, f"{_PREFIX}_{key_id}_{secret}"


class Keys:
    """Finds the caller of an `authorization` header among the keys on the board.

    Answers are remembered per header for as long as the reference data stay the same.
    """

    def __init__(
        self, board: ReferenceBoard, clock: Clock, operator_key: SecretStr | None = None
    ) -> None:
        self._board = board
        self._clock = clock
        self._setting_digest = operator_key and digest_of(operator_key.get_secret_value())
        self._callers: dict[str, Caller] = {}
        self._callers_of: Reference | None = None

    def participant_of(self, context: grpc.aio.ServicerContext[Any, Any]) -> Participant:
        """The participant that calls. Raises a leaf of `Unauthenticated`."""
        return self.calling(context).participant

    def require_operator(self, context: grpc.aio.ServicerContext[Any, Any]) -> Caller:
        """The operator that calls. Raises `OperatorRequired`, or a leaf of `Unauthenticated`."""
        caller = self.calling(context)
        if caller.participant.kind is not ParticipantKind.OPERATOR:
            raise OperatorRequired(caller.participant.participant_id)
        return caller

    def calling(self, context: grpc.aio.ServicerContext[Any, Any]) -> Caller:
        """Who calls: whom the guard let in, else whom the metadata names."""
        return CALLER.get() or self.caller_of(authorization_of(context))

    def caller_of(self, authorization: str) -> Caller:
        """The caller of a header's value. Raises a leaf of `Unauthenticated`."""
        reference = self._board.current
        if reference is not self._callers_of or len(self._callers) > _CACHE_LIMIT:
            self._callers = {}
            self._callers_of = reference
        caller = self._callers.get(authorization)
        if caller is None:
            caller = self._callers[authorization] = self._find(reference, authorization)
        self.check_time(caller)
        return caller

    def named_by(self, authorization: str) -> Caller | None:
        """Whose key a header's value is, be it good or no longer; None where it is nobody's."""
        reference = self._board.current
        try:
            key = self._key(reference, authorization)
        except Unauthenticated:
            return None
        if key is None:
            return _BY_SETTING
        participant = reference.participants[key.participant_id]
        person = reference.access.persons.get(key.person_id)
        return Caller(participant, key.key_id, key.expire_time, person)

    def check_time(self, caller: Caller) -> None:
        """Raises `KeyExpired`."""
        if caller.expire_time and caller.expire_time <= self._clock.now().timestamp():
            raise KeyExpired(caller.key_id)

    def _find(self, reference: Reference, authorization: str) -> Caller:
        key = self._key(reference, authorization)
        if key is None:
            return _BY_SETTING
        if key.revoked:
            raise KeyRevoked(key.key_id)
        return caller_by(reference, key)

    def _key(self, reference: Reference, authorization: str) -> ApiKey | None:
        """The key whose secret is shown; None for that of the setting."""
        if not authorization:
            raise KeyMissing
        text = authorization.strip()
        if text[: len(_SCHEME)].lower() == _SCHEME:  # RFC 9110 11.1: in any case
            text = text[len(_SCHEME) :].strip()
        if self._setting_digest and hmac.compare_digest(digest_of(text), self._setting_digest):
            return None
        prefix, _, rest = text.partition("_")
        key_id, _, secret = rest.partition("_")
        key = reference.api_keys.get(key_id)
        if prefix != _PREFIX or key is None:
            raise KeyInvalid
        if not hmac.compare_digest(digest_of(secret), key.digest):
            raise KeyInvalid
        return key


def caller_by(reference: Reference, key: ApiKey) -> Caller:
    """The caller that a good key makes. Raises `PersonInactive`."""
    participant = reference.participants[key.participant_id]
    person = reference.access.persons.get(key.person_id) if key.person_id else None
    if key.person_id and (person is None or not person.active):
        raise PersonInactive(key.person_id)
    scopes = key.scopes or scopes_of(participant.kind)
    networks = tuple(ip_network(network) for network in key.networks)
    return Caller(participant, key.key_id, key.expire_time, person, scopes, networks)


def authorization_of(context: grpc.aio.ServicerContext[Any, Any]) -> str:
    """The `authorization` of a call's metadata; empty without."""
    for name, value in context.invocation_metadata() or ():
        if name == "authorization":
            return str(value)
    return ""
