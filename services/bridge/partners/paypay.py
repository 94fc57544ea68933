"""PayPay's Open Payment API: foreign wallets at Japanese shops with PayPay's code.

Source: facts.md §4 and paypay_opa.json, PayPay's own OpenAPI: the HMAC header, the payment's
states, its details, cancel (202: done later; until 00:14:59 JST of the next day, then refunded),
refunds. The same merchantPaymentId returns the earlier result, so a start may be sent twice.

How a foreign wallet pays a shop's printed code (`https://qr.paypay.ne.jp/<token>`) is not public:
HIVEX and Alipay+ bring such wallets. Modelled after the documented calls and so marked below: the
code rides in a payment request as `merchantCode`; a call finds the shop behind a code; disputes;
the address of the reconciliation file, whose layout and name are documented.

Its notices are not signed: they come from known addresses, and only lead to a question.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from ipaddress import ip_address, ip_network

from services.bridge.disputes.domain import Dispute, DisputeStanding
from services.bridge.domain.answer import Answer, Outcome, Rules
from services.bridge.domain.charge import Charge
from services.bridge.domain.refund import Refund
from services.bridge.domain.statement import PartnerFile
from services.bridge.notices.notice import (
    ChargeNotice,
    DisputeNotice,
    DisputeStage,
    Notice,
    NoticeRefused,
    NoticeRequest,
    OtherNotice,
)
from services.bridge.partner import (
    CodeUnknown,
    Partner,
    PartnerFileNotFound,
    PartnerUnavailable,
    ResolvedMerchant,
    Surroundings,
)
from services.bridge.partners.http import NoAnswer, NotSent, PartnerHttp
from services.bridge.partners.paypay_auth import OpaKey
from services.bridge.partners.paypay_results import (
    NOT_REVERSIBLE,
    Fields,
    Result,
    read_merchant,
    read_payment,
    read_refund,
    read_result,
    read_standing,
    write_amount,
)
from services.bridge.settings import PartnerConfig
from services.core.clock import Clock

RULES = Rules(
    repeatable=True,
    cancels=True,
    inquire_every=timedelta(seconds=3),
    inquiries=10,
    call=timedelta(seconds=15),
    lease=timedelta(seconds=60),
    in_flight=64,
    # Only of payments it is documented that the same id gives the earlier result.
    refund_repeatable=False,
)
PAYMENTS = "v2/payments"  # modelled
CODES = "v2/codes"  # GET of one code is modelled
DETAILS = "v2/codes/payments"
REFUNDS = "v2/refunds"
DISPUTES = "v2/disputes"  # modelled
FILES = "v2/files"  # modelled
LINK_START = "https://qr.paypay.ne.jp/"
SETTLEMENT = "settlement"
ID_LIMIT = 64
DESCRIPTION_LIMIT = 255
_VOID = "-void"
_AFTER_WINDOW = "refunded after the cancel window"
_OK = 200
_NOT_FOUND = 404
_CLOSED = frozenset({Outcome.CANCELLED, Outcome.REJECTED})


class PayPay(Partner):
    """The merchant code of a charge is the scanned link."""

    def __init__(
        self,
        partner_id: str,
        http: PartnerHttp,
        rules: Rules,
        key: OpaKey,
        clock: Clock,
        addresses: Sequence[str],
    ) -> None:
        self.partner_id = partner_id
        self.rules = rules
        self._http = http
        self._key = key
        self._clock = clock
        self._networks = [ip_network(address) for address in addresses]

    async def start(self, charge: Charge) -> Answer:
        order = charge.order
        try:
            amount = write_amount(order.amount)
        except ValueError as error:
            return Answer(Outcome.REJECTED, reason="CURRENCY_NOT_TAKEN", message=str(error))
        request = {
            "merchantPaymentId": order.charge_id,
            "merchantCode": order.merchant_code,
            "amount": amount,
            "orderDescription": order.description[:DESCRIPTION_LIMIT],
            "requestedAt": int(charge.create_time.timestamp()),
            "isAuthorization": False,
        }
        try:
            return read_payment(await self._ask("POST", PAYMENTS, request))
        except (NotSent, NoAnswer, KeyError, TypeError, ValueError) as error:
            return _unclear(error)

    async def inquire(self, charge: Charge) -> Answer:
        try:
            result = await self._ask("GET", f"{DETAILS}/{charge.charge_id}")
            # A refusal of the question is no word on the payment.
            return read_payment(result) if result.is_success else result.open()
        except (NotSent, NoAnswer, KeyError, TypeError, ValueError) as error:
            return _unclear(error)

    async def cancel(self, charge: Charge) -> Answer:
        """PayPay cancels later than it answers, so its state is asked for at once; where that is
        not yet closed, the outcome stays open."""
        try:
            result = await self._ask("DELETE", f"{PAYMENTS}/{charge.charge_id}")
            if result.is_nothing_there:
                return result.answer(Outcome.CANCELLED, detail="nothing there")
            if result.code == NOT_REVERSIBLE:
                return await self._give_back(charge)
            if not result.is_success:
                return result.refused()
        except (NotSent, NoAnswer, KeyError, TypeError, ValueError) as error:
            return _unclear(error)
        now = await self.inquire(charge)
        if now.outcome in _CLOSED:
            return replace(now, outcome=Outcome.CANCELLED)
        return replace(now, outcome=Outcome.UNKNOWN, detail="cancel under way")

    async def _give_back(self, charge: Charge) -> Answer:
        """Past the time of cancels all of it is refunded, unless nothing was paid."""
        found = await self.inquire(charge)
        if found.outcome in _CLOSED:
            return replace(found, outcome=Outcome.CANCELLED)
        if found.outcome is not Outcome.ACCEPTED:
            return found
        known = replace(charge, partner_reference=found.partner_reference)
        refund_id = f"{charge.charge_id[: ID_LIMIT - len(_VOID)]}{_VOID}"
        amount = write_amount(charge.order.amount)
        given = await self._find_refund(known, refund_id)
        if given is None:
            given = await self._refund(known, refund_id, amount, "cancelled")
        if given.outcome is not Outcome.ACCEPTED:
            return given
        return replace(given, outcome=Outcome.CANCELLED, given_back=True, detail=_AFTER_WINDOW)

    async def refund(self, charge: Charge, refund: Refund) -> Answer:
        reason = refund.order.reason[:DESCRIPTION_LIMIT]
        try:
            amount = write_amount(refund.order.amount)
            known = await self._known(charge)
            return await self._refund(known, refund.refund_id, amount, reason)
        except (NotSent, NoAnswer, KeyError, TypeError, ValueError) as error:
            return _unclear(error)

    async def inquire_refund(self, charge: Charge, refund: Refund) -> Answer | None:
        try:
            return await self._find_refund(await self._known(charge), refund.refund_id)
        except (NotSent, NoAnswer, KeyError, TypeError, ValueError) as error:
            return _unclear(error)

    async def _known(self, charge: Charge) -> Charge:
        """The charge with PayPay's own number, which refunds need: one that an operator has
        accepted has none. Raises `NoAnswer` while PayPay does not tell it."""
        if charge.partner_reference:
            return charge
        found = await self.inquire(charge)
        if not found.partner_reference:
            raise NoAnswer(f"no number of the payment: {found.detail}")
        return replace(charge, partner_reference=found.partner_reference)

    async def _find_refund(self, charge: Charge, refund_id: str) -> Answer | None:
        query = {"paymentId": charge.partner_reference}
        known = await self._ask("GET", f"{REFUNDS}/{refund_id}", query=query)
        if known.is_nothing_there:
            return None
        # A refusal of the question is no word on the refund.
        return read_refund(known) if known.is_success else known.open()

    async def _refund(self, charge: Charge, refund_id: str, amount: Fields, reason: str) -> Answer:
        request = {
            "merchantRefundId": refund_id,
            "paymentId": charge.partner_reference,
            "amount": amount,
            "requestedAt": int(self._clock.now().timestamp()),
            "reason": reason,
        }
        return read_refund(await self._ask("POST", REFUNDS, request))

    async def resolve_code(self, payload: str) -> ResolvedMerchant:
        """Modelled: PayPay does not publish how a code is looked up."""
        if not payload.lower().startswith(LINK_START):
            raise CodeUnknown(self.partner_id)
        token = payload[len(LINK_START) :].partition("?")[0].partition("#")[0].strip("/")
        if not token or "/" in token:
            raise CodeUnknown(self.partner_id)
        try:
            result = await self._ask("GET", f"{CODES}/{token}")
            if result.is_success:
                return read_merchant(result.data)
        except (NotSent, NoAnswer, KeyError, TypeError, ValueError) as error:
            raise PartnerUnavailable(self.partner_id) from error
        if result.status == _NOT_FOUND:
            raise CodeUnknown(self.partner_id)
        raise PartnerUnavailable(self.partner_id)

    def read_notice(self, request: NoticeRequest) -> Notice:
        """Unsigned, so the address decides, and nothing in it is believed."""
        try:
            address = ip_address(request.remote_address)
        except ValueError:
            raise NoticeRefused("the caller's address is not known") from None
        if not any(address in network for network in self._networks):
            raise NoticeRefused("the caller's address is not PayPay's")
        fields = json.loads(request.body)
        if fields.get("merchant_id", self._key.merchant) != self._key.merchant:
            raise NoticeRefused("the notice is for another merchant")
        match fields["notification_type"]:
            case "Transaction":
                # Each state is news of its own, however often it is told.
                notice_id = f"{fields['merchant_order_id']}/{fields['state']}"
                return ChargeNotice(fields["merchant_order_id"], notice_id=notice_id)
            case "Dispute":
                return DisputeNotice(
                    fields["dispute_id"],
                    fields["merchant_order_id"],
                    DisputeStage(fields["state"].lower()),
                    proven=False,
                    notice_id=f"{fields['dispute_id']}/{fields['state']}",
                )
            case "file.created":
                return OtherNotice(f"file {fields['path']}", str(fields["notification_id"]))
            case other:
                return OtherNotice(str(other))

    async def answer_dispute(self, dispute: Dispute) -> Answer:
        """Modelled: the same answer again is taken as a repeat."""
        request = {"accept": dispute.accept, "evidence": dispute.evidence}
        path = f"{DISPUTES}/{dispute.case_reference}/answer"
        try:
            result = await self._ask("POST", path, request)
            return result.answer(Outcome.ACCEPTED) if result.is_success else result.refused()
        except (NotSent, NoAnswer, KeyError, TypeError, ValueError) as error:
            return _unclear(error)

    async def inquire_dispute(self, dispute: Dispute) -> DisputeStanding:
        """Modelled."""
        try:
            result = await self._ask("GET", f"{DISPUTES}/{dispute.case_reference}")
            return read_standing(result, dispute.charge_id)
        except (NotSent, NoAnswer, KeyError, TypeError, ValueError) as error:
            raise PartnerUnavailable(self.partner_id) from error

    async def fetch_file(self, kind: str, day: date) -> PartnerFile:
        """The reconciliation file of a day in Japan, there from 01:30 to 10:00 of the next; a week
        long. Only its address is modelled."""
        if kind != SETTLEMENT:
            raise self.not_offered(f"hand out a {kind} file")
        name = file_name(self._key.merchant, day)
        path = f"{FILES}/{name}"
        try:
            status, chunks = await self._http.download(path, {}, self._headers("GET", path, ""))
        except (NotSent, NoAnswer) as error:
            raise PartnerUnavailable(self.partner_id) from error
        if status == _NOT_FOUND:
            raise PartnerFileNotFound(self.partner_id, kind, day)
        if status != _OK:
            raise PartnerUnavailable(self.partner_id)
        return PartnerFile(name, chunks)

    async def close(self) -> None:
        await self._http.close()

    def _headers(self, method: str, path: str, body: str) -> dict[str, str]:
        return self._key.headers(method, self._http.path_of(path), body, self._clock.now())

    async def _ask(
        self, method: str, path: str, request: Fields | None = None, query: Fields | None = None
    ) -> Result:
        """Raises `NotSent`, `NoAnswer`, KeyError, TypeError and ValueError."""
        body = "" if request is None else json.dumps(request, separators=(",", ":"))
        headers = self._headers(method, path, body)
        match method:
            case "POST":
                reply = await self._http.post(path, body.encode(), headers)
            case "DELETE":
                reply = await self._http.delete(path, headers)
            case _:
                reply = await self._http.get(path, query or {}, headers)
        sent = body or f"{method} {path}"
        return read_result(reply.status, reply.json(), sent, reply.body.decode())


def file_name(merchant: str, day: date) -> str:
    """`transaction_<merchant>_<from>_<to>_v2.csv`; the form of the two times is not documented."""
    return f"transaction_{merchant}_{day:%Y%m%d}000000_{day:%Y%m%d}235959_v2.csv"


def _unclear(error: Exception) -> Answer:
    outcome = Outcome.UNSENT if isinstance(error, NotSent) else Outcome.UNKNOWN
    return Answer(outcome, detail=repr(error))


def open_partner(config: PartnerConfig, around: Surroundings) -> Partner:
    """The adapter `paypay`; its secret is our API secret. Options: `api_key`, `merchant` (the
    merchant's id at PayPay), `notice_addresses` (networks, with commas between)."""
    rules = config.limits.apply(RULES)
    key = OpaKey(
        config.options["api_key"], config.secret.get_secret_value(), config.options["merchant"]
    )
    addresses = [each.strip() for each in config.options["notice_addresses"].split(",")]
    http = PartnerHttp(config.base_url, rules.in_flight)
    return PayPay(config.partner_id, http, rules, key, around.clock, addresses)
