"""People, policies and fresh keys: between the wire and our words, and what may be put."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

from services.core.errors import Malformed, NotFound, Refused
from services.core.ids import checked_id
from services.gateway.access.book import Person, Policy, Rate, RateClass, Role, Scope
from services.gateway.access.keys import BOOTSTRAP
from services.gateway.access.operations import scopes_of
from services.gateway.access.rates import RATE_MAXIMUM
from services.gateway.access.refusals import NetworkMalformed, ScopeUnknown
from services.gateway.admin.codec import choice
from services.gateway.admin.errors import (
    FieldMissing,
    FieldOutOfPlace,
    ParticipantUnknown,
    check_text,
)
from services.gateway.reference import ApiKey, ParticipantKind, Reference
from services.pb.kawase.gateway.v1 import access_service_pb2 as pb

ACTIVE_KEYS = 2
NETWORKS_MAXIMUM = 50
IDENTITIES_MAXIMUM = 50
PERSONS_MAXIMUM = 1_000

_ROLES: Mapping[int, Role] = {
    pb.ROLE_SUPPORT: Role.SUPPORT,
    pb.ROLE_FINANCE: Role.FINANCE,
    pb.ROLE_RISK: Role.RISK,
    pb.ROLE_ADMIN: Role.ADMIN,
}
_CLASSES: Mapping[int, RateClass] = {
    pb.RATE_CLASS_PAYMENTS: RateClass.PAYMENTS,
    pb.RATE_CLASS_READS: RateClass.READS,
    pb.RATE_CLASS_WRITES: RateClass.WRITES,
}


def person_from(message: pb.Person) -> Person:
    """Raises `FieldMissing` or `ChoiceUnknown`; rules are not looked at."""
    roles = frozenset(choice(_ROLES, role, "roles") for role in message.roles)
    return Person(message.person_id, message.display_name, roles, message.active)


def person_to(person: Person) -> pb.Person:
    roles: list[Any] = [number for number, role in _ROLES.items() if role in person.roles]
    return pb.Person(
        person_id=person.person_id,
        display_name=person.display_name,
        roles=roles,
        active=person.active,
    )


def check_person(new: Person) -> None:
    """A name, and at least one role for who is active."""
    checked_id(new.person_id, "person_id")
    if new.person_id == BOOTSTRAP.person_id:
        raise FieldOutOfPlace(f"{new.person_id} is the key of the setting: use another person_id.")
    check_text(new.display_name, "display_name")
    if new.active and not new.roles:
        raise FieldMissing("roles")


def policy_from(message: pb.AccessPolicy) -> Policy:
    """Raises `FieldMissing` or `ChoiceUnknown`; rules are not looked at."""
    rates = {
        choice(_CLASSES, rate.rate_class, "rate_class"): Rate(rate.calls_per_second, rate.burst)
        for rate in message.rates
    }
    return Policy(
        message.participant_id,
        message.requires_signature,
        frozenset(message.tls_identities),
        rates,
    )


def policy_to(policy: Policy) -> pb.AccessPolicy:
    rates = []
    for number, name in _CLASSES.items():
        rate = policy.rates.get(name)
        if rate is not None:
            value: Any = number
            rates.append(
                pb.Rate(rate_class=value, calls_per_second=rate.per_second, burst=rate.burst)
            )
    return pb.AccessPolicy(
        participant_id=policy.participant_id,
        requires_signature=policy.requires_signature,
        tls_identities=sorted(policy.tls_identities),
        rates=rates,
    )


def policy_of(known: Reference, participant_id: str) -> Policy:
    """A participant's policy; the open one where none was put."""
    return known.access.policies.get(participant_id) or Policy(participant_id)


def check_policy(known: Reference, new: Policy) -> None:
    """A participant that exists, identities that could be, rates that let something through."""
    if new.participant_id not in known.participants:
        raise ParticipantUnknown(new.participant_id)
    if len(new.tls_identities) > IDENTITIES_MAXIMUM:
        raise ListTooLong("tls_identities", IDENTITIES_MAXIMUM)
    for identity in new.tls_identities:
        check_text(identity, "tls_identities")
    for rate in new.rates.values():
        if not (0 < rate.per_second <= RATE_MAXIMUM and 0 < rate.burst <= RATE_MAXIMUM):
            raise RateOutOfRange


def checked_key(
    known: Reference,
    key: ApiKey,
    scopes: Iterable[str],
    networks: Iterable[str],
    now: float,
) -> ApiKey:
    """A fresh key with what it is good for.

    Raises `ParticipantUnknown`, `PersonUnknown`, `KeysTooMany`, and leaves of `Malformed`.
    """
    participant = known.participants.get(key.participant_id)
    if participant is None:
        raise ParticipantUnknown(key.participant_id)
    if key.purpose:
        checked_id(key.purpose, "purpose")
    if key.person_id:
        if participant.kind is not ParticipantKind.OPERATOR:
            raise FieldOutOfPlace("person_id is for operators' keys; leave it out here.")
        if key.person_id not in known.access.persons:
            raise PersonUnknown(key.person_id)
    made = replace(
        key, scopes=_scopes(participant.kind, scopes), networks=checked_networks(networks)
    )
    check_room(known, made, now)
    return made


def check_room(known: Reference, key: ApiKey, now: float) -> None:
    """Two keys of a purpose are good at once: one in use, one to come. Raises `KeysTooMany`."""
    good = [
        other.key_id
        for other in known.api_keys.values()
        if (other.participant_id, other.person_id, other.purpose)
        == (key.participant_id, key.person_id, key.purpose)
        and not other.revoked
        and (other.expire_time is None or other.expire_time > now)
    ]
    if len(good) >= ACTIVE_KEYS:
        raise KeysTooMany(good)


def _scopes(kind: ParticipantKind, texts: Iterable[str]) -> frozenset[Scope]:
    fitting = scopes_of(kind)
    found = set()
    for text in texts:
        if text not in set(fitting):
            raise ScopeUnknown(text, fitting)
        found.add(Scope(text))
    return frozenset(found)


def checked_networks(texts: Iterable[str]) -> tuple[str, ...]:
    """Address ranges in their usual form. Raises `NetworkMalformed` or `ListTooLong`."""
    found = []
    for text in texts:
        try:
            found.append(str(ip_network(text)))
        except ValueError:
            raise NetworkMalformed(text) from None
    if len(found) > NETWORKS_MAXIMUM:
        raise ListTooLong("networks", NETWORKS_MAXIMUM)
    return tuple(found)


class PersonUnknown(NotFound):
    """Nobody of this id has been put."""

    def __init__(self, person_id: str) -> None:
        super().__init__(f"There is no person {person_id[:80]!r}: put them first.")


class KeysTooMany(Refused):
    """A third key of one purpose. `key_ids` names those that are good, in no order."""

    def __init__(self, key_ids: list[str]) -> None:
        super().__init__(
            f"Keys {' and '.join(key_ids)} are good already, and {ACTIVE_KEYS} at once are the "
            "most for one purpose: revoke one, or name another purpose.",
            key_ids=",".join(key_ids),
        )


class ListTooLong(Malformed):
    """More than is kept."""

    def __init__(self, field: str, limit: int) -> None:
        super().__init__(f"{field} holds more than {limit}.", field=field)


class RateOutOfRange(Malformed):
    """A bucket that lets nothing through, or everything."""

    def __init__(self) -> None:
        super().__init__(f"calls_per_second and burst have to be 1 to {RATE_MAXIMUM}.")
