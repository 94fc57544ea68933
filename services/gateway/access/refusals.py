"""Why a caller is not let in: one leaf per clause."""

from collections.abc import Iterable, Mapping

from services.core.errors import Forbidden, LimitReached, Malformed, Unauthenticated, Unavailable
from services.gateway.access.book import Role, Scope
from services.gateway.reference import ParticipantKind


class KeyMissing(Unauthenticated):
    """The call carries no key."""

    def __init__(self) -> None:
        super().__init__("No API key: send it as metadata `authorization: Bearer KEY`.")


class KeyInvalid(Unauthenticated):
    """Not a key of ours; which part is wrong is not told."""

    def __init__(self) -> None:
        super().__init__("This API key is not valid: check it, or ask the operator for another.")


class KeyExpired(Unauthenticated):
    """A key whose time is over."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"The API key {key_id} has expired: ask the operator for another.", key_id=key_id
        )


class KeyRevoked(Unauthenticated):
    """A key that was taken back."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"The API key {key_id} was revoked: ask the operator for another.", key_id=key_id
        )


class PersonInactive(Unauthenticated):
    """The key of somebody who works here no more."""

    def __init__(self, person_id: str) -> None:
        super().__init__(f"{person_id} is not active: an admin has to put them back.")


class OperatorRequired(Forbidden):
    """A participant calls what only the operator may."""

    def __init__(self, participant_id: str) -> None:
        super().__init__("This call needs an operator's key.", participant_id=participant_id)


class KindForbidden(Forbidden):
    """A call that is not for participants of this kind."""

    def __init__(self, kind: ParticipantKind, kinds: Iterable[ParticipantKind]) -> None:
        names = " or ".join(sorted(kinds))
        super().__init__(f"This call is for participants of kind {names}, not for the {kind}.")


class PersonRequired(Forbidden):
    """An operator's key that belongs to nobody, where somebody has to answer for the call."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"The key {key_id} belongs to no person: call with a key made for a person.",
            key_id=key_id,
        )


class ScopeMissing(Forbidden):
    """The key was not made for this."""

    def __init__(self, key_id: str, scope: Scope) -> None:
        super().__init__(
            f"The key {key_id} lacks the scope {scope}: use another key, or ask the operator.",
            key_id=key_id,
            scope=scope,
        )


class RoleMissing(Forbidden):
    """One of the operator's people does what others are there for."""

    def __init__(self, person_id: str, roles: Iterable[Role]) -> None:
        names = " or ".join(sorted(roles))
        super().__init__(
            f"{person_id} has not the role for this call: it needs {names}.", roles=names
        )


class NetworkForbidden(Forbidden):
    """The key is used from where it must not be."""

    def __init__(self, key_id: str, address: str) -> None:
        super().__init__(
            f"The key {key_id} may not be used from {address or 'an unknown address'}.",
            key_id=key_id,
            address=address,
        )


class CertificateRequired(Unauthenticated):
    """The participant's calls have to come with a client certificate on its list."""

    def __init__(self) -> None:
        super().__init__(
            "This participant calls with a client certificate that its access policy names; "
            "this connection has none of these."
        )


class SignatureRequired(Unauthenticated):
    """The participant has chosen to sign, and this call is not signed."""

    def __init__(self) -> None:
        super().__init__(
            "This participant signs its requests (RFC 9421): add Signature-Input and Signature."
        )


class SignatureInvalid(Unauthenticated):
    """A signature that does not hold."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"The HTTP message signature does not hold: {problem}")


class NonceReplayed(Unauthenticated):
    """The same signature for a second time."""

    def __init__(self) -> None:
        super().__init__("This nonce was used before: sign every request with a fresh one.")


class RateLimited(LimitReached):
    """Too many calls. `retry_after_seconds` says when there is room again; `headers` are what HTTP
    tells of the rate beside that."""

    def __init__(
        self, rate_class: str, limit: int, seconds: float, headers: Mapping[str, str] | None = None
    ) -> None:
        self.headers = headers or {}
        after = f"{seconds:.3f}"
        super().__init__(
            f"More than {limit} {rate_class} a second: try again in {after} seconds.",
            rate_class=rate_class,
            limit=str(limit),
            retry_after_seconds=after,
        )


class AuditBacklog(Unavailable):
    """What is audited waits while the audit log cannot be written."""

    def __init__(self) -> None:
        super().__init__("The audit log cannot be written at the moment; try again soon.")


class OperatorOtherwise(Forbidden):
    """A call in somebody else's name."""

    def __init__(self, named: str, person_id: str, field: str = "operator") -> None:
        super().__init__(
            f"{field} names {named[:80]!r}, but the key belongs to {person_id}: leave it empty."
        )


class NetworkMalformed(Malformed):
    """Not an address range."""

    def __init__(self, value: str) -> None:
        super().__init__(
            f"{value[:60]!r} is not a network: write it like 203.0.113.0/24 or 2001:db8::/48."
        )


class ScopeUnknown(Malformed):
    """Not a scope that a participant of this kind can have."""

    def __init__(self, value: str, scopes: Iterable[Scope]) -> None:
        super().__init__(f"{value[:40]!r} is no scope here; there are {', '.join(sorted(scopes))}.")
