"""What persons may still be paid: read where payments to them are confirmed, in that transaction.

A confirm takes from the receiver's limits as from the payer's: rows are locked in one order, so of
two payers at once the later one sees what the earlier has taken. Confirms that pay no person ask
for nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from services.gateway.payments.model import Payment, State
from services.gateway.personal.rules import Receiving, caps_of
from services.gateway.personal.store import revoked_among
from services.gateway.reference import Reference
from services.kit.postgres import Connection


async def begin_receiving(
    connection: Connection, payments: Sequence[Payment], reference: Reference, now: datetime
) -> Receiving | None:
    """What is needed of the quotes among `payments` that go to persons; None where none does."""
    to_persons = [
        payment.terms
        for payment in payments
        if payment.life.state is State.QUOTED and payment.terms.payee is not None
    ]
    if not to_persons:
        return None
    revoked = await revoked_among(connection, {terms.merchant_id for terms in to_persons})
    caps = {terms.reference: caps_of(terms, reference, now) for terms in to_persons}
    return Receiving(reference, caps, revoked)
