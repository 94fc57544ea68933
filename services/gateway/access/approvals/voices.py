"""Who could speak by a key: pure.

A key's secret is told to whoever makes it. So a key is as much its maker's as its person's, and as
much theirs who could have made it in the maker's name. Four eyes are of two people only where
nobody can have held both keys.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.gateway.reference import ApiKey


@dataclass(frozen=True, slots=True)
class Hand:
    """Who makes a call: with which key, and as whom, where that is known."""

    key_id: str
    person_id: str = ""


def voices_of(api_keys: Mapping[str, ApiKey], key_id: str) -> frozenset[str]:
    """All people who may have held the secret of a key.

    Which of the maker's keys was used is not asked: each of them counts.
    """
    key = api_keys.get(key_id)
    if key is None:
        return frozenset()
    found = {key.person_id, key.maker_id}
    waiting = [key.maker_id]
    while waiting:
        for maker_id in _makers(api_keys.values(), waiting.pop()) - found:
            found.add(maker_id)
            waiting.append(maker_id)
    return frozenset(found - {""})


def are_apart(api_keys: Mapping[str, ApiKey], one: Hand, other: Hand) -> bool:
    """Whether two people are behind two calls: nobody may have held the keys of both.

    A hand that is nobody's, as that of the setting's key, is apart from all.
    """
    return not _all_of(api_keys, one) & _all_of(api_keys, other)


def _all_of(api_keys: Mapping[str, ApiKey], hand: Hand) -> frozenset[str]:
    return (voices_of(api_keys, hand.key_id) | {hand.person_id}) - {""}


def _makers(api_keys: Iterable[ApiKey], person_id: str) -> set[str]:
    """Who made any key of a person; the key of the setting is nobody's."""
    return {key.maker_id for key in api_keys if person_id and key.person_id == person_id}
