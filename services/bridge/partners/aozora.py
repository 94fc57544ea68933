"""A Japanese bank by API: accounts linked and drawn from, payouts, statements, deposits.

Shapes of GMO Aozora Net Bank (facts.md §5.3, gmo_aozora.json): x-access-token, every value a
string, HTTP 201 means received and not paid, transfer statuses by number. That bank documents no
link, no instant debit and no giving back of one: these are modelled on its transfer request, with
our own reference (`clientReference`) that makes each happen once and is inquired by; no real bank
was seen with them. What else is modelled stands in aozora_payouts and aozora_statements.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from services.bridge.domain.answer import Answer, Outcome, Rules
from services.bridge.domain.charge import Charge
from services.bridge.domain.refund import Refund
from services.bridge.domain.statement import PartnerFile, StatementPage
from services.bridge.notices.notice import DepositNotice, Notice, NoticeRequest
from services.bridge.partner import (
    AccountRefused,
    BankAccount,
    LinkedAccount,
    Partner,
    PartnerUnavailable,
    Surroundings,
)
from services.bridge.partners.aozora_api import (
    BAD_REQUEST,
    CREATED,
    CURRENCY,
    NOT_FOUND,
    OK,
    PAYER_REASONS,
    PERSONAL,
    REFUSED,
    STATUSES,
    AozoraApi,
    Fields,
    journal,
)
from services.bridge.partners.aozora_payouts import AozoraPayouts
from services.bridge.partners.aozora_statements import AozoraStatements
from services.bridge.partners.http import NoAnswer, NotSent, PartnerHttp, Reply
from services.bridge.payouts.model import Payout, PayoutAnswer
from services.bridge.settings import PartnerConfig
from services.core.clock import Clock
from services.core.money import Money
from services.formats.kana import NameNotWritable, bank_name
from services.kit.bank_accounts import open_reference, seal_reference
from services.kit.sealing import SecretBox, SecretUnreadable

log = structlog.get_logger()

ZONE = ZoneInfo("Asia/Tokyo")
RULES = Rules(
    repeatable=False,
    cancels=True,
    inquire_every=timedelta(seconds=2),
    inquiries=15,
    call=timedelta(seconds=8),
    in_flight=32,
    zone=ZONE,
)
DIGITS_SHOWN = 3


class Aozora(Partner):
    """`account_id` is our own account there, which payouts are paid from."""

    def __init__(self, config: PartnerConfig, rules: Rules, clock: Clock, box: SecretBox) -> None:
        self.partner_id = config.partner_id
        self._box = box
        # What the bank calls a payer's account has its number in it.
        self._payers = f"payer/{config.partner_id}"
        self.rules = rules
        secret = config.secret.get_secret_value()
        self._api = AozoraApi(PartnerHttp(config.base_url, rules.in_flight), secret)
        account_id = config.options["account_id"]
        self._payouts = AozoraPayouts(self._api, account_id, rules, clock)
        self._statements = AozoraStatements(
            config.partner_id,
            self._api,
            account_id,
            config.options.get("statement_format", "zengin"),
            config.options.get("webhook_key", secret),
        )

    async def link_account(self, account: BankAccount) -> LinkedAccount:
        try:
            name = bank_name(account.holder_name)
        except NameNotWritable as error:
            raise AccountRefused(f"The holder's name is not right: {error.message}") from error
        request = {
            "clientReference": account.link_id,
            "bankCode": account.bank_code,
            "branchCode": account.branch_code,
            "accountTypeCode": account.account_type,
            "accountNumber": account.account_number,
            "accountName": name,
        }
        try:
            reply = await self._api.post(f"{PERSONAL}/accountlink/request", request)
            fields = reply.json()
            if reply.status in (OK, CREATED):
                shown = account.account_number[-DIGITS_SHOWN:]
                payer = seal_reference(self._box, self._payers, fields["accountId"])
                return LinkedAccount(payer, f"{fields['bankName']} ***{shown}")
        except (NotSent, NoAnswer, KeyError, TypeError) as error:
            raise PartnerUnavailable(self.partner_id) from error
        code = str(fields.get("errorCode", ""))
        raise AccountRefused(
            "The bank does not know this account under this name; check number and kana.",
            partner_code=code,
        )

    async def start(self, charge: Charge) -> Answer:
        order = charge.order
        if order.amount.currency != CURRENCY:
            return Answer(
                Outcome.REJECTED, reason="CURRENCY_NOT_TAKEN", message="The bank debits yen."
            )
        try:
            payer = self._payer_of(charge)
        except SecretUnreadable as error:
            log.error("payer_unreadable", charge_id=charge.charge_id, problem=error.message)
            return Answer(
                Outcome.REJECTED,
                reason="PAYER_UNKNOWN",
                message="The bank account cannot be read: link it again.",
            )
        request = {
            "clientReference": order.charge_id,
            "accountId": payer,
            "debitAmount": str(order.amount.minor),
            "remarks": order.description,
        }
        return await self._ask("instantdebit/request", request)

    async def inquire(self, charge: Charge) -> Answer:
        query = {"clientReference": charge.charge_id}
        return await self._read(
            lambda: self._api.get(f"{PERSONAL}/instantdebit/status", query), journal(query)
        )

    async def cancel(self, charge: Charge) -> Answer:
        """Withdraw the request; where it has been executed, give the money back."""
        answer = await self._ask("instantdebit/cancel", {"clientReference": charge.charge_id})
        if answer.outcome is Outcome.REJECTED and answer.detail:
            # It had failed before.
            return replace(answer, outcome=Outcome.CANCELLED)
        if answer.outcome is not Outcome.ACCEPTED:
            return answer
        back = await self._give_back(
            charge, f"{charge.charge_id[:59]}-void", charge.order.amount.minor
        )
        if back.outcome is Outcome.ACCEPTED:
            return replace(back, outcome=Outcome.CANCELLED, detail="given back", given_back=True)
        return replace(back, outcome=Outcome.UNKNOWN)

    async def refund(self, charge: Charge, refund: Refund) -> Answer:
        return await self._give_back(charge, refund.refund_id, refund.order.amount.minor)

    async def _give_back(self, charge: Charge, reference: str, yen: int) -> Answer:
        try:
            payer = self._payer_of(charge)
        except SecretUnreadable as error:
            log.error("payer_unreadable", charge_id=charge.charge_id, problem=error.message)
            return Answer(Outcome.UNKNOWN, detail="the payer's account cannot be read")
        request = {
            "clientReference": reference,
            "accountId": payer,
            "amount": str(yen),
        }
        return await self._ask("instantdebit/return", request)

    def _payer_of(self, charge: Charge) -> str:
        return open_reference(self._box, self._payers, charge.order.payer_reference)

    async def submit_payout(self, payout: Payout) -> PayoutAnswer:
        return await self._payouts.submit(payout)

    async def inquire_payout(self, payout: Payout) -> PayoutAnswer:
        return await self._payouts.inquire(payout)

    async def search_payout(self, payout: Payout) -> PayoutAnswer:
        return await self._payouts.search(payout)

    async def list_deposits(self) -> Sequence[DepositNotice]:
        return await self._statements.unsent()

    async def list_statement(
        self, account_id: str, first: date, last: date, page: str, size: int
    ) -> StatementPage:
        return await self._statements.list_page(account_id, first, last, page, size)

    async def fetch_file(self, kind: str, day: date) -> PartnerFile:
        if kind != "statement":
            raise self.not_offered(f"hand out a {kind} file")
        return await self._statements.fetch(kind, day)

    def read_notice(self, request: NoticeRequest) -> Notice:
        return self._statements.read_notice(request)

    async def close(self) -> None:
        await self._api.http.close()

    async def _ask(self, path: str, request: Fields) -> Answer:
        return await self._read(
            lambda: self._api.post(f"{PERSONAL}/{path}", request), journal(request)
        )

    async def _read(self, call: Callable[[], Any], sent: str) -> Answer:
        try:
            reply: Reply = await call()
            return replace(read_debit(reply), request=sent)
        except NotSent as error:
            return Answer(Outcome.UNSENT, detail=str(error), request=sent)
        except (NoAnswer, KeyError, TypeError, ValueError) as error:
            return Answer(Outcome.UNKNOWN, detail=repr(error), request=sent)


NOT_THERE = "not there"
WITHDRAWN = "4"


def read_debit(reply: Reply) -> Answer:
    """What a debit's request or inquiry tells. Raises `NoAnswer`, KeyError, ValueError where it
    lacks a part."""
    fields = reply.json()
    response = journal(fields)
    if reply.status == NOT_FOUND:
        return Answer(Outcome.UNKNOWN, detail=NOT_THERE, response=response)
    if reply.status >= BAD_REQUEST:
        code = str(fields["errorCode"])
        reason, message = PAYER_REASONS.get(code, REFUSED)
        return Answer(
            Outcome.REJECTED,
            reason=reason,
            message=message,
            partner_code=code,
            response=response,
        )
    status = fields["transferStatus"]
    outcome = STATUSES[status][0] if status in STATUSES else Outcome.UNKNOWN
    if status == WITHDRAWN:
        # By nobody but us: debits wait for no approval.
        outcome = Outcome.CANCELLED
    code = str(fields.get("errorCode", ""))
    reason, message = ("", "")
    amount = None
    if outcome is Outcome.REJECTED:
        reason, message = PAYER_REASONS.get(code, REFUSED)
    elif outcome is Outcome.ACCEPTED:
        amount = Money(int(fields["amount"]), CURRENCY)
    return Answer(
        outcome,
        partner_reference=fields["applyNo"],
        amount=amount,
        reason=reason,
        message=message,
        partner_code=code or status,
        detail=f"status {status}",
        response=response,
    )


def open_partner(config: PartnerConfig, around: Surroundings) -> Partner:
    """The adapter `aozora`; its secret is the access token, which notices are signed with too
    unless option `webhook_key` is another. Options: `account_id` (ours), `statement_format`
    (zengin, camt053). It never closes; another bank of this shape has its hours in the limits."""
    return Aozora(config, config.limits.apply(RULES), around.clock, around.box)
