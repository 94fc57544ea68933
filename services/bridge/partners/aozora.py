"""A Japanese bank that funds wallets: link an account, draw a top-up from it, give back.

Shapes of GMO Aozora Net Bank (facts.md §5.3, gmo_aozora.json): x-access-token, every value a
string, HTTP 201 means received and not paid, transfer statuses by number. That bank documents no
link and no instant debit: both are modelled on its transfer request, with our own reference
(`clientReference`) to inquire by; no real bank was seen with them. A transfer back is an ordinary
transfer request, which nothing makes happen once: it is looked for before it is asked for.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.bridge.domain.answer import Answer, Outcome, Rules
from services.bridge.domain.charge import Charge
from services.bridge.domain.refund import Refund
from services.bridge.partner import (
    AccountRefused,
    BankAccount,
    LinkedAccount,
    Partner,
    PartnerUnavailable,
    Surroundings,
)
from services.bridge.partners.http import NoAnswer, NotSent, PartnerHttp, Reply
from services.bridge.settings import PartnerConfig
from services.formats.kana import NameNotWritable, bank_name

RULES = Rules(
    repeatable=False,
    cancels=True,
    inquire_every=timedelta(seconds=2),
    inquiries=15,
    call=timedelta(seconds=8),
    in_flight=32,
)
PREFIX = "ganb/api/personal/v1"
CURRENCY = "JPY"
_OK = 200
_CREATED = 201
_NOT_FOUND = 404
_BAD_REQUEST = 400
DIGITS_SHOWN = 3

# Transfer statuses → what they tell of money that is on its way. 24 to 26 are recalls.
STATUSES = {
    "2": Outcome.UNKNOWN,  # applying
    "3": Outcome.REJECTED,  # sent back
    "4": Outcome.REJECTED,  # withdrawn
    "5": Outcome.REJECTED,  # expired
    "8": Outcome.REJECTED,  # approval cancelled
    "11": Outcome.UNKNOWN,  # reserved
    "12": Outcome.UNKNOWN,  # in process
    "13": Outcome.UNKNOWN,  # retrying
    "20": Outcome.ACCEPTED,  # done
    "22": Outcome.REJECTED,  # funds returned
    "24": Outcome.UNKNOWN,
    "25": Outcome.REJECTED,
    "26": Outcome.ACCEPTED,
    "30": Outcome.REJECTED,  # failed
    "40": Outcome.REJECTED,  # not executed
}
_REASONS = {
    "INSUFFICIENT_FUNDS": ("PAYER_FUNDS", "The balance of the bank account is too low."),
    "ACCOUNT_NOT_LINKED": ("PAYER_UNKNOWN", "The bank account is not linked."),
}
_REFUSED = ("PARTNER_REFUSED", "The bank refused.")

Fields = dict[str, Any]


class Aozora(Partner):
    """`account_id` is our own account there, which transfers back are paid from."""

    def __init__(
        self, partner_id: str, http: PartnerHttp, rules: Rules, secret: str, account_id: str
    ) -> None:
        self.partner_id = partner_id
        self.rules = rules
        self._http = http
        self._account_id = account_id
        self._headers = {"x-access-token": secret, "Content-Type": "application/json"}

    async def link_account(self, account: BankAccount) -> LinkedAccount:
        try:
            name = bank_name(account.holder_name)
        except NameNotWritable as error:
            raise AccountRefused(f"The holder's name is not right: {error}.") from error
        request = {
            "clientReference": account.link_id,
            "bankCode": account.bank_code,
            "branchCode": account.branch_code,
            "accountTypeCode": account.account_type,
            "accountNumber": account.account_number,
            "accountName": name,
        }
        try:
            reply = await self._post("accountlink/request", request)
            fields = reply.json()
            if reply.status in (_OK, _CREATED):
                shown = account.account_number[-DIGITS_SHOWN:]
                return LinkedAccount(fields["accountId"], f"{fields['bankName']} ***{shown}")
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
        request = {
            "clientReference": order.charge_id,
            "accountId": order.payer_reference,
            "debitAmount": str(order.amount.minor),
            "remarks": order.description,
        }
        return await self._ask("instantdebit/request", request)

    async def inquire(self, charge: Charge) -> Answer:
        return await self._look("instantdebit/status", charge.charge_id)

    async def cancel(self, charge: Charge) -> Answer:
        """Withdraw the request; where it has been executed, transfer the money back."""
        answer = await self._ask("instantdebit/cancel", {"clientReference": charge.charge_id})
        if answer.outcome is Outcome.REJECTED and answer.detail:
            return replace(answer, outcome=Outcome.CANCELLED)
        if answer.outcome is not Outcome.ACCEPTED:
            return answer
        back = await self._give_back(
            charge, f"{charge.charge_id[:59]}-void", charge.order.amount.minor
        )
        if back.outcome is Outcome.ACCEPTED:
            return replace(back, outcome=Outcome.CANCELLED, detail="transferred back")
        return replace(back, outcome=Outcome.UNKNOWN)

    async def refund(self, charge: Charge, refund: Refund) -> Answer:
        return await self._give_back(charge, refund.refund_id, refund.order.amount.minor)

    async def _give_back(self, charge: Charge, reference: str, yen: int) -> Answer:
        found = await self._look("transfer/status", reference)
        if found.outcome is not Outcome.UNKNOWN or found.detail != NOT_THERE:
            return found
        request = {
            "accountId": self._account_id,
            "clientReference": reference,
            "totalCount": "1",
            "totalAmount": str(yen),
            "transfers": [
                {
                    "itemId": "1",
                    "transferAmount": str(yen),
                    "beneficiaryAccountId": charge.order.payer_reference,
                }
            ],
        }
        return await self._ask("transfer/request", request)

    async def close(self) -> None:
        await self._http.close()

    async def _ask(self, path: str, request: Fields) -> Answer:
        sent = _journal(request)
        return await self._read(lambda: self._post(path, request), sent)

    async def _look(self, path: str, reference: str) -> Answer:
        query = {"clientReference": reference}
        return await self._read(
            lambda: self._http.get(f"{PREFIX}/{path}", query, self._headers), _journal(query)
        )

    async def _read(self, call: Callable[[], Any], sent: str) -> Answer:
        try:
            reply: Reply = await call()
            return replace(read_status(reply), request=sent)
        except NotSent as error:
            return Answer(Outcome.UNSENT, detail=str(error), request=sent)
        except (NoAnswer, KeyError, TypeError) as error:
            return Answer(Outcome.UNKNOWN, detail=repr(error), request=sent)

    async def _post(self, path: str, request: Fields) -> Reply:
        body = json.dumps(request, ensure_ascii=False).encode()
        return await self._http.post(f"{PREFIX}/{path}", body, self._headers)


NOT_THERE = "not there"


def read_status(reply: Reply) -> Answer:
    """What a request or inquiry tells. Raises `NoAnswer`, KeyError where it lacks a part."""
    fields = reply.json()
    response = _journal(fields)
    if reply.status == _NOT_FOUND:
        return Answer(Outcome.UNKNOWN, detail=NOT_THERE, response=response)
    if reply.status >= _BAD_REQUEST:
        code = str(fields["errorCode"])
        reason, message = _REASONS.get(code, _REFUSED)
        return Answer(
            Outcome.REJECTED,
            reason=reason,
            message=message,
            partner_code=code,
            response=response,
        )
    status = fields["transferStatus"]
    outcome = STATUSES.get(status, Outcome.UNKNOWN)
    code = str(fields.get("errorCode", ""))
    reason, message = ("", "")
    if outcome is Outcome.REJECTED:
        reason, message = _REASONS.get(code, _REFUSED)
    return Answer(
        outcome,
        partner_reference=fields["applyNo"],
        reason=reason,
        message=message,
        partner_code=code or status,
        detail=f"status {status}",
        response=response,
    )


_PERSONAL = frozenset({"accountNumber", "accountName", "remarks"})


def _journal(fields: Fields) -> str:
    masked = {name: "***" if name in _PERSONAL else value for name, value in fields.items()}
    return json.dumps(masked, ensure_ascii=False)


def open_partner(config: PartnerConfig, _around: Surroundings) -> Partner:
    """The adapter `aozora`; its secret is the access token, option `account_id` our account."""
    rules = config.limits.apply(RULES)
    http = PartnerHttp(config.base_url, rules.in_flight)
    secret = config.secret.get_secret_value()
    return Aozora(config.partner_id, http, rules, secret, config.options["account_id"])
