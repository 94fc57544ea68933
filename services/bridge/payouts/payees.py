"""Payees of orders: sealed where they are stored, opened to be compared and told to a bank."""

from dataclasses import astuple, replace

from services.bridge.payouts.model import Payee, PayoutOrder
from services.kit.bank_accounts import open_account, payout_place, seal_account, shown
from services.kit.sealing import SecretBox, SecretUnreadable


def sealed(order: PayoutOrder, box: SecretBox) -> PayoutOrder:
    """The order as it is stored. Raises `SecretsKeyMissing`."""
    parts = astuple(order.payee)
    whole = seal_account(box, payout_place(order.payout_id), parts)
    return replace(order, payee=Payee(*shown(parts)), sealed_payee=whole)


def opened(order: PayoutOrder, box: SecretBox) -> PayoutOrder:
    """The order as it was asked for; one that was stored before payees were sealed is whole.

    Raises `SecretsKeyMissing`, `SecretUnreadable`.
    """
    if not order.sealed_payee:
        return order
    parts = open_account(box, payout_place(order.payout_id), order.sealed_payee)
    return replace(order, payee=Payee(*parts), sealed_payee=b"")


def is_repeat(stored: PayoutOrder, order: PayoutOrder, box: SecretBox) -> bool:
    """Whether `order`, as it came, asks for what is stored. Where the key of the stored one is
    gone, as far as can be seen. Raises `SecretsKeyMissing`."""
    try:
        return opened(stored, box) == order
    except SecretUnreadable:
        payee = Payee(*shown(astuple(order.payee)))
        return replace(order, payee=payee) == replace(stored, sealed_payee=b"")
