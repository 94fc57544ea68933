"""Alipay+ in the manner of Antom's AMS: RSA256 signing both ways, charges in both directions.

Deliver: our payers' codes of shops in China; the merchant code of a charge is the scanned code, an
`https://qr.alipay.com/<token>` link or an EMV text. Collect: a Chinese user's own wallet is charged
for a shop of ours in Korea or Japan, who approves on the phone (a cashier payment); nothing but the
approval is needed of us.

Source: facts.md §3 and antom_ams.json. The specification for acquirers' codes (ACQP) is not
public: the names of pay's fields follow Antom's in-store payments, and the call that finds the
merchant behind a link is made up after them. Inquiries every 3 s, 10 to 20 times, then cancel; a
cancel after its window (00:15 GMT+8 of the next day) becomes a refund of all. Notices are signed.
"""

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

from services.bridge.disputes.domain import Dispute, DisputeStanding
from services.bridge.domain.answer import Answer, Outcome, Rules
from services.bridge.domain.charge import CLOSED, Charge, Closing, Kind, Order
from services.bridge.domain.refund import Refund
from services.bridge.domain.statement import PartnerFile
from services.bridge.notices.notice import (
    ChargeNotice,
    Notice,
    NoticeRefused,
    NoticeReply,
    NoticeRequest,
    OtherNotice,
)
from services.bridge.partner import (
    CodeUnknown,
    Partner,
    PartnerUnavailable,
    ResolvedMerchant,
    Surroundings,
)
from services.bridge.partners import ams_disputes
from services.bridge.partners.ams_files import PREFIXES, AmsFiles
from services.bridge.partners.ams_results import (
    Fields,
    Read,
    read_cancel,
    read_inquiry,
    read_merchant,
    read_notice_of_payment,
    read_pay,
    read_refund,
    read_refund_inquiry,
    write_amount,
)
from services.bridge.partners.ams_signing import Signer
from services.bridge.partners.bounds import Bounds, bounds_from, refuse
from services.bridge.partners.http import NoAnswer, NotSent, PartnerHttp
from services.bridge.partners.way_back import WayBack
from services.bridge.settings import PartnerConfig
from services.core.clock import Clock
from services.core.money import Money

