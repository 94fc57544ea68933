"""Payees of agreements and payouts: sealed where they are stored, opened where money is sent.

One that was stored before payees were sealed is read as it is.
"""

from dataclasses import astuple, replace

from services.kit.bank_accounts import open_account, payout_place, seal_account, shown
from services.kit.sealing import SecretBox, SecretUnreadable
from services.settlement.domain.agreements import NO_PAYEE, Agreement, Payee
from services.settlement.payouts.model import Payout


def sealed_agreement(agreement: Agreement, box: SecretBox) -> Agreement:
    """As it is stored. Raises `SecretsKeyMissing`."""
    if agreement.payee == NO_PAYEE:
        return agreement
    place, parts = agreement_place(agreement.agreement_id), astuple(agreement.payee)
    whole = seal_account(box, place, parts)
    return replace(agreement, payee=Payee(*shown(parts)), sealed_payee=whole)


def opened_agreement(agreement: Agreement, box: SecretBox) -> Agreement:
    """With its payee. Raises `SecretsKeyMissing`, `SecretUnreadable`."""
    if not agreement.sealed_payee:
        return agreement
    parts = open_account(box, agreement_place(agreement.agreement_id), agreement.sealed_payee)
    return replace(agreement, payee=Payee(*parts), sealed_payee=b"")


def agreement_place(agreement_id: str) -> str:
    """What an agreement's payee is sealed for."""
    return f"agreement/{agreement_id}"


def sealed_payout(payout: Payout, box: SecretBox) -> Payout:
    """As it is stored, and as the bridge is told. Raises `SecretsKeyMissing`."""
    if payout.payee == NO_PAYEE:
        return payout
    parts = astuple(payout.payee)
    whole = seal_account(box, payout_place(payout.payout_id), parts)
    return replace(payout, payee=Payee(*shown(parts)), sealed_payee=whole)


def was_paid_to(payout: Payout, payee: Payee, box: SecretBox) -> bool:
    """Whether a payout went to `payee`; where its key is gone, as far as can be seen.

    Raises `SecretsKeyMissing`.
    """
    if not payout.sealed_payee:
        return payout.payee == payee
    try:
        parts = open_account(box, payout_place(payout.payout_id), payout.sealed_payee)
    except SecretUnreadable:
        return payout.payee == Payee(*shown(astuple(payee)))
    return Payee(*parts) == payee
