"""Kakao Pay as the payer's wallet: ready, the payer approves on the phone, approve.

Source: facts.md §2, the open API (`/online/v1/payment/…`). Money moves only by our `approve`, and a
tid is approved once. `ready` moves nothing, so it may be sent again. No partner key makes a cancel
(its refund) happen once, so it is looked for in the order before it is asked for, and asked for
with `cancel_available_amount` as seen there: that the API checks it is read from its name and not
confirmed. The error table is not public: an approval's refusal counts only with a method's result.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from services.bridge.domain.answer import Answer, Outcome, Rules
from services.bridge.domain.charge import Charge
from services.bridge.domain.refund import Refund
from services.bridge.domain.statement import PartnerFile
from services.bridge.partner import Partner, Surroundings
from services.bridge.partners.ams_files import PREFIXES, AmsFiles
from services.bridge.partners.bounds import Bounds, bounds_from, refuse
from services.bridge.partners.http import NoAnswer, NotSent, PartnerHttp
from services.bridge.partners.way_back import WayBack
from services.bridge.settings import PartnerConfig
from services.core.money import Money

RULES = Rules(
    repeatable=True,
    cancels=True,
    inquire_every=timedelta(seconds=3),
    inquiries=10,
    approval_every=timedelta(seconds=5),
    call=timedelta(seconds=5),
)
CURRENCY = "KRW"
# facts.md §2: a payment with Kakao Pay money; a shop id.
MINIMUM_WON, MAXIMUM_WON = 50, 2_000_000
CID_LENGTH = 10
TEXT_LIMIT = 100
FILES = "online/v1/settlements"
_BAD_REQUEST = 400
# What of an answer is kept for the journal: no user, no card, no address to approve at.
_JOURNALED = (
    "tid",
    "aid",
    "status",
    "amount",
    "approved_cancel_amount",
    "canceled_amount",
    "cancel_available_amount",
    "error_code",
    "error_message",
    "extras",
)

# All 13 states of an order.
STATES = {
    "READY": Outcome.ACTION_REQUIRED,
    "SEND_TMS": Outcome.ACTION_REQUIRED,
    "OPEN_PAYMENT": Outcome.ACTION_REQUIRED,
    "SELECT_METHOD": Outcome.ACTION_REQUIRED,
    "ARS_WAITING": Outcome.ACTION_REQUIRED,
    "AUTH_PASSWORD": Outcome.ACTION_REQUIRED,
    "ISSUED_SID": Outcome.ACTION_REQUIRED,
    "SUCCESS_PAYMENT": Outcome.ACCEPTED,
    "PART_CANCEL_PAYMENT": Outcome.ACCEPTED,
    "CANCEL_PAYMENT": Outcome.CANCELLED,
    "FAIL_AUTH_PASSWORD": Outcome.REJECTED,
    "QUIT_PAYMENT": Outcome.REJECTED,
    "FAIL_PAYMENT": Outcome.REJECTED,
}
_REASONS = {
    "USER_LOCKED": ("PAYER_LOCKED", "The payer's Kakao Pay account is locked."),
    "LACK_BALANCE": ("PAYER_FUNDS", "The payer's Kakao Pay balance is too low."),
    "QUIT_PAYMENT": ("NOT_APPROVED", "The payer did not approve."),
    "FAIL_AUTH_PASSWORD": ("NOT_APPROVED", "The payer's password was not right."),
}

Fields = dict[str, Any]


class _Refused(Exception):
    """The API answered with its error body."""

    def __init__(self, fields: Fields) -> None:
        super().__init__(str(fields.get("error_code")))
        self.fields = fields
        extras = fields.get("extras") or {}
        self.method_code = str(extras.get("method_result_code", ""))


@dataclass(frozen=True, slots=True)
class Terms:
    """Our shop id there, the secret key, and what it takes."""

    cid: str
    secret: str
    bounds: Bounds


class KakaoPayWallet(Partner):
    """The payer reference is the payer's id as their wallet knows it."""

    def __init__(self, http: PartnerHttp, rules: Rules, terms: Terms, way_back: WayBack) -> None:
        self.partner_id = way_back.partner_id
        self.rules = rules
        self._http = http
        self._terms = terms
        self._way_back = way_back
        self._headers = {
            "Authorization": f"SECRET_KEY {terms.secret}",
            "Content-Type": "application/json",
        }
        self._files = AmsFiles(self.partner_id, http, FILES, lambda _path: self._headers)

    async def start(self, charge: Charge) -> Answer:
        order = charge.order
        if (refused := refuse(order, self._terms.bounds)) is not None:
            return refused
        back = self._way_back.url(charge.charge_id)
        request = {
            "partner_order_id": charge.charge_id,
            "partner_user_id": order.payer_reference[:TEXT_LIMIT],
            "item_name": (order.description or "Payment")[:TEXT_LIMIT],
            "quantity": 1,
            "total_amount": order.amount.minor,
            "tax_free_amount": 0,
            "approval_url": f"{back}/approve",
            "cancel_url": f"{back}/cancel",
            "fail_url": f"{back}/fail",
        }

        def read(fields: Fields) -> Answer:
            return Answer(
                Outcome.ACTION_REQUIRED,
                partner_reference=fields["tid"],
                action_url=fields["next_redirect_mobile_url"],
            )

        return await self._ask("ready", request, read, refused_is_final=True)

    async def approve(self, charge: Charge, token: str) -> Answer:
        request = {
            "tid": charge.partner_reference,
            "partner_order_id": charge.charge_id,
            "partner_user_id": charge.order.payer_reference[:TEXT_LIMIT],
            "pg_token": token,
            "total_amount": charge.order.amount.minor,
        }

        def read(fields: Fields) -> Answer:
            return Answer(Outcome.ACCEPTED, amount=_won(fields["amount"]), detail=fields["aid"])

        return await self._ask("approve", request, read)

    async def inquire(self, charge: Charge) -> Answer:
        if not charge.partner_reference:
            return await self.start(charge)
        return await self._ask("order", {"tid": charge.partner_reference}, _read_order)

    async def cancel(self, charge: Charge) -> Answer:
        if not charge.partner_reference:
            return Answer(Outcome.CANCELLED, detail="no tid was ever given")
        found = await self.inquire(charge)
        match found.outcome:
            case Outcome.ACCEPTED:
                return await self._give_all_back(charge)
            case Outcome.ACTION_REQUIRED | Outcome.REJECTED:
                # Nothing is paid, and without our approval nothing will be.
                return replace(found, outcome=Outcome.CANCELLED, detail="not paid")
            case _:
                return found

    async def _give_all_back(self, charge: Charge) -> Answer:
        def read(fields: Fields) -> Answer:
            is_empty = fields["cancel_available_amount"]["total"] == 0
            return Answer(Outcome.CANCELLED if is_empty else Outcome.UNKNOWN, detail=fields["aid"])

        try:
            left = await self._left(charge)
        except (NotSent, NoAnswer, _Refused, KeyError, TypeError) as error:
            return Answer(Outcome.UNKNOWN, detail=repr(error))
        return await self._ask("cancel", _cancel(charge, left, left, charge.charge_id), read)

    async def refund(self, charge: Charge, refund: Refund) -> Answer:
        try:
            order = await self._post("order", {"tid": charge.partner_reference})
            if (done := _find_cancel(order, refund.refund_id)) is not None:
                return Answer(Outcome.ACCEPTED, partner_reference=done, response=_journal(order))
            left = int(order["cancel_available_amount"]["total"])
        except (NotSent, NoAnswer, _Refused, KeyError, TypeError, ValueError) as error:
            return Answer(Outcome.UNKNOWN, detail=repr(error))
        won = refund.order.amount.minor
        request = _cancel(charge, won, left, refund.refund_id)

        def read(fields: Fields) -> Answer:
            if fields["approved_cancel_amount"]["total"] != won:
                raise ValueError("another amount was given back than asked for")
            return Answer(Outcome.ACCEPTED, partner_reference=fields["aid"])

        answer = await self._ask("cancel", request, read, refused_is_final=True)
        if answer.outcome is Outcome.REJECTED and await self._has_moved(charge, left):
            # Another refund came in between: what was refused is the amount seen, not the wish.
            return replace(answer, outcome=Outcome.UNKNOWN)
        return answer

    async def _has_moved(self, charge: Charge, left: int) -> bool:
        try:
            return await self._left(charge) != left
        except (NotSent, NoAnswer, _Refused, KeyError, TypeError):
            return True

    async def _left(self, charge: Charge) -> int:
        order = await self._post("order", {"tid": charge.partner_reference})
        return int(order["cancel_available_amount"]["total"])

    def takes_callback(self, charge_id: str, token: str) -> bool:
        return self._way_back.takes(charge_id, token)

    async def fetch_file(self, kind: str, day: date) -> PartnerFile:
        """Modelled after AMS's, since what the real one reports is not public."""
        if kind not in PREFIXES:
            raise self.not_offered(f"hand out a {kind} file")
        return await self._files.fetch(kind, day)

    async def close(self) -> None:
        await self._http.close()

    async def _ask(
        self,
        operation: str,
        request: Fields,
        read: Callable[[Fields], Answer],
        refused_is_final: bool = False,
    ) -> Answer:
        """Ask once. A refusal is final where nothing can have happened or a method said so."""
        sent = json.dumps({**request, "partner_user_id": "***", "pg_token": "***"})
        try:
            fields = await self._post(operation, request)
            return replace(read(fields), request=sent, response=_journal(fields))
        except _Refused as error:
            reason, message = _REASONS.get(
                error.method_code, ("PARTNER_REFUSED", "Kakao Pay refused.")
            )
            is_final = refused_is_final or error.method_code != ""
            return Answer(
                Outcome.REJECTED if is_final else Outcome.UNKNOWN,
                reason=reason,
                message=message,
                partner_code=error.method_code or str(error),
                request=sent,
                response=_journal(error.fields),
            )
        except NotSent as error:
            return Answer(Outcome.UNSENT, detail=str(error), request=sent)
        except (NoAnswer, KeyError, TypeError, ValueError) as error:
            return Answer(Outcome.UNKNOWN, detail=repr(error), request=sent)

    async def _post(self, operation: str, request: Fields) -> Fields:
        body = json.dumps({"cid": self._terms.cid, **request}, ensure_ascii=False).encode()
        reply = await self._http.post(f"online/v1/payment/{operation}", body, self._headers)
        fields = reply.json()
        if reply.status >= _BAD_REQUEST:
            raise _Refused(fields)
        return fields


