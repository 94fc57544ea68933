"""Codes that a phone makes without a network, and when they are good. Pure.

As in HOTP and TOTP (RFC 4226, RFC 6238), with both: HMAC-SHA-256 by the key's secret over the
counter and the time step, eight bytes each, most significant first; truncated as RFC 4226 5.3 says
to eight digits. The time step lets a code die within its minute, the counter is what is used up:
a phone takes the next one for each code it shows.
"""

import hmac
import struct
from datetime import datetime
from enum import StrEnum

from services.gateway.presenting.numbers import ONE_TIME_DIGITS, offline_number

STEP_SECONDS = 30
# A code is shown for up to 60 s, and the phone's clock may be half a minute ahead.
BEHIND_STEPS = 2
AHEAD_STEPS = 1
# How far a code is looked for, so that an old one or a wrong clock is told from a forged code.
FAR_STEPS = 20


class Fit(StrEnum):
    """How one-time digits stand to the present."""

    NOW = "now"
    OLD = "old"
    AHEAD = "ahead"  # the phone's clock is fast
    NEVER = "never"


def one_time(secret: bytes, counter: int, step: int) -> str:
    """The digits of one counter in one time step."""
    mac = hmac.digest(secret, struct.pack(">QQ", counter, step), "sha256")
    start = mac[-1] & 0x0F
    value = int.from_bytes(mac[start : start + 4]) & 0x7FFFFFFF
    return f"{value % 10**ONE_TIME_DIGITS:0{ONE_TIME_DIGITS}d}"


def step_at(instant: datetime) -> int:
    """The number of the time step, from 1970."""
    return int(instant.timestamp()) // STEP_SECONDS


def number_at(secret: bytes, key_number: str, counter: int, instant: datetime) -> str:
    """The number that a phone shows."""
    return offline_number(key_number, counter, one_time(secret, counter, step_at(instant)))


def fit_of(secret: bytes, counter: int, given: str, now: datetime) -> Fit:
    """Whether `given` are the digits of `counter`, and of which time."""
    present = step_at(now)
    found = Fit.NEVER
    for step in range(max(0, present - FAR_STEPS), present + FAR_STEPS + 1):
        # All are compared: how long it takes tells nothing.
        if hmac.compare_digest(one_time(secret, counter, step), given):
            found = _nearer(found, step - present)
    return found


def _nearer(found: Fit, distance: int) -> Fit:
    """Two steps may by chance have the same digits; what is good now counts first."""
    if found is Fit.NOW or -BEHIND_STEPS <= distance <= AHEAD_STEPS:
        return Fit.NOW
    return Fit.OLD if distance < 0 else Fit.AHEAD
