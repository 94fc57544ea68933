"""Whether a code may be charged, and what wallets may ask for. Pure."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

from services.core.errors import Contended, KawaseError, Unavailable
from services.gateway.payments.refusals import (
    AmountBelowFee,
    AmountCurrencyDiffers,
    AmountNotPositive,
    AmountTooLarge,
)
from services.gateway.presenting.model import Lifetime, OfflineKey, PaymentCode, Policy
from services.gateway.presenting.numbers import OfflineNumber
from services.gateway.presenting.offline import Fit, fit_of
from services.gateway.presenting.refusals import (
    ChargeRefused,
    ChargeUnavailable,
    CodeCancelled,
    CodeExpired,
    CodeForOtherCountry,
    CodeNotYetValid,
    CodeUnknown,
    CodeUsed,
    CountryCodeMalformed,
    LifetimeMalformed,
    OfflineCodesUsedUp,
    OfflineKeyLocked,
    OfflineKeyOutOfRange,
    PolicyMalformed,
    ValiditySecondsOutOfRange,
)
from services.gateway.reference import Participant, Reference

LIVE_CODES = 3
"""Codes of one payer that are good at the same time."""
LIVE_KEYS = 3
USUAL_CODE_COUNT = 20
MOST_CODES = 100
USUAL_KEY_DAYS = 7
MOST_KEY_DAYS = 30
# The longest that a law we know of allows: Korea's three minutes.
LONGEST_LIFETIME = 180
SOURCE_MAXIMUM = 300
# Of some 10^8 one-time digits four are good at a time.
FORGED_LIMIT = 10
LARGEST_MINOR = 10**15 - 1

_COUNTRY = re.compile(r"[A-Z]{2}")
# EMVCo QR CPM v1.1 gives an application's name 5 to 16 bytes.
_OPERATOR_CODE = re.compile(r"[A-Za-z0-9]{5,16}")
# What a shop's till has to hear of the amount it asked for.
_OWN_FAULTS = (AmountBelowFee, AmountCurrencyDiffers, AmountNotPositive, AmountTooLarge)


def digest_of(*parts: object) -> bytes:
    """What has to be the same for a repeat of an id."""
    return hashlib.sha256("\x00".join(map(str, parts)).encode()).digest()


def online_refusal(code: PaymentCode, merchant_country: str, now: datetime) -> KawaseError | None:
    """Why a code that was made here cannot be charged."""
    if code.payment_id:
        return CodeUsed()
    if code.cancel_time is not None:
        return CodeCancelled()
    if now >= code.expire_time:
        return CodeExpired()
    if code.country_code != merchant_country:
        return CodeForOtherCountry(code.country_code)
    return None


def offline_refusal(
    key: OfflineKey, secret: bytes, number: OfflineNumber, now: datetime, *, used: bool
) -> KawaseError | None:
    """Why a code that a phone made cannot be charged.

    A forged one is always `CodeUnknown`, and nothing else is: it tells nothing of the key.
    """
    fit = fit_of(secret, number.counter, number.one_time, now)
    if fit is Fit.NEVER:
        return CodeUnknown()
    if key.failed_count >= FORGED_LIMIT:
        return OfflineKeyLocked()
    if used:
        return CodeUsed()
    if key.revoke_time is not None:
        return CodeCancelled()
    if fit is Fit.OLD or now >= key.expire_time:
        return CodeExpired()
    if fit is Fit.AHEAD:
        return CodeNotYetValid()
    return OfflineCodesUsedUp() if number.counter >= key.code_count else None


def lifetime_of(lifetimes: Mapping[str, Lifetime], wallet: Participant) -> Lifetime:
    """What the wallet's country allows; there is always one for any other."""
    return lifetimes.get(wallet.country_code) or lifetimes[""]


def check_lifetime(lifetime: Lifetime) -> None:
    """Raises `LifetimeMalformed`."""
    country = lifetime.country_code
    if country and _COUNTRY.fullmatch(country) is None:
        raise LifetimeMalformed("country_code", "two capital letters, or empty for all others")
    if not 1 <= lifetime.longest_seconds <= LONGEST_LIFETIME:
        raise LifetimeMalformed("longest_seconds", f"1 to {LONGEST_LIFETIME}")
    if not 1 <= lifetime.usual_seconds <= lifetime.longest_seconds:
        raise LifetimeMalformed("usual_seconds", "1 to longest_seconds")
    source = lifetime.source
    if not source.strip() or len(source) > SOURCE_MAXIMUM or not source.isprintable():
        form = f"the law or terms that say so, up to {SOURCE_MAXIMUM} printable characters"
        raise LifetimeMalformed("source", form)


def validity_seconds(asked: int, lifetime: Lifetime) -> int:
    """How long a code lives. Raises `ValiditySecondsOutOfRange`."""
    if not 0 <= asked <= lifetime.longest_seconds:
        raise ValiditySecondsOutOfRange(lifetime.longest_seconds)
    return asked or lifetime.usual_seconds


def within(asked: int, usual: int, most: int, field: str) -> int:
    """A count or length as asked, or the usual one for 0. Raises `OfflineKeyOutOfRange`."""
    if not 0 <= asked <= most:
        raise OfflineKeyOutOfRange(field, most)
    return asked or usual


def checked_country(country_code: str) -> str:
    """Raises `CountryCodeMalformed`."""
    if _COUNTRY.fullmatch(country_code) is None:
        raise CountryCodeMalformed
    return country_code


def accepts(reference: Reference, wallet: Participant, country_code: str) -> bool:
    """Whether an open corridor of the wallet leads to our own acquirers' shops of a country."""
    currencies = {
        scheme.currency
        for scheme in reference.schemes.values()
        if scheme.country_code == country_code and not scheme.acceptance_partner_id
    }
    corridors = (
        reference.corridors.get((wallet.participant_id, "", currency)) for currency in currencies
    )
    return any(corridor is not None and corridor.open for corridor in corridors)


def check_policy(policy: Policy) -> None:
    """Raises `PolicyMalformed`."""
    for field in ("confirm_above", "offline_maximum"):
        if not 0 <= getattr(policy, field) <= LARGEST_MINOR:
            raise PolicyMalformed(field, f"0 to {LARGEST_MINOR} in minor units of home currency")
    operator_code = policy.jpqr_operator_code
    if operator_code and _OPERATOR_CODE.fullmatch(operator_code) is None:
        raise PolicyMalformed("jpqr_operator_code", "5 to 16 letters and digits, or empty")


def waits_for_payer(policy: Policy, home_minor: int) -> bool:
    """Whether the payer has to confirm on the phone."""
    return home_minor > policy.confirm_above or policy.confirm_above == 0


def masked(refusal: KawaseError) -> KawaseError:
    """What the acquirer is told of a refusal of pricing or limits."""
    if isinstance(refusal, _OWN_FAULTS):
        return refusal
    again = isinstance(refusal, (Unavailable, Contended))
    return ChargeUnavailable() if again else ChargeRefused()
