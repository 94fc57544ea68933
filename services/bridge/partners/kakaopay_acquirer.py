"""Kakao Pay as acquirer of shops with printed codes (`https://qr.kakaopay.com/<token>`).

Kakao Pay publishes neither what its merchant codes hold nor how a foreign wallet charges through
them (facts.md §2). So the charge is modelled on its nearest documented rail, Alipay+'s AMS
(facts.md §3): results S, F, U, A; a payment request id that is done once; inquiry, cancel, refund.
Authorization is the secret key header of Kakao Pay's open API. No personal data is sent. Disputes
are modelled as AMS's, too.
"""

import json
from datetime import date, timedelta
from hmac import compare_digest
from typing import Any

from services.bridge.disputes.domain import Dispute, DisputeStanding
from services.bridge.domain.answer import Answer, Outcome, Rules
from services.bridge.domain.charge import Charge
from services.bridge.domain.refund import Refund
from services.bridge.domain.statement import PartnerFile
from services.bridge.notices.notice import Notice, NoticeRefused, NoticeRequest, OtherNotice
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
    Read,
    read_cancel,
    read_inquiry,
    read_merchant,
    read_pay,
    read_refund,
    write_amount,
)
from services.bridge.partners.bounds import Bounds, bounds_from, refuse
from services.bridge.partners.http import NoAnswer, NotSent, PartnerHttp
from services.bridge.partners.lean_http import LeanHttp
from services.bridge.settings import PartnerConfig

RULES = Rules(
    repeatable=True,
    cancels=True,
    inquire_every=timedelta(seconds=3),
    inquiries=10,
    call=timedelta(seconds=5),
)
CURRENCY = "KRW"
# facts.md §2: a payment with Kakao Pay money. No minimum is known of printed codes.
MAXIMUM_WON = 2_000_000
DESCRIPTION_LENGTH = 256
PREFIX = "acquiring/v1"
FILES = f"{PREFIX}/settlements"
FILES_AT_A_TIME = 2


class KakaoPayAcquirer(Partner):
    """The merchant code of a charge is the scanned link."""

    def __init__(
        self,
        http: LeanHttp,
        shelf: PartnerHttp,
        rules: Rules,
        bounds: Bounds,
        files: AmsFiles,
        key: str,
    ) -> None:
        """`shelf` is where `files` are fetched: files come through a client that streams. `key` is
        the value of the Authorization header, both ways."""
        self.partner_id = files.partner_id
        self.rules = rules
        self._http = http
        self._shelf = shelf
        self._bounds = bounds
        self._files = files
        self._key = key.encode()

    async def start(self, charge: Charge) -> Answer:
        order = charge.order
        if (refused := refuse(order, self._bounds)) is not None:
            return refused
        request = {
            "paymentRequestId": order.charge_id,
            "merchantCode": order.merchant_code,
            "amount": write_amount(order.amount),
            "orderDescription": order.description[:DESCRIPTION_LENGTH],
        }
        return await self._ask(f"{PREFIX}/pay", request, read_pay)

    async def inquire(self, charge: Charge) -> Answer:
        request = {"paymentRequestId": charge.charge_id}
        return await self._ask(f"{PREFIX}/inquiry", request, read_inquiry)

    async def cancel(self, charge: Charge) -> Answer:
        request = {"paymentRequestId": charge.charge_id}
        return await self._ask(f"{PREFIX}/cancel", request, read_cancel)

    async def refund(self, charge: Charge, refund: Refund) -> Answer:
        request = {
            "paymentRequestId": charge.charge_id,
            "refundRequestId": refund.refund_id,
            "refundAmount": write_amount(refund.order.amount),
        }
        return await self._ask(f"{PREFIX}/refund", request, read_refund)

    async def resolve_code(self, payload: str) -> ResolvedMerchant:
        body = json.dumps({"code": payload}).encode()
        try:
            reply = await self._http.post(f"{PREFIX}/code", body)
            fields = reply.json()
            if fields["result"]["resultStatus"] == "S":
                return read_merchant(fields["merchant"])
        except (NotSent, NoAnswer, KeyError, TypeError) as error:
            raise PartnerUnavailable(self.partner_id) from error
        raise CodeUnknown(self.partner_id)

    def read_notice(self, request: NoticeRequest) -> Notice:
        """Modelled: of disputes only, with our own key in the header. It proves no more than that
        its sender has seen our calls, so the case is asked about."""
        if not compare_digest(request.headers.get("authorization", "").encode(), self._key):
            raise NoticeRefused("it does not carry our key")
        fields = json.loads(request.body)
        if fields["notifyType"] != ams_disputes.KIND:
            return OtherNotice(str(fields["notifyType"]))
        return ams_disputes.read_dispute_notice(fields, proven=False)

    async def answer_dispute(self, dispute: Dispute) -> Answer:
        operation, request = ams_disputes.write_answer(dispute)
        return await self._ask(f"{PREFIX}/{operation}", request, ams_disputes.read_answered)

    async def inquire_dispute(self, dispute: Dispute) -> DisputeStanding:
        body = json.dumps({"disputeId": dispute.case_reference}).encode()
        try:
            reply = await self._http.post(f"{PREFIX}/{ams_disputes.INQUIRE}", body)
            return ams_disputes.read_standing(reply.json(), dispute.charge_id)
        except (NotSent, NoAnswer, KeyError, TypeError, ValueError) as error:
            raise PartnerUnavailable(self.partner_id) from error

    async def fetch_file(self, kind: str, day: date) -> PartnerFile:
        if kind not in PREFIXES:
            raise self.not_offered(f"hand out a {kind} file")
        return await self._files.fetch(kind, day)

    async def close(self) -> None:
        await self._http.close()
        await self._shelf.close()

    async def _ask(self, path: str, request: dict[str, Any], read: Read) -> Answer:
        body = json.dumps(request, separators=(",", ":"), ensure_ascii=False)
        try:
            reply = await self._http.post(path, body.encode())
            return read(reply.json(), body, reply.body.decode())
        except NotSent as error:
            return Answer(Outcome.UNSENT, detail=str(error), request=body)
        except (NoAnswer, KeyError, TypeError, ValueError) as error:
            return Answer(Outcome.UNKNOWN, detail=repr(error), request=body)


def open_partner(config: PartnerConfig, _around: Surroundings) -> Partner:
    """The adapter `kakaopay_acquirer`; its secret is our secret key."""
    key = f"SECRET_KEY {config.secret.get_secret_value()}"
    headers = {"Authorization": key, "Content-Type": "application/json"}
    http, shelf = LeanHttp(config.base_url, headers), PartnerHttp(config.base_url, FILES_AT_A_TIME)
    bounds = bounds_from(config.options, CURRENCY, maximum=MAXIMUM_WON)
    files = AmsFiles(config.partner_id, shelf, FILES, lambda _path: headers)
    return KakaoPayAcquirer(http, shelf, config.limits.apply(RULES), bounds, files, key)
