"""Whether a call is let in: one function for every edge.

What decides is in memory: the table of operations, the keys and people on the board, the buckets.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from time import monotonic
from typing import Any

import structlog
from pydantic import SecretStr

from services.core.clock import Clock
from services.gateway.access.audit import Trail
from services.gateway.access.book import AuditEntry, Policy, Rate
from services.gateway.access.keys import Caller, Keys
from services.gateway.access.operations import Audit, Operation, operation_of
from services.gateway.access.proof.signatures import HttpRequest, Signatures
from services.gateway.access.rates import DEFAULTS, Rates, RateState
from services.gateway.access.refusals import (
    AuditBacklog,
    CertificateRequired,
    KindForbidden,
    NetworkForbidden,
    OperatorRequired,
    PersonRequired,
    RoleMissing,
    ScopeMissing,
    SignatureRequired,
)
from services.gateway.payments.refusals import WalletRequired
from services.gateway.reference import Participant, ParticipantKind
from services.gateway.reference.board import ReferenceBoard

log = structlog.get_logger()

OK = "OK"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a call brings. `peer` is an address, or gRPC's text for one (`ipv4:127.0.0.1:5`).

    `tls_identities` are the names of the client certificate of a gRPC connection, none for HTTP;
    `request` is there for HTTP alone.
    """

    authorization: str
    peer: str = ""
    tls_identities: frozenset[str] = frozenset()
    request: HttpRequest | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """A call that was let in."""

    method: str
    operation: Operation
    caller: Caller
    peer: str
    rate: RateState | None
    """None where nothing is counted."""

    @property
    def participant(self) -> Participant:
        """Who calls."""
        return self.caller.participant

    @property
    def is_audited(self) -> bool:
        """Whether this call goes to the audit log."""
        audit = self.operation.audit
        by_operator = self.caller.participant.kind is ParticipantKind.OPERATOR
        return audit is Audit.ALWAYS or (audit is Audit.OPERATORS and by_operator)


