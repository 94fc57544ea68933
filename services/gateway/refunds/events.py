"""How refunds are driven: their rules, messages and store as one kind of resource."""

from collections.abc import Sequence
from dataclasses import replace

from services.core.ids import Resource
from services.gateway.escrow.messages import dispute_fact
from services.gateway.escrow.model import State as EscrowState
from services.gateway.escrow.store import read_escrows
from services.gateway.payments.store.payments import add_refunded
from services.gateway.refunds import saga, store
from services.gateway.refunds.messages import command_of, fact_of
from services.gateway.refunds.model import Refund, State
from services.gateway.resources.events import CaseFile, Kind
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection


async def _changed(connection: Connection, changed: Sequence[Refund]) -> Sequence[Outgoing]:
    """Payments know how much of them was given back. What did not go back out of escrow is held
    again, and disputed where it was: who was told that the dispute is over is told so."""
    completed = [refund for refund in changed if refund.life.state is State.COMPLETED]
    for refund in sorted(completed, key=lambda each: each.ask.payment_reference):
        await add_refunded(connection, refund.ask.payment_reference, refund.ask.target_minor)
    kept = {
        refund.ask.payment_reference: refund.life.update_time
        for refund in changed
        if refund.life.state is State.DECLINED and refund.ask.escrow_minor
    }
    escrows = await read_escrows(connection, sorted(kept)) if kept else ()
    return [
        dispute_fact(replace(each, update_time=kept[each.reference]))
        for each in escrows
        if each.state is EscrowState.DISPUTED
    ]


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
    _changed,
)
