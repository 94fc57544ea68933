"""That a bill is paid once: asked where payments are priced, and where they are confirmed.

Of two quotes for a bill only the later one can be confirmed, and none is given while a payment of
the bill is under way or holds, unless the payer asks for it. Both look while they have the bill's
row locked, so whichever comes first decides.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.core.errors import KawaseError
from services.gateway.bills.model import Biller
from services.gateway.bills.refusals import BillBeingPaid, BillPaid
from services.gateway.bills.store import lock_last_payments, paid_since
from services.gateway.payments.model import Payment, State
from services.kit.postgres import Connection


async def paid_refusal(
    connection: Connection, biller: Biller, reference: str, now: datetime
) -> KawaseError | None:
    """Why the bill is not to be paid now; None where it may be."""
    since = now - timedelta(days=biller.repeat_days)
    paid = await paid_since(connection, biller.biller_id, reference, since)
    if paid is None:
        return None
    state, paid_time = paid
    if state is State.COMPLETED:
        return BillPaid(biller.biller_id, reference, paid_time)
    return BillBeingPaid(biller.biller_id, reference)


async def taken_over(connection: Connection, payments: Iterable[Payment]) -> set[str]:
    """Which of these quotes may not be confirmed, by reference; their bills are locked."""
    bills = {
        payment.terms.reference: (payment.terms.merchant_id, reference)
        for payment in payments
        if payment.life.state is State.QUOTED and (reference := payment.terms.bill_reference)
    }
    if not bills:
        return set()
    last = await lock_last_payments(connection, set(bills.values()))
    return {reference for reference, bill in bills.items() if last.get(bill) != reference}
