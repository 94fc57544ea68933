"""Codes that a phone makes of its key, without asking anybody. Pure.

By HOTP's truncation (RFC 4226, 5.3) of HMAC-SHA-256 over a counter and the time step (RFC 6238),
eight bytes each; the number ends with Luhn's check digit. `OfflineKey` in the protos is the source.
"""

import base64
import hmac
from dataclasses import dataclass, field
from datetime import datetime

_KIND = "2"
_COUNTER_DIGITS = 6
_ONE_TIME_DIGITS = 8


@dataclass(frozen=True, slots=True)
class OfflineKey:
    """One phone's key. `secret` is base64, empty where the key was there before.

    `create_time` is by the gateway's clock: a phone does well to keep how far its own is off.
    """

    offline_key_id: str
    payer_id: str
    key_number: str
    code_count: int
    step_seconds: int
    create_time: datetime
    expire_time: datetime
    secret: str = field(default="", repr=False)

    def number(self, counter: int, now: datetime) -> str:
        """The barcode number to show at `now`, good for about a minute.

        `counter` goes from 0 to below `code_count`, the next one for each code that is shown: keep
        it on the phone. Raises ValueError without the secret, or where the key is used up.
        """
        if not self.secret:
            raise ValueError("the secret was told when the key was made, and once")
        if not 0 <= counter < self.code_count:
            raise ValueError(f"the key makes {self.code_count} codes: provision another")
        digits = (
            f"{_KIND}{self.key_number}{counter:0{_COUNTER_DIGITS}}{self._one_time(counter, now)}"
        )
        return digits + luhn_digit(digits)

    def _one_time(self, counter: int, now: datetime) -> str:
        step = int(now.timestamp()) // self.step_seconds
        text = counter.to_bytes(8, "big") + step.to_bytes(8, "big")
        digest = hmac.digest(base64.b64decode(self.secret), text, "sha256")
        offset = digest[-1] % 16
        value = int.from_bytes(digest[offset : offset + 4], "big") % 2**31
        return f"{value % 10**_ONE_TIME_DIGITS:0{_ONE_TIME_DIGITS}}"


def luhn_digit(digits: str) -> str:
    """The check digit of ISO/IEC 7812-1 that comes behind `digits`."""
    odd, even = digits[-1::-2], digits[-2::-2]
    total = sum(sum(divmod(2 * int(digit), 10)) for digit in odd) + sum(map(int, even))
    return str(-total % 10)
