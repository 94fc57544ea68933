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
from services.core.errors import Forbidden, KawaseError, Unauthenticated
from services.gateway.access.audit import Trail
from services.gateway.access.book import AuditEntry, Policy, Rate
from services.gateway.access.keys import Caller, Keys
from services.gateway.access.operations import Audit, Operation, operation_of
from services.gateway.access.proof.nonces import LocalNonces, Nonce, Nonces
from services.gateway.access.proof.signatures import HttpRequest, Signatures
from services.gateway.access.rates import (
    DEFAULTS,
    REFUSED,
    SIGNED,
    Bucket,
    Rates,
    RateState,
    origin_of,
)
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
from services.gateway.reference import Participant, ParticipantKind, Reference
from services.gateway.reference.board import ReferenceBoard

log = structlog.get_logger()

OK = "OK"
PASSES_LIMIT = 20_000
ADDRESS_CHARACTERS = 100
NO_IDENTITIES: frozenset[str] = frozenset()


# Not frozen, as that would cost more than all the looking up of a call.
@dataclass(slots=True)
class Credentials:
    """What a call brings. `peer` is an address, or gRPC's text for one (`ipv4:127.0.0.1:5`).

    `tls_identities` are the names of the client certificate of a gRPC connection, none for HTTP;
    `request` is there for HTTP alone.
    """

    authorization: str
    peer: str = ""
    tls_identities: frozenset[str] = NO_IDENTITIES
    request: HttpRequest | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """That a key may call a method, remembered for as long as the reference data stay the same."""

    method: str
    operation: Operation
    caller: Caller
    policy: Policy | None
    bucket: Bucket | None
    """None where nothing is counted."""
    is_audited: bool


@dataclass(slots=True)
class Allowed:
    """A call that was let in."""

    known: Pass
    peer: str
    nonce: Nonce | None = None
    """Of a signed request: `admit` spends it."""

    @property
    def method(self) -> str:
        """The full name of the RPC."""
        return self.known.method

    @property
    def operation(self) -> Operation:
        """Its row in the table."""
        return self.known.operation

    @property
    def caller(self) -> Caller:
        """Who calls, and by which key."""
        return self.known.caller

    @property
    def participant(self) -> Participant:
        """Who calls."""
        return self.known.caller.participant

    @property
    def is_audited(self) -> bool:
        """Whether this call goes to the audit log."""
        return self.known.is_audited

    @property
    def rate(self) -> RateState | None:
        """How much is left; None where nothing is counted."""
        return None if self.known.bucket is None else self.known.bucket.state


