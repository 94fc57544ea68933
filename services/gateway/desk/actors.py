"""Who acts is whose key it is: which field of which request names the person.

A row for every RPC that is passed on; a test finds one that has none.
"""

from collections.abc import Mapping

from google.protobuf.message import Message

from services.gateway.access.people import PersonUnknown
from services.gateway.access.refusals import OperatorOtherwise
from services.gateway.reference import Reference

NOBODY = ""
"""Of an RPC that names nobody: it reads, or what it does is kept without a name, but for the audit
log's."""
_OPERATOR = "operator"

_SETTLEMENT: Mapping[str, Mapping[str, str]] = {
    "SettlementService": {
        "GetProgress": NOBODY,
        "PutSchedule": NOBODY,
        "ListSchedules": NOBODY,
        "ListWindows": NOBODY,
        "GetWindow": NOBODY,
        "CloseWindow": _OPERATOR,
        "RecheckWindow": _OPERATOR,
        "ListFacts": NOBODY,
    },
    "PayoutService": {
        "PutAgreement": NOBODY,
        "ListAgreements": NOBODY,
        "GetAgreement": NOBODY,
        "ListPayouts": NOBODY,
        "GetPayout": NOBODY,
        "RetryPayout": _OPERATOR,
        "ResolvePayout": _OPERATOR,
        "ProposePayoutRelease": _OPERATOR,
        "ApprovePayoutRelease": _OPERATOR,
        "GetStatement": NOBODY,
    },
    "ArrivalService": {"ListStuckArrivals": NOBODY, "RetryArrival": _OPERATOR},
    "FxBookService": {
        "RecordFxDeal": "deal.operator",
        "SettleFxDeal": _OPERATOR,
        "ListFxDeals": NOBODY,
        "GetExposure": NOBODY,
        "GetFxResult": NOBODY,
    },
    "PrefundingService": {"GetPrefunding": NOBODY, "PutPrefundingThreshold": _OPERATOR},
}
_RECONCILIATION: Mapping[str, Mapping[str, str]] = {
    "ReconciliationService": {"GetProgress": NOBODY, "ListFacts": NOBODY},
    "FileService": {
        "ImportFile": "header.operator",
        "ListFiles": NOBODY,
        "ListOverdueFiles": NOBODY,
    },
    "BreakService": {
        "ListBreaks": NOBODY,
        "GetBreak": NOBODY,
        "AssignBreak": _OPERATOR,
        "CommentBreak": _OPERATOR,
        "ProposeResolution": _OPERATOR,
        "ApproveResolution": _OPERATOR,
        "RejectResolution": _OPERATOR,
    },
    "DayService": {
        "RunDay": NOBODY,
        "GetDay": NOBODY,
        "CloseDay": _OPERATOR,
        "ProposeReopening": _OPERATOR,
        "ApproveReopening": _OPERATOR,
        "GetReport": NOBODY,
        "ListRows": NOBODY,
    },
}
ACTORS: Mapping[str, str] = {
    f"kawase.{owner}.v1.{service}/{method}": path
    for owner, services in (("settlement", _SETTLEMENT), ("reconciliation", _RECONCILIATION))
    for service, methods in services.items()
    for method, path in methods.items()
}
"""By the RPC's full name, the path of the field that names who acts."""
OTHERS: Mapping[str, str] = {"kawase.reconciliation.v1.BreakService/AssignBreak": "assignee"}
"""By the RPC's full name, the field that names somebody else of the operator's people."""


def name_actor(method: str, request: Message, person_id: str) -> None:
    """Put who acts into `request`. Raises `OperatorOtherwise` where it names another.

    What would carry the name and is not there stays away: the service refuses what lacks it.
    """
    path = ACTORS[method]
    if path == NOBODY:
        return
    place = request
    *parents, field = path.split(".")
    for parent in parents:
        if not place.HasField(parent):
            return
        place = getattr(place, parent)
    named = getattr(place, field)
    if named not in ("", person_id):
        raise OperatorOtherwise(named, person_id, path)
    setattr(place, field, person_id)


def check_others(method: str, request: Message, known: Reference) -> None:
    """Raises `PersonUnknown` where `request` names somebody who does not work here (any more)."""
    field = OTHERS.get(method)
    named = getattr(request, field) if field else ""
    person = known.access.persons.get(named)
    if named and (person is None or not person.active):
        raise PersonUnknown(named)
