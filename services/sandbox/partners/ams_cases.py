"""Disputes as AMS might have them: cases, their notices, and what the client says to them.

Made up beyond the settlement's summary types (facts.md §3). Control, in a simulator that has it:

    POST /_control/notice_url  {"url"}: where notices of cases go from now on
    POST /_control/dispute     {"id", "amount", "reason"}: a payer contests it: {"dispute_id"}
    POST /_control/decide      {"dispute_id", "won"}: the case is decided, answered or not

A case is decided when it is answered: for whoever defends it with evidence.
"""

from collections.abc import Callable
from datetime import timedelta

from aiohttp import web

from services.core.clock import Clock
from services.sandbox.partners.base import Fields, Reply, read_fields
from services.sandbox.partners.books import Books
from services.sandbox.partners.charging import result, success

ANSWER_TIME = timedelta(days=7)
_DISPUTE = "dispute"
_DECIDED = ("WON", "LOST", "ACCEPT_BY_MERCHANT")

Tell = Callable[[str, Fields], None]
"""Sends a notice with this content to this address."""


class Cases:
    """The cases of one partner, whose payments are in the same books."""

    def __init__(self, books: Books, clock: Clock, tell: Tell, notice_url: str = "") -> None:
        self._books = books
        self._clock = clock
        self._tell = tell
        self._notice_url = notice_url

    def control_routes(self) -> list[web.RouteDef]:
        return [
            web.post("/_control/notice_url", self._set_notice_url),
            web.post("/_control/dispute", self._open),
            web.post("/_control/decide", self._decide),
        ]

    def find(self, case: str) -> Reply:
        known = self._books.get(_DISPUTE, case)
        if known is None:
            return Reply({"result": result("F", "DISPUTE_NOT_EXIST", "No such case.")})
        return Reply({"result": success(), "disputeId": case, **known["shown"]})

    def answer(self, case: str, evidence: str | None) -> Reply:
        """`evidence` None accepts the case."""
        known = self._books.get(_DISPUTE, case)
        if known is None:
            return self.find(case)
        said = "" if evidence is None else f"defended: {evidence}"
        is_over = known["shown"]["disputeStatus"] in _DECIDED
        if known["said"] != said and (known["said"] is not None or is_over):
            return Reply({"result": result("F", "DISPUTE_CLOSED", "The case is closed.")})
        if known["said"] is None:
            self._books.put(_DISPUTE, case, {**known, "said": said})
            self._end(case, "WON" if evidence else "ACCEPT_BY_MERCHANT")
        return Reply({"result": success(), "disputeId": case})

    def lost(self) -> dict[str, int]:
        """Minor units taken back from us, by request id."""
        shown = [entry["shown"] for _, entry in self._books.all(_DISPUTE)]
        return {
            one["paymentRequestId"]: int(one["disputeAmount"]["value"])
            for one in shown
            if one["disputeStatus"] in ("LOST", "ACCEPT_BY_MERCHANT")
        }

    def _end(self, case: str, status: str) -> bool:
        known = self._books.get(_DISPUTE, case)
        if known is None or known["shown"]["disputeStatus"] in _DECIDED:
            return False
        shown = {**known["shown"], "disputeStatus": status}
        self._books.put(_DISPUTE, case, {**known, "shown": shown})
        self._notify(case, shown)
        return True

    def _notify(self, case: str, shown: Fields) -> None:
        if self._notice_url:
            self._tell(self._notice_url, {"notifyType": "DISPUTE", "disputeId": case, **shown})

    async def _set_notice_url(self, request: web.Request) -> web.Response:
        self._notice_url = str((await read_fields(request))["url"])
        return web.json_response({"url": self._notice_url})

    async def _open(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        payment = self._books.get("payment", fields["id"])
        if payment is None or payment["status"] != "SUCCESS":
            return web.json_response({"error": "nothing was paid under this id"}, status=409)
        case = f"D{self._books.count(_DISPUTE) + 1:012d}"
        value = str(fields.get("amount") or payment["value"])
        shown: Fields = {
            "disputeStatus": "CREATED",
            "paymentRequestId": fields["id"],
            "disputeAmount": {"value": value, "currency": payment["currency"]},
            "disputeReasonMsg": str(fields.get("reason", "FRAUD")),
            "defenseDueTime": (self._clock.now() + ANSWER_TIME).isoformat(timespec="seconds"),
        }
        self._books.put(_DISPUTE, case, {"said": None, "shown": shown})
        self._notify(case, shown)
        return web.json_response({"dispute_id": case})

    async def _decide(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        if not self._end(fields["dispute_id"], "WON" if fields["won"] else "LOST"):
            return web.json_response({"error": "no such case is open"}, status=409)
        return web.json_response({"dispute_id": fields["dispute_id"]})
