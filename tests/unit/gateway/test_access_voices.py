"""Who could speak by a key: its person, its makers, and theirs."""

from services.gateway.access.approvals.voices import voices_of
from services.gateway.reference import ApiKey


def key(key_id: str, person_id: str, maker_id: str = "") -> ApiKey:
    return ApiKey(key_id, "boss", b"", None, revoked=False, person_id=person_id, maker_id=maker_id)


KEYS = {
    each.key_id: each
    for each in (
        key("ada", "ada"),
        key("bob", "bob"),
        key("bob-by-ada", "bob", "ada"),
        key("cyd-by-bob", "cyd", "bob"),
        key("dan", "dan"),
        key("eve-by-dan", "eve", "dan"),
        key("dan-by-eve", "dan", "eve"),
    )
}


def test_a_key_of_the_setting_is_its_persons_alone() -> None:
    assert voices_of(KEYS, "ada") == {"ada"}
    assert voices_of(KEYS, "bob") == {"bob"}


def test_a_maker_speaks_by_the_key_and_by_keys_made_in_that_name() -> None:
    assert voices_of(KEYS, "bob-by-ada") == {"bob", "ada"}
    assert voices_of(KEYS, "cyd-by-bob") == {"cyd", "bob", "ada"}


def test_people_who_made_each_others_keys_are_found_once() -> None:
    assert voices_of(KEYS, "eve-by-dan") == {"eve", "dan"}


def test_an_unknown_key_is_nobodys() -> None:
    assert voices_of(KEYS, "setting") == frozenset()
