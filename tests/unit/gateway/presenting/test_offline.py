"""Codes that phones make: derivation, time, and use of each counter once."""

import hmac
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.core.errors import KawaseError
from services.gateway.presenting.model import OfflineKey
from services.gateway.presenting.numbers import OfflineNumber, parse_number
from services.gateway.presenting.offline import (
    AHEAD_STEPS,
    BEHIND_STEPS,
    FAR_STEPS,
    STEP_SECONDS,
    Fit,
    fit_of,
    number_at,
    one_time,
    step_at,
)
from services.gateway.presenting.refusals import CodeUnknown
from services.gateway.presenting.rules import FORGED_LIMIT, offline_refusal

NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
SECRET = bytes(range(32))
KEY = OfflineKey(
    "panda", "phone", b"", "0123456789", "li-na", b"", 10, 0, NOW, NOW + timedelta(days=7)
)
SECRETS = st.binary(min_size=32, max_size=32)
COUNTERS = st.integers(0, 999_999)


def offline(number: str) -> OfflineNumber:
    parsed = parse_number(number)
    assert isinstance(parsed, OfflineNumber)
    return parsed


def reason_of(refusal: KawaseError | None) -> str:
    return "" if refusal is None else refusal.reason


@given(SECRETS, COUNTERS, st.integers(0, 2**40))
def test_digits_are_those_of_rfc_4226_over_counter_and_step(
    secret: bytes, counter: int, step: int
) -> None:
    mac = hmac.new(secret, struct.pack(">Q", counter) + struct.pack(">Q", step), "sha256").digest()
    start = mac[31] % 16
    (word,) = struct.unpack(">I", mac[start : start + 4])
    assert one_time(secret, counter, step) == str(word % 2**31)[-8:].zfill(8)


def test_digits_of_a_known_key_stay_as_they_are() -> None:
    # Phones have this in their code: a change would lock all of them out.
    assert [one_time(SECRET, counter, 59_778_600) for counter in range(3)] == [
        "00757614",
        "45962457",
        "77696330",
    ]


@given(SECRETS, COUNTERS, st.integers(-FAR_STEPS + 1, FAR_STEPS - 1), st.integers(0, 29))
def test_a_code_is_good_within_its_window_and_known_beyond_it(
    secret: bytes, counter: int, steps: int, seconds: int
) -> None:
    made = NOW + timedelta(seconds=steps * STEP_SECONDS)
    number = offline(number_at(secret, KEY.key_number, counter, made))
    fit = fit_of(secret, counter, number.one_time, NOW + timedelta(seconds=seconds))
    if -BEHIND_STEPS <= steps <= AHEAD_STEPS:
        assert fit is Fit.NOW
    else:
        assert fit in (Fit.OLD, Fit.AHEAD)
        assert (fit is Fit.OLD) == (steps < 0)


@given(SECRETS, SECRETS, COUNTERS)
def test_another_secret_or_counter_or_day_never_fits(
    secret: bytes, other: bytes, counter: int
) -> None:
    assume(secret != other)
    digits = one_time(secret, counter, step_at(NOW))
    window = range(step_at(NOW) - FAR_STEPS, step_at(NOW) + FAR_STEPS + 1)
    # Eight digits are the same by chance once in a long while.
    assume(digits not in {one_time(other, counter, step) for step in window})
    assume(digits not in {one_time(secret, counter + 1, step) for step in window})
    assert fit_of(other, counter, digits, NOW) is Fit.NEVER
    assert fit_of(secret, counter + 1, digits, NOW) is Fit.NEVER
    assert fit_of(secret, counter, digits, NOW + timedelta(days=1)) is Fit.NEVER


def test_a_shown_code_lives_for_a_minute_wherever_in_a_step_it_was_made() -> None:
    for second in range(STEP_SECONDS):
        made = NOW + timedelta(seconds=second)
        number = offline(number_at(SECRET, KEY.key_number, 0, made))
        later = made + timedelta(seconds=60)
        assert fit_of(SECRET, 0, number.one_time, later) is Fit.NOW
        much_later = made + timedelta(seconds=90)
        assert fit_of(SECRET, 0, number.one_time, much_later) is Fit.OLD


def test_a_forged_code_tells_nothing_of_its_key() -> None:
    number = OfflineNumber(KEY.key_number, 0, "00000000")
    assert fit_of(SECRET, 0, number.one_time, NOW) is Fit.NEVER
    gone = replace(KEY, revoke_time=NOW, failed_count=FORGED_LIMIT)
    for key in (KEY, gone):
        for used in (False, True):
            refusal = offline_refusal(key, SECRET, number, NOW, used=used)
            assert isinstance(refusal, CodeUnknown)


def test_each_end_of_a_key_has_its_reason() -> None:
    number = offline(number_at(SECRET, KEY.key_number, 9, NOW))
    cases = (
        (KEY, False, ""),
        (KEY, True, "CODE_USED"),
        (replace(KEY, code_count=9), False, "OFFLINE_CODES_USED_UP"),
        (replace(KEY, expire_time=NOW), False, "CODE_EXPIRED"),
        (replace(KEY, revoke_time=NOW), False, "CODE_CANCELLED"),
        (replace(KEY, failed_count=FORGED_LIMIT), False, "OFFLINE_KEY_LOCKED"),
    )
    for key, used, reason in cases:
        assert reason_of(offline_refusal(key, SECRET, number, NOW, used=used)) == reason


class Phone(RuleBasedStateMachine):
    """A phone, a till that keeps what it scanned, and a server that remembers used counters."""

    @initialize()
    def start(self) -> None:
        self.now = NOW
        self.counter = 0
        self.seen: list[str] = []
        self.used: dict[int, str] = {}
        self.accepted: list[int] = []

    @rule(skew=st.integers(-30, 29))
    def show(self, skew: int) -> None:
        instant = self.now + timedelta(seconds=skew)
        self.seen.append(number_at(SECRET, KEY.key_number, self.counter, instant))
        self.counter += 1

    @rule(skew=st.integers(0, 60))
    def show_the_last_counter_again(self, skew: int) -> None:
        if self.counter:
            instant = self.now + timedelta(seconds=skew)
            self.seen.append(number_at(SECRET, KEY.key_number, self.counter - 1, instant))

    @rule(seconds=st.integers(1, 90))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(data=st.data())
    def charge(self, data: st.DataObject) -> None:
        if not self.seen:
            return
        number = offline(data.draw(st.sampled_from(self.seen)))
        used = number.counter in self.used
        if offline_refusal(KEY, SECRET, number, self.now, used=used) is None:
            self.used[number.counter] = number.one_time
            self.accepted.append(number.counter)

    @invariant()
    def each_counter_was_accepted_once(self) -> None:
        assert len(self.accepted) == len(set(self.accepted))
        assert all(0 <= counter < KEY.code_count for counter in self.accepted)


TestPhone = Phone.TestCase
TestPhone.settings = settings(max_examples=40, stateful_step_count=30)
