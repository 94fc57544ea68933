"""Codes, offline keys, what a wallet wishes for its payers, and charges."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CodeState(StrEnum):
    """What a code is good for now."""

    ACTIVE = "active"
    USED = "used"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class PaymentCode:
    """A code that a payer shows; good until `expire_time`, in shops of one country.

    `payment_id` is the wallet's id of the payment it was charged for.
    """

    wallet_id: str
    code_id: str
    digest: bytes
    payer_id: str
    country_code: str
    number: str
    text: str
    create_time: datetime
    expire_time: datetime
    cancel_time: datetime | None = None
    payment_id: str = ""

    def state(self, now: datetime) -> CodeState:
        if self.payment_id:
            return CodeState.USED
        if self.cancel_time is not None:
            return CodeState.CANCELLED
        return CodeState.EXPIRED if now >= self.expire_time else CodeState.ACTIVE


@dataclass(frozen=True, slots=True)
class OfflineKey:
    """A secret that one phone makes codes with; `secret` is sealed.

    Counters run from 0 to below `code_count`. `failed_count` counts forged codes since the last
    good one.
    """

    wallet_id: str
    offline_key_id: str
    digest: bytes
    key_number: str
    payer_id: str
    secret: bytes
    code_count: int
    failed_count: int
    create_time: datetime
    expire_time: datetime
    revoke_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What a wallet wishes, in minor units of its home currency.

    Above `confirm_above` the payer confirms on the phone; with zero always. Above `offline_maximum`
    a code that a phone made is not taken; with zero none is.
    """

    wallet_id: str
    confirm_above: int = 0
    offline_maximum: int = 0
    jpqr_operator_code: str = ""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long codes of wallets of a country live, and where that is said. An empty country is any
    other."""

    country_code: str
    usual_seconds: int
    longest_seconds: int
    source: str


@dataclass(frozen=True, slots=True)
class Charge:
    """An acquirer's charge of a code: the payment under the acquirer's own id.

    `wallet_payment_id` is the payment's id among those of the wallet. Either `code_id` is set, or
    `offline_key_id` and `counter`.
    """

    acquirer_id: str
    payment_id: str
    digest: bytes
    merchant_id: str
    wallet_id: str
    wallet_payment_id: str
    reference: str
    waits_for_payer: bool
    create_time: datetime
    code_id: str | None = None
    offline_key_id: str | None = None
    counter: int | None = None
