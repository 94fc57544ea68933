"""How much a person may be paid, as data: limit rules of the receipt flow. Pure.

A rule counts by the receiver's wallet: its country, its id, its currency, its days and months. A
person is no shop, so where no rule limits a day, a month or a year nobody is paid.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.core.errors import KawaseError
from services.gateway.payments.asking import Outcome
from services.gateway.payments.limits import Usage, local_day, receiver_key, usage_of
from services.gateway.payments.model import Payment, State, Terms
from services.gateway.personal.refusals import (
    PersonalCodeRevoked,
    PersonalCodesNotOpen,
    PersonsTakeNoHolds,
    ReceiptOverLimit,
    ReceiverLimitReached,
)
from services.gateway.reference import LimitFlow, LimitPeriod, LimitRule, Participant, Reference


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit of a receiver in one period, and the key its use is counted under."""

    rule: LimitRule
    key: str

    @property
    def usage(self) -> Usage:
        return usage_of(self.key, date.min)


def rules_for(wallet: Participant, reference: Reference) -> tuple[LimitRule, ...]:
    """The rules that limit what payers of the wallet are paid, in the order of their ids."""
    return tuple(
        rule
        for _, rule in sorted(reference.limit_rules.items())
        if rule.flow is LimitFlow.RECEIPT
        and rule.active
        and rule.maximum.currency == wallet.home_currency
        and rule.wallet_country in ("", wallet.country_code)
        and rule.wallet_id in ("", wallet.participant_id)
    )


def is_open(wallet: Participant, reference: Reference) -> bool:
    """Whether something limits what its payers are paid in time."""
    return any(rule.period is not LimitPeriod.PAYMENT for rule in rules_for(wallet, reference))


def caps_of(terms: Terms, reference: Reference, now: datetime) -> tuple[Cap, ...]:
    """The limits that a payment to a person takes from, on the receiver's side."""
    assert terms.payee is not None
    wallet_id, payer_id = terms.payee
    wallet = reference.participants[wallet_id]
    day = local_day(wallet, now)
    receiver = f"{wallet_id}/{payer_id}"
    return tuple(
        Cap(rule, receiver_key(rule, receiver, day))
        for rule in rules_for(wallet, reference)
        if rule.period is not LimitPeriod.PAYMENT
    )


def receipt_refusal(
    terms: Terms, reference: Reference, caps: tuple[Cap, ...], used: Mapping[Usage, int]
) -> KawaseError | None:
    """Why the person is not paid so much, given what was `used` so far; None where they are."""
    assert terms.payee is not None
    wallet = reference.participants[terms.payee[0]]
    if not caps:
        return PersonalCodesNotOpen(wallet.participant_id)
    for rule in rules_for(wallet, reference):
        if terms.target_minor > rule.maximum.minor:
            return ReceiptOverLimit(rule)
    for cap in caps:
        if used.get(cap.usage, 0) + terms.target_minor > cap.rule.maximum.minor:
            return ReceiverLimitReached(cap.rule)
    return None


@dataclass(frozen=True, slots=True)
class Receiving:
    """What is known of the persons that a batch of confirms pays. `revoked` are tokens."""

    reference: Reference
    caps: Mapping[str, tuple[Cap, ...]]
    """By the payment's reference."""
    revoked: frozenset[str]

    def usages(self) -> set[Usage]:
        """All that may be taken from."""
        return {cap.usage for caps in self.caps.values() for cap in caps}

    def decide(
        self,
        payment: Payment,
        outcome: Outcome,
        used: Mapping[Usage, int],
        day: date,
        *,
        authorises: bool,
    ) -> Outcome:
        """What a confirm comes to where a person is paid: refused, or it takes from their limits
        too. Any other is as it was. `day` is the payer's, as for all that a payment takes from.
        """
        terms, life = payment.terms, outcome.life
        caps = self.caps.get(terms.reference)
        if caps is None or life is None or life.state is not State.CONFIRMED:
            return outcome
        refusal: KawaseError | None
        if authorises:
            refusal = PersonsTakeNoHolds(terms.payment_id)
        elif terms.merchant_id in self.revoked:
            refusal = PersonalCodeRevoked()
        else:
            refusal = receipt_refusal(terms, self.reference, caps, used)
        if refusal is not None:
            return Outcome(refusal=refusal)
        keys = (*life.limit_keys, *(cap.key for cap in caps))
        return Outcome(replace(life, limit_day=day, limit_keys=keys))
