"""How top-ups are driven: their rules, messages and store as one kind of resource."""

from services.core.ids import Resource
from services.gateway.resources.events import CaseFile, Kind
from services.gateway.topups import saga, store
from services.gateway.topups.messages import command_of, fact_of
from services.gateway.topups.model import TopUp


def _case(top_up: TopUp) -> CaseFile:
    return CaseFile("", top_up.ask.participant_id, top_up.ask.partner_id, top_up.amount)


TOP_UPS = Kind[TopUp](
    Resource.TOP_UP,
    store.TABLE,
    store.read_top_ups,
    saga.decide,
    command_of,
    fact_of,
    _case,
    saga.resolve,
)
