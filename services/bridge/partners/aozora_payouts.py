"""Transfers out of our account at GMO Aozora (facts.md §5.3): requested, asked about, searched for.

201 means received: a person approves afterwards. The bank documents no inquiry by the sender's
reference, so ours goes with the remittance (`ediInfo`) and a lost 201 is searched for in the list
of transfers and in the statement. That both show the text, the page's field names and the return's
entry in the statement are modelled.
"""

from dataclasses import replace
from datetime import date

from services.bridge.domain.answer import Rules
from services.bridge.partners.aozora_api import (
    BAD_REQUEST,
    CLOSED_HOURS,
    CORPORATE,
    CREATED,
    CURRENCY,
    PAYOUT_REASONS,
    REFUSED,
    REFUSED_AT_THE_DOOR,
    STATUS_REASONS,
    STATUSES,
    AozoraApi,
    Fields,
    journal,
)
from services.bridge.partners.aozora_lists import Lists, SharedLists
from services.bridge.partners.http import NoAnswer, NotSent, Reply
from services.bridge.payouts.model import Payout, PayoutAnswer, Word, payout_answer
from services.core.clock import Clock
from services.core.money import Money
from services.formats.kana import NameNotWritable, bank_name

_UNCLEAR = (NoAnswer, KeyError, TypeError, ValueError)
_INCOMING, _OUTGOING = "1", "2"
_REMAINS = frozenset({Word.REJECTED, Word.RETURNED})


class AozoraPayouts:
    """`account_id` is our account, which is paid from."""

    def __init__(self, api: AozoraApi, account_id: str, rules: Rules, clock: Clock) -> None:
        self._api = api
        self._account_id = account_id
        self._rules = rules
        self._clock = clock
        self._lists = SharedLists(api, account_id, rules, clock)

    async def submit(self, payout: Payout) -> PayoutAnswer:
        if payout.order.amount.currency != CURRENCY:
            return payout_answer(
                Word.REJECTED, reason="CURRENCY_NOT_TAKEN", message="The bank transfers yen."
            )
        try:
            request = self._request(payout)
        except NameNotWritable as error:
            return payout_answer(Word.REJECTED, reason="NAME_MISMATCH", message=error.message)
        sent = journal(request)
        try:
            reply = await self._api.post(f"{CORPORATE}/transfer/request", request)
            return replace(read_receipt(reply), request=sent)
        except NotSent as error:
            return payout_answer(Word.NOT_TAKEN, detail=str(error), request=sent)
        except _UNCLEAR as error:
            return payout_answer(Word.SILENT, detail=repr(error), request=sent)

    def _request(self, payout: Payout) -> Fields:
        order, yen = payout.order, str(payout.order.amount.minor)
        today = self._today()
        item = {
            "itemId": "1",
            "transferAmount": yen,
            "ediInfo": order.short_reference,
            "beneficiaryBankCode": order.payee.bank_code,
            "beneficiaryBranchCode": order.payee.branch_code,
            "accountTypeCode": order.payee.account_type,
            "accountNumber": order.payee.account_number,
            "beneficiaryName": bank_name(order.payee.holder_name),
        }
        return {
            "accountId": self._account_id,
            "transferDesignatedDate": max(order.value_date or today, today).isoformat(),
            # On a holiday: the next business day.
            "transferDateHolidayCode": "1",
            "totalCount": "1",
            "totalAmount": yen,
            "transfers": [item],
        }

    def _today(self) -> date:
        return self._clock.now().astimezone(self._rules.zone).date()

    async def inquire(self, payout: Payout) -> PayoutAnswer:
        query = {
            "accountId": self._account_id,
            "queryKeyClass": "1",
            "applyNo": payout.partner_reference,
        }
        try:
            reply = await self._api.get(f"{CORPORATE}/transfer/status", query)
            return replace(read_status(reply), request=journal(query))
        except NotSent as error:
            return payout_answer(Word.NOT_TAKEN, detail=str(error))
        except _UNCLEAR as error:
            return payout_answer(Word.SILENT, detail=repr(error), request=journal(query))

    async def search(self, payout: Payout) -> PayoutAnswer:
        """The list of transfers first; then the statement, which alone shows what came back."""
        try:
            lists = await self._lists.since(payout.create_time)
            found = search_list(lists, payout)
            if found.word in _REMAINS or found.reason:
                return found
            return search_statement(lists, payout, found)
        except NotSent as error:
            return payout_answer(Word.NOT_TAKEN, detail=str(error))
        except _UNCLEAR as error:
            return payout_answer(Word.SILENT, detail=repr(error))


