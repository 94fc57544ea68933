"""Which ledger accounts exist because something was put on record: one place for their names.

Postings (design §6) find their accounts by the same functions, so that what a payment needs has
been opened when its participant, merchant, scheme or corridor was put.
"""

from services.core.accounts import (
    AccountKind,
    AccountSpec,
    customer,
    house,
    merchant_payable,
    partner_payable,
    partner_receivable,
    prefund,
)
from services.gateway.reference import Corridor, Funding, Merchant, Participant, Scheme


def funding_account(wallet: Participant, payer_id: str) -> AccountSpec:
    """Where a payment of `wallet` is taken from; `payer_id` matters for hosted wallets only."""
    if wallet.funding is Funding.HOSTED:
        return customer(wallet.participant_id, payer_id, wallet.home_currency)
    if wallet.funding is Funding.PARTNER:
        return partner_receivable(
            wallet.participant_id, wallet.home_currency, wallet.net_debit_limit
        )
    return prefund(wallet.participant_id, wallet.home_currency, wallet.net_debit_limit)


def accounts_of_participant(participant: Participant) -> list[AccountSpec]:
    """A wallet's deposit or debt with us. Payers of hosted wallets get theirs one by one."""
    if participant.funding in (None, Funding.HOSTED):
        return []
    return [funding_account(participant, "")]


def accounts_of_merchant(merchant: Merchant) -> list[AccountSpec]:
    """What we owe the merchant."""
    return [
        merchant_payable(merchant.merchant_id, merchant.currency, merchant.net_debit_limit),
    ]


def accounts_of_scheme(scheme: Scheme) -> list[AccountSpec]:
    """What we owe the partner that accepts the scheme's codes."""
    if not scheme.acceptance_partner_id:
        return []
    return [partner_payable(scheme.acceptance_partner_id, scheme.currency)]


def accounts_of_corridor(corridor: Corridor) -> list[AccountSpec]:
    """Positions, income, suspense and loss of both sides; one currency alone has no position."""
    home, target = corridor.home_currency, corridor.target_currency
    specs = [
        house(kind, target)
        for kind in (AccountKind.FEE_INCOME, AccountKind.SUSPENSE, AccountKind.LOSS)
    ]
    if home != target:
        specs += [
            house(AccountKind.SUSPENSE, home),
            house(AccountKind.LOSS, home),
            house(AccountKind.POSITION, home),
            house(AccountKind.POSITION, target),
            house(AccountKind.FX_INCOME, home),
        ]
    if corridor.acceptance_partner_id and not corridor.personal:
        specs.append(partner_payable(corridor.acceptance_partner_id, target))
    return specs


def accounts_of_payer(wallet: Participant, payer_id: str) -> list[AccountSpec]:
    """What a payer of a hosted wallet needs for top-ups: their account, the bank's two, and loss
    for what cannot be credited."""
    currency = wallet.home_currency
    return [
        customer(wallet.participant_id, payer_id, currency),
        house(AccountKind.BANK, currency),
        house(AccountKind.BANK_CLEARING_IN, currency),
        house(AccountKind.LOSS, currency),
    ]


def accounts_of_withdrawals(wallet: Participant, payer_id: str) -> list[AccountSpec]:
    """What a withdrawal needs: the payer's account first, the bank's and its fees, and loss."""
    currency = wallet.home_currency
    return [
        customer(wallet.participant_id, payer_id, currency),
        house(AccountKind.BANK, currency),
        house(AccountKind.BANK_CLEARING_OUT, currency),
        house(AccountKind.BANK_FEE_EXPENSE, currency),
        house(AccountKind.LOSS, currency),
    ]