class Gate:
    """Lets calls in, counts them, and keeps the audit trail."""

    def __init__(self, keys: Keys, board: ReferenceBoard, clock: Clock, trail: Trail) -> None:
        self.board = board
        self._keys = keys
        self._clock = clock
        self._trail = trail
        self._rates = Rates(monotonic)
        self._signatures = Signatures(lambda: board.current.access.signing_keys, clock)
        self._warned: set[str] = set()

    def authorize(self, method: str, credentials: Credentials) -> Allowed:
        """Let a call of `method` (`kawase.gateway.v1.GatewayService/GetPayment`) in.

        Raises leaves of `Unauthenticated` and `Forbidden`, `RateLimited`, `AuditBacklog`.
        """
        operation = operation_of(method)
        caller = self._keys.caller_of(credentials.authorization)
        check_caller(operation, caller)
        if caller.networks:
            check_network(caller, credentials.peer)
        policy = self.board.current.access.policies.get(caller.participant.participant_id)
        rate = None if self._is_uncounted(caller) else self._count(operation, caller, policy)
        self._check_proof(caller, policy, credentials)
        allowed = Allowed(method, operation, caller, credentials.peer, rate)
        if allowed.is_audited and self._trail.is_full:
            raise AuditBacklog
        now = self._clock.now()
        self._trail.note_used(caller.key_id, now)
        if caller.is_bootstrap and method not in self._warned:
            self._warned.add(method)
            log.warning("bootstrap_key_used", method=method, peer=credentials.peer)
        return allowed

    def _is_uncounted(self, caller: Caller) -> bool:
        """The house's own services copy facts as fast as they can."""
        return caller.is_bootstrap or (
            caller.person is None and caller.participant.kind is ParticipantKind.OPERATOR
        )

    def _count(self, operation: Operation, caller: Caller, policy: Policy | None) -> RateState:
        rate = rate_of(operation, policy)
        return self._rates.take(caller.participant.participant_id, operation.rate, rate)

    def spend(self, allowed: Allowed, count: int) -> float:
        """Count operations that came within one call; returns seconds to wait before the next."""
        if allowed.rate is None:
            return 0.0
        participant_id = allowed.participant.participant_id
        policy = self.board.current.access.policies.get(participant_id)
        rate = rate_of(allowed.operation, policy)
        return self._rates.spend(participant_id, allowed.operation.rate, rate, count)

    async def counted(self, allowed: Allowed, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """The messages of a session, each operation counted: past the rate they come slower."""
        async for request in requests:
            wait = self.spend(allowed, len(request.operations))
            if wait > 0:
                await asyncio.sleep(wait)
            yield request

    def _check_proof(self, caller: Caller, policy: Policy | None, credentials: Credentials) -> None:
        request = credentials.request
        signed = request is not None and request.is_signed
        if request is not None and signed:
            self._signatures.verify(caller.participant.participant_id, request)
        if policy is not None:
            check_policy(policy, credentials, signed=signed)

    def note(self, allowed: Allowed, object_id: str, outcome: str = OK) -> None:
        """Write the end of an audited call down; of others nothing is kept."""
        if allowed.is_audited:
            self._trail.note(entry_of(allowed, self._clock.now(), object_id, outcome))


def check_caller(operation: Operation, caller: Caller) -> None:
    """Kind, scope, and for operators person and role. Raises leaves of `Forbidden`."""
    kind = caller.participant.kind
    if kind not in operation.kinds:
        raise _other_kind(operation, caller.participant)
    scope = operation.scope_of(kind)
    if scope not in caller.scopes:
        raise ScopeMissing(caller.key_id, scope)
    if kind is not ParticipantKind.OPERATOR:
        return
    if caller.person is None:
        if not operation.for_services:
            raise PersonRequired(caller.key_id)
    elif not caller.person.roles & operation.roles:
        raise RoleMissing(caller.person.person_id, operation.roles)


def _other_kind(operation: Operation, participant: Participant) -> Exception:
    if operation.kinds == {ParticipantKind.OPERATOR}:
        return OperatorRequired(participant.participant_id)
    if operation.kinds == {ParticipantKind.WALLET}:
        return WalletRequired(participant.participant_id)
    return KindForbidden(participant.kind, operation.kinds)


def check_network(caller: Caller, peer: str) -> None:
    """Raises `NetworkForbidden`."""
    address = address_of(peer)
    try:
        known = ip_address(address)
    except ValueError:
        raise NetworkForbidden(caller.key_id, address) from None
    mapped = getattr(known, "ipv4_mapped", None)
    known = mapped or known
    if not any(known in network for network in caller.networks):
        raise NetworkForbidden(caller.key_id, address)


def address_of(peer: str) -> str:
    """The bare address of `ipv4:127.0.0.1:50051`, `ipv6:[::1]:50051`, or of an address."""
    if peer.startswith("ipv4:"):
        return peer[5:].rpartition(":")[0]
    if peer.startswith("ipv6:"):
        host = peer[5:].rpartition(":")[0].replace("%5B", "").replace("%5D", "")
        return host.strip("[]").partition("%25")[0]
    return peer


def check_policy(policy: Policy, credentials: Credentials, *, signed: bool) -> None:
    """Raises `CertificateRequired` or `SignatureRequired`."""
    listed = bool(policy.tls_identities & credentials.tls_identities)
    by_http = credentials.request is not None
    if policy.tls_identities and not listed and not by_http:
        raise CertificateRequired
    if policy.requires_signature and not signed and not listed:
        raise SignatureRequired


def rate_of(operation: Operation, policy: Policy | None) -> Rate:
    """The participant's rate of the operation's class."""
    default = DEFAULTS[operation.rate]
    return default if policy is None else policy.rates.get(operation.rate, default)


def entry_of(allowed: Allowed, now: datetime, object_id: str, outcome: str) -> AuditEntry:
    """A line of the audit log."""
    caller = allowed.caller
    return AuditEntry(
        now,
        caller.participant.participant_id,
        caller.person.person_id if caller.person else "",
        caller.key_id,
        address_of(allowed.peer),
        allowed.method,
        object_id,
        outcome,
    )


def gate_of(board: ReferenceBoard, clock: Clock, operator_key: SecretStr | None = None) -> Gate:
    """A gate whose audit trail nobody writes: for edges that stand alone."""
    return Gate(Keys(board, clock, operator_key), board, clock, Trail())
