"""Changes of keys, people and policies: each one unit with its line in the journal of changes."""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from services.core.clock import Clock
from services.core.errors import Malformed, NotFound, Refused
from services.gateway.access import people, store
from services.gateway.access.book import Algorithm, Person, Policy, SigningKey
from services.gateway.access.keys import Caller, new_api_key
from services.gateway.access.operations import scopes_of
from services.gateway.access.proof.signatures import check_public_key
from services.gateway.access.refusals import ScopeMissing
from services.gateway.admin.errors import ParticipantUnknown
from services.gateway.reference import ApiKey, Merchant, Reference
from services.gateway.reference.board import ReferenceBoard
from services.gateway.reference.store import (
    add_api_key,
    journal_change,
    lock_changes,
    read_reference,
    revoke_api_key,
)
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

SIGNING_KEYS_MAXIMUM = 10
OVERLAP_SECONDS_MAXIMUM = 30 * 24 * 3600
_KEY_ID_BYTES = 8
_NO_MERCHANT = Merchant("", "", "", "", "", "", "", "", "", "")

# What is done with the data as they are, at this time; the answer is what is journaled.
Work = Callable[[Connection, Reference, datetime], Awaitable[Mapping[str, object] | None]]


class AccessChanges:
    """For callers who were let in."""

    def __init__(self, board: ReferenceBoard, units: Units, clock: Clock) -> None:
        self._board = board
        self._units = units
        self._clock = clock

    async def _change(self, caller: Caller, operation: str, subject_id: str, work: Work) -> None:
        """One change at a time; None from `work` is no change."""

        async def unit(connection: Connection) -> Decided[None]:
            await lock_changes(connection)
            known = await read_reference(connection, _NO_MERCHANT)
            now = self._clock.now()
            content = await work(connection, known, now)
            if content is not None:
                key_id = caller.key_id
                await journal_change(connection, now, key_id, operation, subject_id, content)
            return Decided(None)

        await self._units.write(unit)
        await self._board.load()

    async def create_key(
        self, caller: Caller, wanted: ApiKey, scopes: Iterable[str], networks: Iterable[str]
    ) -> tuple[str, str]:
        """A fresh key for `wanted`'s participant, person, purpose and time; its id and its text.

        Raises what `people.checked_key` raises.
        """
        fresh, text = new_api_key(wanted.participant_id, wanted.expire_time)
        fresh = replace(
            fresh, person_id=wanted.person_id, purpose=wanted.purpose, maker_id=_maker(caller)
        )
        asked = list(scopes), list(networks)

        async def work(
            connection: Connection, known: Reference, now: datetime
        ) -> Mapping[str, object]:
            key = people.checked_key(known, fresh, *asked, now.timestamp())
            await add_api_key(connection, key, now)
            return _told(key)

        await self._change(caller, "CreateApiKey", fresh.key_id, work)
        return fresh.key_id, text

    async def revoke_key(self, caller: Caller, key_id: str) -> None:
        """From now on the key is good for nothing. Raises `KeyUnknown`."""

        async def work(
            connection: Connection, known: Reference, now: datetime
        ) -> Mapping[str, object] | None:
            key = known.api_keys.get(key_id)
            if key is None:
                raise KeyUnknown(key_id)
            if key.revoked:
                return None
            await revoke_api_key(connection, key_id, now)
            return {"participant_id": key.participant_id}

        await self._change(caller, "RevokeApiKey", key_id, work)

    async def rotate_key(
        self, caller: Caller, key_id: str, overlap_seconds: int, expire_time: float | None
    ) -> tuple[str, str]:
        """Another key in the place of one of the caller's own; its id and its text.

        A key cannot be used to come by more than it is good for itself. Raises `KeyUnknown`,
        `OverlapOutOfRange`, `ScopeMissing`, `KeysTooMany`.
        """
        if not 0 <= overlap_seconds <= OVERLAP_SECONDS_MAXIMUM:
            raise OverlapOutOfRange(overlap_seconds)
        fresh, text = new_api_key(caller.participant.participant_id, None)

        async def work(
            connection: Connection, known: Reference, now: datetime
        ) -> Mapping[str, object]:
            old = _own_key(known, caller, key_id, now.timestamp())
            new = replace(
                old,
                key_id=fresh.key_id,
                digest=fresh.digest,
                expire_time=expire_time or old.expire_time,
            )
            others = {**known.api_keys}
            if overlap_seconds == 0:
                del others[key_id]
            people.check_room(replace(known, api_keys=others), new, now.timestamp())
            await add_api_key(connection, new, now)
            await store.end_api_key(connection, key_id, now + timedelta(seconds=overlap_seconds))
            return {**_told(new), "in_place_of": key_id}

        await self._change(caller, "RotateApiKey", fresh.key_id, work)
        return fresh.key_id, text

    async def put_signing_key(
        self,
        caller: Caller,
        owner_id: str,
        algorithm: Algorithm,
        public_key: str,
        expire_time: float | None,
    ) -> str:
        """A public key with which `owner_id` signs; its id.

        Raises `PublicKeyUnfit`, `ParticipantUnknown`, `SigningKeysTooMany`.
        """
        check_public_key(algorithm, public_key)
        name = f"sk-{secrets.token_hex(_KEY_ID_BYTES)}"
        key = SigningKey(name, owner_id, algorithm, public_key.strip(), expire_time)

        async def work(
            connection: Connection, known: Reference, now: datetime
        ) -> Mapping[str, object]:
            if owner_id not in known.participants:
                raise ParticipantUnknown(owner_id)
            if len(_good_signing_keys(known, owner_id, now)) >= SIGNING_KEYS_MAXIMUM:
                raise SigningKeysTooMany
            await store.add_signing_key(connection, key, now)
            return asdict(key)

        await self._change(caller, "PutSigningKey", name, work)
        return name

    async def revoke_signing_key(self, caller: Caller, owner_id: str, name: str) -> None:
        """Nothing it signed holds from now on. Raises `SigningKeyUnknown`."""

        async def work(
            connection: Connection, known: Reference, now: datetime
        ) -> Mapping[str, object] | None:
            key = known.access.signing_keys.get(name)
            if key is None or key.participant_id != owner_id:
                raise SigningKeyUnknown(name)
            if key.revoked:
                return None
            await store.revoke_signing_key(connection, name, now)
            return {"participant_id": owner_id}

        await self._change(caller, "RevokeSigningKey", name, work)

    async def put_person(self, caller: Caller, new: Person) -> None:
        """Raises leaves of `Malformed`, `PersonsTooMany`."""
        people.check_person(new)

        async def work(
            connection: Connection, known: Reference, _now: datetime
        ) -> Mapping[str, object] | None:
            persons = known.access.persons
            if persons.get(new.person_id) == new:
                return None
            if new.person_id not in persons and len(persons) >= people.PERSONS_MAXIMUM:
                raise PersonsTooMany
            await store.put_person(connection, new)
            return {**asdict(new), "roles": sorted(new.roles)}

        await self._change(caller, "PutPerson", new.person_id, work)

    async def put_policy(self, caller: Caller, new: Policy) -> None:
        """Raises `ParticipantUnknown` and leaves of `Malformed`."""

        async def work(
            connection: Connection, known: Reference, _now: datetime
        ) -> Mapping[str, object] | None:
            people.check_policy(known, new)
            if people.policy_of(known, new.participant_id) == new:
                return None
            await store.put_policy(connection, new)
            return {**asdict(new), "tls_identities": sorted(new.tls_identities)}

        await self._change(caller, "PutAccessPolicy", new.participant_id, work)