def _read_order(fields: Fields) -> Answer:
    state = fields["status"]
    outcome = STATES.get(state, Outcome.UNKNOWN)
    reason, message = "", ""
    if outcome is Outcome.REJECTED:
        reason, message = _REASONS.get(state, ("PARTNER_REFUSED", "Kakao Pay refused."))
    amount = _won(fields["amount"]) if outcome is Outcome.ACCEPTED else None
    return Answer(
        outcome, amount=amount, reason=reason, message=message, partner_code=state, detail=state
    )


def _find_cancel(order: Fields, refund_id: str) -> str | None:
    """The aid of the cancel that carries our refund's id, if it was done."""
    for action in order.get("payment_action_details", []):
        if action["payment_action_type"] == "CANCEL" and action.get("payload") == refund_id:
            return str(action["aid"])
    return None


def _cancel(charge: Charge, won: int, left: int, payload: str) -> Fields:
    return {
        "tid": charge.partner_reference,
        "cancel_amount": won,
        "cancel_tax_free_amount": 0,
        "cancel_available_amount": left,
        "payload": payload,
    }


def _won(amount: Fields) -> Money:
    return Money(int(amount["total"]), CURRENCY)


def _journal(fields: Fields) -> str:
    return json.dumps(
        {name: fields[name] for name in _JOURNALED if name in fields}, ensure_ascii=False
    )


def open_partner(config: PartnerConfig, around: Surroundings) -> Partner:
    """The adapter `kakaopay_wallet`; option `cid`: our shop id there."""
    rules = config.limits.apply(RULES)
    secret = config.secret.get_secret_value()
    bounds = bounds_from(config.options, CURRENCY, MINIMUM_WON, MAXIMUM_WON)
    terms = Terms(config.options["cid"], secret, bounds)
    if len(terms.cid) > CID_LENGTH:
        raise ValueError(f"a cid has at most {CID_LENGTH} characters")
    http = PartnerHttp(config.base_url, rules.in_flight)
    way_back = WayBack(config.partner_id, around.callback_url, secret)
    return KakaoPayWallet(http, rules, terms, way_back)