def read_receipt(reply: Reply) -> PayoutAnswer:
    """What the answer to a request tells. Raises `NoAnswer`, KeyError where it lacks a part."""
    if reply.status in REFUSED_AT_THE_DOOR:
        return payout_answer(Word.NOT_TAKEN, detail=f"status {reply.status}")
    fields = reply.json()
    response = journal(fields)
    if reply.status == CREATED:
        return payout_answer(Word.SUBMITTED, partner_reference=fields["applyNo"], response=response)
    if reply.status < BAD_REQUEST:
        raise NoAnswer(f"status {reply.status} for a request")
    code = str(fields["errorCode"])
    if code == CLOSED_HOURS:
        return payout_answer(
            Word.NOT_TAKEN, partner_code=code, detail="the bank is closed", response=response
        )
    reason, message = PAYOUT_REASONS.get(code, REFUSED)
    return payout_answer(
        Word.REJECTED, reason=reason, message=message, partner_code=code, response=response
    )


def read_status(reply: Reply) -> PayoutAnswer:
    """What an inquiry by number tells. Raises as `read_receipt` does."""
    if reply.status in REFUSED_AT_THE_DOOR:
        return payout_answer(Word.NOT_TAKEN, detail=f"status {reply.status}")
    if reply.status >= BAD_REQUEST:
        raise NoAnswer(f"status {reply.status} for an inquiry")
    fields = reply.json()
    response = journal(fields)
    details = fields["transferDetails"]
    if not details:
        return payout_answer(Word.NOT_FOUND, detail="not in the list", response=response)
    return replace(read_detail(details[0]), response=response)


def read_detail(detail: Fields) -> PayoutAnswer:
    """What the list says of one transfer. A status we do not know leaves it open."""
    status = str(detail["transferStatus"])
    word = STATUSES[status][1] if status in STATUSES else Word.SILENT
    items = detail["transferInfos"]
    amount = sum(int(item["transferAmount"]) for item in items)
    code = str(detail.get("errorCode", ""))
    reason, message = ("", "")
    if word in _REMAINS:
        reason, message = PAYOUT_REASONS.get(code) or STATUS_REASONS.get(status, REFUSED)
    has_left = word in (Word.EXECUTED, Word.RETURNED)
    return payout_answer(
        word,
        partner_reference=str(detail["applyNo"]),
        amount=Money(amount, CURRENCY),
        bank_fee=Money(int(detail["totalFee"]), CURRENCY) if has_left else None,
        reason=reason,
        message=message,
        partner_code=code or status,
        detail=f"status {status}",
    )


def search_list(lists: Lists, payout: Payout) -> PayoutAnswer:
    """The payout in the list of transfers: by our text. One without any text, of the same amount
    and payee, may be it or not: that is for an operator to see."""
    detail = lists.transfer_with(payout.order.short_reference)
    if detail is not None:
        return read_detail(detail)
    alike = [
        str(each["applyNo"])
        for each in lists.textless
        if any(_is_alike(item, payout) for item in each["transferInfos"])
    ]
    if alike:
        return payout_answer(
            Word.SILENT,
            reason="PERHAPS_FOUND",
            message=f"Look at {', '.join(alike[:5])}: the same payee and amount without our text.",
            detail=f"{len(alike)} alike",
        )
    return payout_answer(Word.NOT_FOUND, detail="in no list")


def _is_alike(item: Fields, payout: Payout) -> bool:
    payee = payout.order.payee
    told = (item["transferAmount"], item["beneficiaryBankCode"], item["beneficiaryBranchCode"])
    asked = (str(payout.order.amount.minor), payee.bank_code, payee.branch_code)
    return told == asked and item["accountNumber"] == payee.account_number


def search_statement(lists: Lists, payout: Payout, found: PayoutAnswer) -> PayoutAnswer:
    """What the statement adds to `found` in the list: that it left, or came back."""
    yen = str(payout.order.amount.minor)
    lines = lists.lines_with(payout.order.short_reference)
    mine = [line for line in lines if line["amount"] == yen]
    directions = {line["transactionType"] for line in mine}
    if _INCOMING in directions:
        return payout_answer(
            Word.RETURNED,
            partner_reference=found.partner_reference,
            bank_fee=found.bank_fee,
            reason="RETURNED",
            message="The statement shows that the money came back.",
            detail=f"statement entry {mine[-1]['itemKey']}",
        )
    if _OUTGOING in directions and found.word is not Word.EXECUTED:
        return payout_answer(
            Word.EXECUTED,
            partner_reference=found.partner_reference,
            detail=f"statement entry {mine[0]['itemKey']}",
        )
    return found
