"""Whose a payment is: its wallet's, and at a merchant of our own its acquirer's, to a person of a
hosted wallet that wallet's.

A wallet names the payment by its own id, who is on the other side by our reference of 26
characters: payment ids belong to wallets, and two of them may use the same.
"""

from services.gateway.payments.model import Payment, Terms
from services.gateway.payments.pricing import Wish
from services.gateway.payments.refusals import PaymentExistsWithDifferentContent, PaymentUnknown
from services.gateway.payments.shelf import Shelf
from services.gateway.payments.store.payments import (
    find_lives,
    lock_lives,
    read_lives,
    with_terms,
)
from services.gateway.personal.refusals import RefundIsTheReceivers
from services.gateway.reference import Participant, ParticipantKind, Reference
from services.kit.postgres import Connection


async def find_payment(
    connection: Connection,
    known: Reference,
    caller: Participant,
    payment_id: str,
    *,
    lock: bool = False,
) -> Payment:
    """A payment of the caller's; with `lock` its row is locked. Raises `PaymentUnknown`."""
    if caller.kind is ParticipantKind.ACQUIRER:
        read = lock_lives if lock else read_lives
        lives = await read(connection, [payment_id])
    else:
        key = (caller.participant_id, payment_id)
        found = await find_lives(connection, [key], lock=lock)
        lives = {each.reference: each.life for each in found.values()}
    payments = await with_terms(connection, list(lives.items()))
    if not payments or not _is_of(caller, payments[0], known):
        raise PaymentUnknown(payment_id)
    return payments[0]


async def find_refundable(
    connection: Connection, known: Reference, caller: Participant, payment_id: str
) -> Payment:
    """A payment that the caller may give back, its row locked: one of its own or to its shops; what
    a person was paid only that person's wallet may.

    Raises `PaymentUnknown`, `RefundIsTheReceivers`.
    """
    try:
        payment = await find_payment(connection, known, caller, payment_id, lock=True)
    except PaymentUnknown:
        lives = await lock_lives(connection, [payment_id])
        received = await with_terms(connection, list(lives.items()))
        if not received or not _is_receiver(caller, received[0]):
            raise
        return received[0]
    if payment.terms.payee is not None and not _is_receiver(caller, payment):
        raise RefundIsTheReceivers(payment_id)
    return payment


def _is_receiver(caller: Participant, payment: Payment) -> bool:
    payee = payment.terms.payee
    return payee is not None and payee[0] == caller.participant_id


async def find_same(connection: Connection, shelf: Shelf, wish: Wish) -> Payment | None:
    """The payment that the wallet has made of the same wish before; None where the id is free.

    Raises `PaymentExistsWithDifferentContent`.
    """
    found = await find_lives(connection, [(wish.wallet.participant_id, wish.payment_id)])
    if not found:
        return None
    (one,) = found.values()
    payment = (await shelf.payments(connection, {one.reference: one.life}))[one.reference]
    if payment.terms.digest != wish.digest:
        raise PaymentExistsWithDifferentContent(wish.payment_id)
    return payment


def acquirer_of(terms: Terms, known: Reference) -> str:
    """Our own acquirer whose shop is paid; empty where there is none."""
    # A partner's merchant may have the same id as one of ours, or a person's token.
    if terms.acceptance_partner_id or terms.payee is not None:
        return ""
    merchant = known.merchants.get(terms.merchant_id)
    return "" if merchant is None else merchant.acquirer_id


def _is_of(caller: Participant, payment: Payment, known: Reference) -> bool:
    if caller.kind is not ParticipantKind.ACQUIRER:
        return payment.terms.participant_id == caller.participant_id
    return acquirer_of(payment.terms, known) == caller.participant_id
