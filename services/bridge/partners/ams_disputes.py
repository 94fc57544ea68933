"""Disputes in the manner of AMS, read and written for the adapters that speak it.

Of disputes our source has only the settlement's summary types (DISPUTE, DISPUTE_REVERSAL). The
notices of a case that is created and judged, its acceptance and the evidence against it are named
after Antom's pages without having been checked against them; the inquiry is made up. A case that
is accepted or defended a second time in the same way is taken as a repeat.
"""

from datetime import datetime

from services.bridge.disputes.domain import Dispute, DisputeStanding
from services.bridge.domain.answer import Answer, Outcome
from services.bridge.notices.notice import DisputeNotice, DisputeStage
from services.bridge.partners.ams_results import Fields, read_amount

KIND = "DISPUTE"
INQUIRE = "inquiryDispute"
_STAGES = {
    "CREATED": DisputeStage.OPENED,
    "DEFENDED": DisputeStage.OPENED,
    "ACCEPT_BY_MERCHANT": DisputeStage.LOST,
    "LOST": DisputeStage.LOST,
    "WON": DisputeStage.WON,
}


def read_dispute_notice(fields: Fields, *, proven: bool) -> DisputeNotice:
    """A notice of the type `DISPUTE`. Raises KeyError, TypeError or ValueError."""
    case, state = str(fields["disputeId"]), fields["disputeStatus"]
    return DisputeNotice(
        case,
        str(fields["paymentRequestId"]),
        _STAGES[state],
        proven,
        read_amount(fields.get("disputeAmount")),
        str(fields.get("disputeReasonMsg", "")),
        answer_until_time=_time(fields.get("defenseDueTime")),
        notice_id=f"{case}/{state}",
    )


def write_answer(dispute: Dispute) -> tuple[str, Fields]:
    """The operation that answers a dispute, and its request."""
    case = {"disputeId": dispute.case_reference}
    if dispute.accept:
        return "acceptDispute", case
    return "supplyDefenseDocument", {**case, "disputeEvidence": dispute.evidence}


def read_answered(fields: Fields, request: str, response: str) -> Answer:
    """Whether the partner has our answer."""
    result = fields["result"]
    outcomes = {"S": Outcome.ACCEPTED, "F": Outcome.REJECTED}
    return Answer(
        outcomes.get(result["resultStatus"], Outcome.UNKNOWN),
        reason="DISPUTE_NOT_ANSWERABLE" if result["resultStatus"] == "F" else "",
        message=result.get("resultMessage", ""),
        partner_code=result["resultCode"],
        request=request,
        response=response,
    )


def read_standing(fields: Fields, charge_id: str) -> DisputeStanding:
    """How a dispute about our charge stands; no word on a case about another."""
    is_known = fields["result"]["resultStatus"] == "S"
    if not is_known or fields["paymentRequestId"] != charge_id:
        return DisputeStanding(None, detail=str(fields["result"]["resultCode"]))
    state = fields["disputeStatus"]
    return DisputeStanding(
        _STAGES[state],
        answered=state != "CREATED",
        detail=state,
        amount=read_amount(fields.get("disputeAmount")),
        reason=str(fields.get("disputeReasonMsg", "")),
        answer_until_time=_time(fields.get("defenseDueTime")),
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
