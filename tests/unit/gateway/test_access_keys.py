"""Keys: who calls, and each way in which a key is not good."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from services.core.clock import ManualClock
from services.gateway.access import keys as access_keys
from services.gateway.access import refusals
from services.gateway.access.keys import Keys, new_api_key
from services.gateway.reference import ApiKey, Participant, ParticipantKind, Reference
from services.gateway.reference.board import ReferenceBoard

START = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
SAKURA = Participant("sakura", ParticipantKind.ACQUIRER, "Sakura")
BOSS = Participant("boss", ParticipantKind.OPERATOR, "Boss")
SETTING = "a-setting-of-enough-characters"


class Board(ReferenceBoard):
    """A board that a test writes on."""

    def __init__(self, current: Reference) -> None:
        self.current = current


class Call:
    """The part of a call's context that keys look at."""

    def __init__(self, authorization: str | None) -> None:
        self._metadata: tuple[tuple[str, str], ...] = (("user-agent", "test"),)
        if authorization is not None:
            self._metadata += (("authorization", authorization),)

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return self._metadata


def board_with(*keys: ApiKey) -> Board:
    return Board(Reference({"sakura": SAKURA, "boss": BOSS}, {key.key_id: key for key in keys}))


def participant(keys: Keys, authorization: str | None) -> Participant:
    call: Any = Call(authorization)
    return keys.participant_of(call)


def test_a_key_names_its_participant() -> None:
    key, text = new_api_key("sakura", None)
    keys = Keys(board_with(key), ManualClock(START))

    assert participant(keys, f"Bearer {text}") == SAKURA
    assert participant(keys, f"Bearer {text}") == SAKURA


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
def test_a_scheme_is_read_in_any_case(scheme: str) -> None:
    key, text = new_api_key("sakura", None)

    assert participant(Keys(board_with(key), ManualClock(START)), scheme + text) == SAKURA


def test_only_the_digest_of_a_secret_is_kept() -> None:
    key, text = new_api_key("sakura", None)
    prefix, key_id, secret = text.split("_", 2)

    assert (prefix, key_id) == ("kw", key.key_id)
    assert secret not in repr(key)
    assert len(key.digest) == 32


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda text: None, refusals.KeyMissing),
        (lambda text: "", refusals.KeyMissing),
        (lambda text: f"Bearer {text}x", refusals.KeyInvalid),
        (lambda text: f"Bearer {text[:-1]}", refusals.KeyInvalid),
        (lambda text: f"Bearer {text[1:]}", refusals.KeyInvalid),
        (lambda text: "Bearer kw_none_secret", refusals.KeyInvalid),
        (lambda text: "Bearer ", refusals.KeyInvalid),
        (lambda text: f"Bearer {SETTING}", refusals.KeyInvalid),
    ],
)
def test_what_is_no_key_is_refused(change: Any, refusal: type[Exception]) -> None:
    key, text = new_api_key("sakura", None)
    keys = Keys(board_with(key), ManualClock(START))
    participant(keys, f"Bearer {text}")

    with pytest.raises(refusal):
        participant(keys, change(text))


def test_a_key_expires_by_the_clock() -> None:
    clock = ManualClock(START)
    key, text = new_api_key("sakura", (START + timedelta(hours=1)).timestamp())
    keys = Keys(board_with(key), clock)
    participant(keys, f"Bearer {text}")

    clock.advance(timedelta(hours=1))

    with pytest.raises(refusals.KeyExpired):
        participant(keys, f"Bearer {text}")


def test_a_revoked_key_is_refused_although_it_was_remembered() -> None:
    key, text = new_api_key("sakura", None)
    board = board_with(key)
    keys = Keys(board, ManualClock(START))
    participant(keys, f"Bearer {text}")

    board.current = board_with(
        ApiKey(key.key_id, key.participant_id, key.digest, None, revoked=True)
    ).current

    with pytest.raises(refusals.KeyRevoked):
        participant(keys, f"Bearer {text}")


def test_the_setting_makes_an_operator_before_there_is_any_key() -> None:
    keys = Keys(board_with(), ManualClock(START), SecretStr(SETTING))
    call: Any = Call(f"Bearer {SETTING}")

    assert keys.require_operator(call).key_id == access_keys.SETTING_KEY_ID


def test_only_operators_pass_as_operators() -> None:
    theirs, their_text = new_api_key("sakura", None)
    ours, our_text = new_api_key("boss", None)
    keys = Keys(board_with(theirs, ours), ManualClock(START))
    their_call: Any = Call(f"Bearer {their_text}")
    our_call: Any = Call(f"Bearer {our_text}")

    assert keys.require_operator(our_call).participant == BOSS
    with pytest.raises(refusals.OperatorRequired):
        keys.require_operator(their_call)
