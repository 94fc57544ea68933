"""What a screening list says of a payment. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.core.money import Money
from services.gateway.screening import PASSED, Subject, Verdict
from services.gateway.screening.names import fold_id, name_keys


@dataclass(frozen=True, slots=True)
class VelocityRule:
    """At most so many payments of a payer within any window; an empty wallet stands for all."""

    rule_id: str
    wallet_id: str
    payments: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class AmountRule:
    """At most so much in one payment, in its home or target currency."""

    rule_id: str
    wallet_id: str
    maximum: Money


@dataclass(frozen=True, slots=True)
class ScreeningList:
    """A list as it is looked up; ids are folded. `digest` is the SHA-256 of its file.

    Where no wallet or partner is named, an entry stands for all of them. Values are sources.
    """

    digest: str
    payers: Mapping[tuple[str | None, str], str]
    """By wallet and payer id."""
    merchants: Mapping[tuple[str | None, str], str]
    """By acceptance partner (empty: our own acquirers) and merchant id."""
    names: Mapping[str, str]
    velocities: tuple[VelocityRule, ...] = ()
    amounts: tuple[AmountRule, ...] = ()

    def velocities_of(self, wallet_id: str) -> tuple[VelocityRule, ...]:
        """The velocity rules of a wallet's payers."""
        return tuple(rule for rule in self.velocities if rule.wallet_id in ("", wallet_id))


def decide(listed: ScreeningList, subject: Subject, passed: Mapping[timedelta, int]) -> Verdict:
    """The first thing found; `passed` counts the payer's payments within each window before."""
    return (
        _listed_payer(listed, subject)
        or _listed_payee(listed, subject)
        or _listed_merchant(listed, subject)
        or _over_amount(listed, subject)
        or _too_fast(listed, subject, passed)
        or PASSED
    )


def _listed_payer(listed: ScreeningList, subject: Subject) -> Verdict | None:
    source = _source_of(listed, subject.participant_id, subject.payer_id)
    if source is None:
        return None
    return Verdict("LISTED_PAYER", f"payer {subject.payer_id}: {source}")


def _listed_payee(listed: ScreeningList, subject: Subject) -> Verdict | None:
    """A person who is paid is some wallet's payer, too."""
    if subject.payee is None:
        return None
    wallet_id, payer_id = subject.payee
    source = _source_of(listed, wallet_id, payer_id)
    if source is None:
        return None
    return Verdict("LISTED_PAYEE", f"payee {payer_id} of {wallet_id}: {source}")


def _source_of(listed: ScreeningList, participant_id: str, payer_id: str) -> str | None:
    folded = fold_id(payer_id)
    for wallet_id in (participant_id, None):
        source = listed.payers.get((wallet_id, folded))
        if source is not None:
            return source
    return None


def _listed_merchant(listed: ScreeningList, subject: Subject) -> Verdict | None:
    merchant_id = fold_id(subject.merchant_id)
    for partner_id in (subject.acceptance_partner_id, None):
        source = listed.merchants.get((partner_id, merchant_id))
        if source is not None:
            return Verdict("LISTED_MERCHANT", f"merchant {subject.merchant_id}: {source}")
    for key in name_keys(subject.merchant_name):
        source = listed.names.get(key)
        if source is not None:
            return Verdict("LISTED_MERCHANT", f"name {subject.merchant_name}: {source}")
    return None


def _over_amount(listed: ScreeningList, subject: Subject) -> Verdict | None:
    for rule in listed.amounts:
        if rule.wallet_id not in ("", subject.participant_id):
            continue
        for amount in (subject.home, subject.target):
            if amount.currency == rule.maximum.currency and amount.minor > rule.maximum.minor:
                return Verdict("AMOUNT", f"{rule.rule_id}: {amount} is above {rule.maximum}")
    return None


def _too_fast(
    listed: ScreeningList, subject: Subject, passed: Mapping[timedelta, int]
) -> Verdict | None:
    for rule in listed.velocities_of(subject.participant_id):
        if passed.get(rule.window, 0) >= rule.payments:
            seconds = int(rule.window.total_seconds())
            return Verdict("VELOCITY", f"{rule.rule_id}: {rule.payments} within {seconds} s before")
    return None
