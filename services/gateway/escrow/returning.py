"""What is held goes back to the buyer: a refund, at the rate it was paid at, of nothing but what is
in escrow. The corridor's policy is for refunds of what a merchant was paid."""

from dataclasses import replace
from datetime import datetime

from services.core.ids import new_reference
from services.core.money import Money
from services.core.sheet import RateSheet
from services.gateway.escrow.store import find_held
from services.gateway.payments.model import Payment
from services.gateway.reference import RefundPolicy
from services.gateway.refunds.asking import Conditions, Wish, ask_for
from services.gateway.refunds.messages import command_of
from services.gateway.refunds.model import Refund
from services.gateway.refunds.saga import first_life
from services.gateway.refunds.store import add_refund, already_given
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection


async def give_back(
    connection: Connection, payment: Payment, wish: Wish, amount: Money, now: datetime
) -> tuple[Refund, Outgoing]:
    """The refund of `amount`, which is held, and its first command; the payment is locked."""
    terms = payment.terms
    already = await already_given(connection, terms.reference)
    held = await find_held(connection, terms.reference)
    taking = replace(wish, amount=amount)
    reference = new_reference(now)
    ask = ask_for(taking, terms, payment.life, already, _AS_PAID, reference, now, held)
    refund = Refund(replace(ask, digest=wish.digest), terms, first_life(now))
    await add_refund(connection, refund.ask, refund.life)
    return refund, command_of(refund.life.step, refund)


def _unasked() -> RateSheet:
    raise AssertionError("the rate it was paid at needs no sheet")


_AS_PAID = Conditions(RefundPolicy(), _unasked)