def _maker(caller: Caller) -> str:
    """Who comes to know a fresh key; the key of the setting is nobody's."""
    return "" if caller.person is None or caller.is_bootstrap else caller.person.person_id


def _told(key: ApiKey) -> dict[str, object]:
    return {
        "participant_id": key.participant_id,
        "person_id": key.person_id,
        "purpose": key.purpose,
        "scopes": sorted(key.scopes),
        "networks": key.networks,
        "expire_time": key.expire_time,
    }


def _own_key(known: Reference, caller: Caller, key_id: str, now: float) -> ApiKey:
    key = known.api_keys.get(key_id)
    person_id = caller.person.person_id if caller.person else ""
    owner = (caller.participant.participant_id, person_id)
    if key is None or (key.participant_id, key.person_id) != owner:
        raise KeyUnknown(key_id)
    if key.revoked or (key.expire_time is not None and key.expire_time <= now):
        raise KeyUnknown(key_id)
    scopes = key.scopes or scopes_of(caller.participant.kind)
    for scope in sorted(scopes - caller.scopes):
        raise ScopeMissing(caller.key_id, scope)
    return key


def _good_signing_keys(known: Reference, owner_id: str, now: datetime) -> list[SigningKey]:
    return [
        key
        for key in known.access.signing_keys.values()
        if key.participant_id == owner_id
        and not key.revoked
        and (key.expire_time is None or key.expire_time > now.timestamp())
    ]


class KeyUnknown(NotFound):
    """No API key of this id that is good, or none of the caller's."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no API key {key_id[:80]!r}.", key_id=key_id[:80])


class SigningKeyUnknown(NotFound):
    """No signing key of this id, or another participant's."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no signing key {name[:80]!r}.", signing_key_id=name[:80])


class SigningKeysTooMany(Refused):
    """More keys than anybody needs at once."""

    def __init__(self) -> None:
        super().__init__(f"{SIGNING_KEYS_MAXIMUM} signing keys are good already: revoke one.")


class PersonsTooMany(Refused):
    """More people than a gateway holds."""

    def __init__(self) -> None:
        super().__init__(f"There are {people.PERSONS_MAXIMUM} people already.")


class OverlapOutOfRange(Malformed):
    """A rotation that never ends."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"overlap_seconds {seconds} is not between 0 and {OVERLAP_SECONDS_MAXIMUM}."
        )