class Gate:
    """Lets calls in, counts them, and keeps the audit trail."""

    def __init__(
        self, keys: Keys, board: ReferenceBoard, clock: Clock, trail: Trail, nonces: Nonces
    ) -> None:
        self.board = board
        self._keys = keys
        self._clock = clock
        self._trail = trail
        self._nonces = nonces
        self._rates = Rates(monotonic)
        self._origins = Rates(monotonic)
        self._signatures = Signatures(lambda: board.current.access.signing_keys, clock)
        self._warned: set[str] = set()
        self._passes: dict[tuple[str, str], Pass] = {}
        self._passes_of: Reference | None = None

    async def admit(self, method: str, credentials: Credentials) -> Allowed:
        """`authorize` for calls that may be signed: a signature is good for one of them.

        Raises as `authorize`, and what spending a nonce raises.
        """
        allowed = self.authorize(method, credentials)
        if allowed.nonce is not None:
            try:
                await self._nonces.spend(allowed.nonce)
            except Unauthenticated as refusal:
                self._note_refused(method, credentials, refusal)
                raise
        return allowed

    def authorize(self, method: str, credentials: Credentials) -> Allowed:
        """Let a call of `method` (`kawase.gateway.v1.GatewayService/GetPayment`) in.

        Raises leaves of `Unauthenticated` and `Forbidden`, `RateLimited`, `AuditBacklog`.
        """
        try:
            return self._authorize(method, credentials)
        except (Unauthenticated, Forbidden) as refusal:
            self._note_refused(method, credentials, refusal)
            raise

    def _authorize(self, method: str, credentials: Credentials) -> Allowed:
        known = self._pass(method, credentials)
        caller = known.caller
        if caller.expire_time is not None:
            self._keys.check_time(caller)
        if caller.networks:
            check_network(caller, credentials.peer)
        if known.bucket is not None:
            known.bucket.take()
        nonce = None
        if known.policy is not None or credentials.request is not None:
            nonce = self._check_proof(caller, known.policy, credentials)
        if known.is_audited and self._trail.is_full:
            raise AuditBacklog
        self._trail.note_used(caller.key_id)
        return Allowed(known, credentials.peer, nonce)

    def _note_refused(self, method: str, credentials: Credentials, refusal: KawaseError) -> None:
        """Count a refusal, log it, and audit it where its caller is known.

        Raises `RateLimited` past what an address may be refused: such calls leave no trace.
        """
        address = address_of(credentials.peer)
        self._origins.bucket(origin_of(address), *REFUSED).take()
        log.info("call_refused", method=method, peer=address, reason=refusal.reason)
        caller = self._keys.named_by(credentials.authorization)
        if caller is None or self._trail.is_full:
            return
        self._trail.note(entry_of(caller, method, address, self._clock.now(), "", refusal.reason))

    def _pass(self, method: str, credentials: Credentials) -> Pass:
        reference = self.board.current
        if reference is not self._passes_of or len(self._passes) > PASSES_LIMIT:
            self._passes = {}
            self._passes_of = reference
        name = (credentials.authorization, method)
        known = self._passes.get(name)
        if known is None:
            known = self._passes[name] = self._look_up(method, credentials, reference)
        return known

    def _look_up(self, method: str, credentials: Credentials, reference: Reference) -> Pass:
        operation = operation_of(method)
        caller = self._keys.caller_of(credentials.authorization)
        check_caller(operation, caller)
        if caller.is_bootstrap and method not in self._warned:
            self._warned.add(method)
            log.warning("bootstrap_key_used", method=method, peer=credentials.peer)
        participant = caller.participant
        policy = reference.access.policies.get(participant.participant_id)
        bucket = None
        if not is_uncounted(caller):
            rate = rate_of(operation, policy)
            bucket = self._rates.bucket(participant.participant_id, operation.rate, rate)
        audited = is_audited(operation, participant.kind)
        return Pass(method, operation, caller, policy, bucket, audited)

    async def counted(self, allowed: Allowed, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """The messages of a session, each operation counted: past the rate they come slower."""
        bucket = allowed.known.bucket
        async for request in requests:
            if bucket is not None:
                wait = bucket.spend(len(request.operations))
                if wait > 0:
                    await asyncio.sleep(wait)
            yield request

    def _check_proof(
        self, caller: Caller, policy: Policy | None, credentials: Credentials
    ) -> Nonce | None:
        request, nonce = credentials.request, None
        if request is not None and request.is_signed:
            participant_id = caller.participant.participant_id
            self._rates.bucket(participant_id, *SIGNED).take()
            nonce = self._signatures.verify(participant_id, request)
        if policy is not None:
            check_policy(policy, credentials, signed=nonce is not None)
        return nonce

    def note(self, allowed: Allowed, object_id: str, outcome: str = OK) -> None:
        """Write the end of an audited call down; of others nothing is kept."""
        if allowed.is_audited:
            address, now = address_of(allowed.peer), self._clock.now()
            self._trail.note(
                entry_of(allowed.caller, allowed.method, address, now, object_id, outcome)
            )


def is_audited(operation: Operation, kind: ParticipantKind) -> bool:
    """Whether calls of this operation by participants of this kind go to the audit log."""
    if operation.audit is Audit.OPERATORS:
        return kind is ParticipantKind.OPERATOR
    return operation.audit is Audit.ALWAYS


def is_uncounted(caller: Caller) -> bool:
    """The house's own services copy facts as fast as they can."""
    by_service = caller.person is None and caller.participant.kind is ParticipantKind.OPERATOR
    return caller.is_bootstrap or by_service


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
    """A listed certificate proves as much as a signature, which HTTP has in its place.

    Raises `CertificateRequired` or `SignatureRequired`.
    """
    if signed or policy.tls_identities & credentials.tls_identities:
        return
    if policy.tls_identities and credentials.request is None:
        raise CertificateRequired
    if policy.requires_signature or policy.tls_identities:
        raise SignatureRequired


def rate_of(operation: Operation, policy: Policy | None) -> Rate:
    """The participant's rate of the operation's class."""
    default = DEFAULTS[operation.rate]
    return default if policy is None else policy.rates.get(operation.rate, default)


def entry_of(
    caller: Caller, method: str, address: str, now: datetime, object_id: str, outcome: str
) -> AuditEntry:
    """A line of the audit log. What callers chose is told as far as it can be stored: a line that
    Postgres refuses would hold up all that wait behind it."""
    return AuditEntry(
        now,
        caller.participant.participant_id,
        caller.person.person_id if caller.person else "",
        caller.key_id,
        storable(address[:ADDRESS_CHARACTERS]),
        method,
        storable(object_id),
        outcome,
    )


def storable(text: str) -> str:
    """`text` with a question mark for NUL, halves of surrogate pairs, and what cannot be seen."""
    return "".join(each if each.isprintable() else "?" for each in text)


def gate_of(board: ReferenceBoard, clock: Clock, operator_key: SecretStr | None = None) -> Gate:
    """A gate whose audit trail nobody writes: for edges that stand alone."""
    return Gate(Keys(board, clock, operator_key), board, clock, Trail(), LocalNonces())
