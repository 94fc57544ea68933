"""How refunds are driven: their rules, messages and store as one kind of resource."""

from collections.abc import Sequence

from services.core.ids import Resource
from services.gateway.payments.store.payments import add_refunded
from services.gateway.refunds import saga, store
from services.gateway.refunds.messages import command_of, fact_of
from services.gateway.refunds.model import Refund, State
from services.gateway.resources.events import CaseFile, Kind
from services.kit.postgres import Connection


async def _count(connection: Connection, changed: Sequence[Refund]) -> None:
    """Payments know how much of them was given back."""
    completed = [refund for refund in changed if refund.life.state is State.COMPLETED]
    for refund in sorted(completed, key=lambda each: each.ask.payment_reference):
        await add_refunded(connection, refund.ask.payment_reference, refund.ask.target_minor)


def _case(refund: Refund) -> CaseFile:
    terms = refund.terms
    return CaseFile(terms.reference, terms.participant_id, terms.collect_partner_id, refund.home)


REFUNDS = Kind[Refund](
    Resource.REFUND,
    store.TABLE,
    store.read_refunds,
    saga.decide,
    command_of,
    fact_of,
    _case,
    saga.resolve,
    _count,
)