RULES = Rules(
    repeatable=True,
    cancels=True,
    inquire_every=timedelta(seconds=3),
    inquiries=10,
    approval_every=timedelta(seconds=5),
    call=timedelta(seconds=5),
    in_flight=64,
)
PREFIX = "ams/api/v1/payments"
CANCEL_TOO_LATE = "CANCEL_WINDOW_EXCEED"
CANCEL_ZONE = timezone(timedelta(hours=8))
CANCEL_UNTIL = time(0, 15)
ID_LENGTH = 64
DESCRIPTION_LENGTH = 256
# What a cashier payment is offered to, where the partners' file does not say.
WALLET = "ALIPAY_CN"
CUSTOMER_ID = "KAWASE0001"
_UNCLEAR = (NotSent, NoAnswer, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Terms:
    """Where we are told of results, which wallet cashier payments are for, and what is taken."""

    notify_url: str
    wallet: str
    bounds: Bounds


class Ams(Partner):
    """One AMS partner."""

    def __init__(
        self,
        http: PartnerHttp,
        rules: Rules,
        signer: Signer,
        clock: Clock,
        terms: Terms,
        way_back: WayBack,
        customer_id: str,
    ) -> None:
        self.partner_id = way_back.partner_id
        self.rules = rules
        self._http = http
        self._signer = signer
        self._clock = clock
        self._terms = terms
        self._way_back = way_back
        root = f"v1/settlements/{customer_id}"
        self._files = AmsFiles(self.partner_id, http, root, self._headers_of_get)

    async def start(self, charge: Charge) -> Answer:
        order = charge.order
        if (refused := refuse(order, self._terms.bounds)) is not None:
            return refused
        return await self._ask("pay", self._payment(order), read_pay)

    def _payment(self, order: Order) -> Fields:
        request: Fields = {
            "paymentRequestId": order.charge_id,
            "paymentAmount": write_amount(order.amount),
            "paymentMethod": {
                "paymentMethodType": "CONNECT_WALLET",
                "paymentMethodId": order.merchant_code,
            },
            "order": {
                "referenceOrderId": order.charge_id,
                "orderDescription": order.description[:DESCRIPTION_LENGTH],
                "orderAmount": write_amount(order.amount),
            },
            "paymentNotifyUrl": self._terms.notify_url,
        }
        if order.kind is Kind.COLLECT:
            request |= {
                "productCode": "CASHIER_PAYMENT",
                "paymentMethod": {"paymentMethodType": self._terms.wallet},
                "paymentRedirectUrl": f"{self._way_back.url(order.charge_id)}/approve",
            }
        return request

    async def inquire(self, charge: Charge) -> Answer:
        is_open = charge.state not in CLOSED and charge.closing is Closing.NO
        if charge.order.kind is Kind.COLLECT and is_open and not charge.action_url:
            # Without its link nobody can approve; the same request gives the same link.
            return await self.start(charge)
        request = {"paymentRequestId": charge.charge_id}
        answer = await self._ask("inquiryPayment", request, read_inquiry)
        is_awaited = answer.detail in ("PROCESSING", "PENDING")
        if charge.order.kind is Kind.COLLECT and is_awaited and charge.action_url:
            return replace(answer, outcome=Outcome.ACTION_REQUIRED)
        return answer

    async def cancel(self, charge: Charge) -> Answer:
        request = {"paymentRequestId": charge.charge_id}
        answer = await self._ask("cancel", request, read_cancel)
        is_late = answer.outcome is Outcome.REJECTED and self._is_too_late(charge)
        if answer.partner_code != CANCEL_TOO_LATE and not is_late:
            return answer
        void = f"{charge.charge_id[: ID_LENGTH - 5]}-void"
        refunded = await self._refund(charge, void, charge.order.amount)
        if refunded.outcome is not Outcome.ACCEPTED:
            return refunded
        return Answer(
            Outcome.CANCELLED,
            detail="refunded after the cancel window",
            request=refunded.request,
            response=refunded.response,
            given_back=True,
        )

    def _is_too_late(self, charge: Charge) -> bool:
        day = charge.create_time.astimezone(CANCEL_ZONE).date() + timedelta(days=1)
        return self._clock.now() > datetime.combine(day, CANCEL_UNTIL, CANCEL_ZONE)

    async def refund(self, charge: Charge, refund: Refund) -> Answer:
        if refund.calls:
            request = {"refundRequestId": refund.refund_id}
            found = await self._ask("inquiryRefund", request, read_refund_inquiry)
            if found.outcome is Outcome.ACCEPTED and found.amount == refund.order.amount:
                return found
        return await self._refund(charge, refund.refund_id, refund.order.amount)

    async def _refund(self, charge: Charge, refund_id: str, amount: Money) -> Answer:
        request = {
            "paymentRequestId": charge.charge_id,
            "refundRequestId": refund_id[:ID_LENGTH],
            "refundAmount": write_amount(amount),
        }
        answer = await self._ask("refund", request, read_refund)
        if answer.outcome is Outcome.ACCEPTED and answer.amount not in (None, amount):
            return replace(answer, outcome=Outcome.UNKNOWN, detail=f"refunded {answer.amount}")
        return answer

    async def resolve_code(self, payload: str) -> ResolvedMerchant:
        try:
            fields, _ = await self._post("inquiryCode", _dump({"codeValue": payload}))
            if fields["result"]["resultStatus"] == "S":
                return read_merchant(fields["merchant"])
        except _UNCLEAR as error:
            raise PartnerUnavailable(self.partner_id) from error
        raise CodeUnknown(self.partner_id)

    def takes_callback(self, charge_id: str, token: str) -> bool:
        return self._way_back.takes(charge_id, token)

    def read_notice(self, request: NoticeRequest) -> Notice:
        text = self._signer.verified(request)
        try:
            fields = json.loads(text)
            kind, charge_id = str(fields["notifyType"]), str(fields["paymentRequestId"])
            if kind == ams_disputes.KIND:
                return ams_disputes.read_dispute_notice(fields, proven=True)
            if kind != "PAYMENT_RESULT":
                return OtherNotice(kind)
            answer = read_notice_of_payment(fields, text)
        except (KeyError, TypeError, ValueError) as error:
            raise NoticeRefused(f"it lacks a part: {error!r}") from error
        is_final = answer.outcome in (Outcome.ACCEPTED, Outcome.REJECTED)
        return ChargeNotice(charge_id, answer if is_final else None)

    def notice_reply(self, request: NoticeRequest) -> NoticeReply:
        return self._signer.reply(request)

    async def answer_dispute(self, dispute: Dispute) -> Answer:
        operation, request = ams_disputes.write_answer(dispute)
        return await self._ask(operation, request, ams_disputes.read_answered)

    async def inquire_dispute(self, dispute: Dispute) -> DisputeStanding:
        request = _dump({"disputeId": dispute.case_reference})
        try:
            fields, _ = await self._post(ams_disputes.INQUIRE, request)
            return ams_disputes.read_standing(fields, dispute.charge_id)
        except _UNCLEAR as error:
            raise PartnerUnavailable(self.partner_id) from error

    async def fetch_file(self, kind: str, day: date) -> PartnerFile:
        if kind not in PREFIXES:
            raise self.not_offered(f"hand out a {kind} file")
        return await self._files.fetch(kind, day)

    async def close(self) -> None:
        await self._http.close()

    async def _ask(self, operation: str, request: dict[str, Any], read: Read) -> Answer:
        body = _dump(request)
        try:
            fields, text = await self._post(operation, body)
            return read(fields, body, text)
        except NotSent as error:
            return Answer(Outcome.UNSENT, detail=str(error), request=body)
        except _UNCLEAR as error:
            return Answer(Outcome.UNKNOWN, detail=repr(error), request=body)

    async def _post(self, operation: str, body: str) -> tuple[Fields, str]:
        """The answer and its text; one that the partner has not signed is none."""
        path = f"{PREFIX}/{operation}"
        signed_path = self._http.path_of(path)
        headers = self._signer.headers("POST", signed_path, body, self._clock.now())
        reply = await self._http.post(path, body.encode(), headers)
        text = reply.body.decode()
        signature = reply.headers.get("signature", "")
        answered = reply.headers.get("response-time", "")
        if not self._signer.is_signed(signature, "POST", signed_path, answered, text):
            raise NoAnswer(f"status {reply.status} without the partner's signature")
        return reply.json(), text

    def _headers_of_get(self, path: str) -> dict[str, str]:
        return self._signer.headers("GET", path, "", self._clock.now())


def _dump(fields: Fields) -> str:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def open_partner(config: PartnerConfig, around: Surroundings) -> Partner:
    """The adapter `ams`; its secret is our private key, options `client_id`, `partner_key_file`,
    and where they differ `customer_id` (of the settlement files) and `wallet`."""
    rules = config.limits.apply(RULES)
    options = config.options
    secret = config.secret.get_secret_value()
    partner_key = Path(options["partner_key_file"]).read_text()
    signer = Signer(options["client_id"], secret, partner_key)
    notify_url = f"{around.callback_url.rstrip('/')}/notice/{config.partner_id}"
    return Ams(
        PartnerHttp(config.base_url, rules.in_flight),
        rules,
        signer,
        around.clock,
        Terms(notify_url, options.get("wallet", WALLET), bounds_from(options)),
        WayBack(config.partner_id, around.callback_url, secret),
        options.get("customer_id", CUSTOMER_ID),
    )
