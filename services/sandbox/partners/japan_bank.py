"""A Japanese bank, simulated after GMO Aozora's shapes (facts.md §5.3), strings only.

Transfers with approval (japan_bank_transfers), statement pages, virtual accounts with deposit
notices and their unsent list, day statements as files. It also links accounts, debits them at once
and gives back, of which its reality has nothing in what is public; neither are the signature of
notices, the statement files' address and the approver's side. Control, beside the frame's:

    POST /_control/balance   {"account", "yen"}: of a customer, bank-branch-type-number, or of "own"
    POST /_control/payee     {"account", "holder"}: the name on an account of any bank
    POST /_control/habits    {"approval_seconds" (null: by control only), "execution_seconds",
                             "return_seconds"}
    POST /_control/approve   {"reference" (ediInfo; empty: all), "decision": approve, send_back,
                             withdraw, cancel_approval}
    POST /_control/return    {"reference"}: the payee's bank sends back what was executed
    POST /_control/notice_url {"url", "token"}: where deposits are told from now on
    POST /_control/deposit   {"va_id", "yen", "payer", "text"}: money comes in
"""

import copy
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, ClassVar

from aiohttp import web

from services.core.clock import Clock
from services.sandbox.partners.base import (
    Fields,
    Reply,
    Simulator,
    Work,
    read_fields,
    run_simulator,
)
from services.sandbox.partners.books import Books
from services.sandbox.partners.days import Line
from services.sandbox.partners.faults import OF_CALLS, OF_NOTICES, Call, Fault, OwnFault
from services.sandbox.partners.japan_bank_account import Account
from services.sandbox.partners.japan_bank_debits import Debits, debit_state
from services.sandbox.partners.japan_bank_deposits import Deposits, KeySettings
from services.sandbox.partners.japan_bank_files import camt_statement, zengin_statement
from services.sandbox.partners.japan_bank_transfers import Habits, Refusal, Transfers, detail

API = "/ganb/api"
PERSONAL, CORPORATE, WEBHOOK = (
    f"{API}/personal/v1",
    f"{API}/corporation/v1",
    f"{API}/webhook/v1",
)
PAGE_SIZE = 500
_FILES = {"zengin": "statement-{}.txt", "camt053": "statement-{}.xml"}
_CREATED, _BAD_REQUEST, _NOT_FOUND = 201, 400, 404


class JapanBank(Simulator):
    """Takes any access token. Without an address for notices all deposits are unsent."""

    name = "Japanese bank"
    frame_faults = OF_CALLS | OF_NOTICES | {Fault.WRONG_AMOUNT, Fault.WRONG_SIGNATURE}
    own_faults: ClassVar[Mapping[str, OwnFault]] = {
        "low_balance": OwnFault(("pay", "transfer"), "INSUFFICIENT_FUNDS"),
        "name_mismatch": OwnFault(("link", "transfer"), "BENEFICIARY_NAME_MISMATCH"),
        "unknown_account": OwnFault(("link", "transfer"), "BENEFICIARY_UNKNOWN"),
        "closed_hours": OwnFault(("pay", "transfer"), "OUT_OF_SERVICE_HOURS"),
        "returned_transfer": OwnFault(("transfer",)),
    }

    def __init__(
        self,
        clock: Clock,
        books: Books,
        habits: Habits | None = None,
        page_size: int = PAGE_SIZE,
        keys: KeySettings | None = None,
    ) -> None:
        super().__init__(clock, books)
        self._account = Account(books, self.days.day_of)
        self._debits = Debits(books, self._account)
        self._transfers = Transfers(books, self._account, habits or Habits())
        self._deposits = Deposits(books, self._account, self.notices, keys or KeySettings())
        self._page_size = page_size

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"{PERSONAL}/accountlink/request", self._post("link", self._link)),
            web.post(f"{PERSONAL}/instantdebit/request", self._post("pay", self._draw)),
            web.get(f"{PERSONAL}/instantdebit/status", self._get("inquiry", self._debit_status)),
            web.post(f"{PERSONAL}/instantdebit/cancel", self._post("cancel", self._withdraw)),
            web.post(f"{PERSONAL}/instantdebit/return", self._post("refund", self._give_back)),
            web.post(f"{CORPORATE}/transfer/request", self._post("transfer", self._transfer)),
            web.get(f"{CORPORATE}/transfer/status", self._get("transfer_status", self._status)),
            web.get(f"{CORPORATE}/transfer/request-result", self._get("result", self._result)),
            web.get(f"{CORPORATE}/accounts/balances", self._get("balances", self._balances)),
            web.get(f"{CORPORATE}/accounts/transactions", self._get("statement", self._page)),
            web.post(f"{CORPORATE}/va/issue", self._post("va_issue", self._issue)),
            web.get(
                f"{WEBHOOK}/unsentlist/va-deposit-transaction", self._get("unsent", self._unsent)
            ),
            web.get(f"{CORPORATE}/accounts/statement-file", self._statement_file),
        ]

    def control_routes(self) -> list[web.RouteDef]:
        told: dict[str, Callable[[Fields], Fields]] = {
            "balance": self._set_balance,
            "payee": self._set_payee,
            "habits": self._set_habits,
            "approve": lambda fields: {
                "decided": self._transfers.decide(
                    fields.get("reference", ""), fields["decision"], self.now(), self.today()
                )
            },
            "return": lambda fields: {
                "returned": self._transfers.send_back(
                    fields.get("reference", ""), self.now(), self.today()
                )
            },
            "notice_url": self._deposits.set_webhook,
            "deposit": lambda fields: self._deposits.take(fields, self.now()),
        }
        return [web.post(f"/_control/{path}", _controlled(tell)) for path, tell in told.items()]

    def today(self) -> date:
        return self.days.day_of(self.now())

    def accepted(self) -> Fields:
        """`paid` and `returned` by the text of the item: yen, and how often it was ordered."""
        self._transfers.advance(self.now(), self.today())
        orders: dict[str, int] = {}
        paid: dict[str, int] = {}
        returned: dict[str, int] = {}
        for entry in self._transfers.named(""):
            for item in entry["items"]:
                text, yen = item.get("ediInfo", ""), int(item["transferAmount"])
                orders[text] = orders.get(text, 0) + 1
                if entry["status"] in ("20", "22", "30"):
                    paid[text] = paid.get(text, 0) + yen
                if entry["status"] in ("22", "30"):
                    returned[text] = returned.get(text, 0) + yen
        own = {"orders": orders, "paid": paid, "returned": returned, "own": self._account.yen}
        return self._debits.accepted() | own

    def rejection(self, code: str) -> Reply:
        return _refusal(code or "INSUFFICIENT_FUNDS")

    def forge(self, response: web.Response) -> web.Response:
        """Answers are not signed; a forged one has nothing a client could check."""
        return response

    def misstate(self, reply: Reply) -> Reply:
        fields = copy.deepcopy(reply.fields)
        if "amount" in fields:
            fields["amount"] = str(int(fields["amount"]) + 1)
        for entry in fields.get("transferDetails", ()):
            for item in entry["transferInfos"]:
                item["transferAmount"] = str(int(item["transferAmount"]) + 1)
        return Reply(fields, reply.status)

    def suffer(self, _fault: str, call: Call, _work: Work) -> Reply:
        """A transfer whose payee's bank will send it back."""
        return _answered(lambda: self._transfer(dict(call["fields"]), comes_back=True))

    def lines(self, day: date) -> list[Line]:
        self._transfers.advance(self.now(), self.today())
        return self._account.lines(day)

    def write_files(self, day: date, lines: list[Line]) -> Mapping[str, bytes]:
        opening = self._account.opening(day)
        return {
            _FILES["zengin"].format(day): zengin_statement(day, lines, opening),
            _FILES["camt053"].format(day): camt_statement(day, lines, opening),
        }

    def _post(self, operation: str, answer: Callable[[Fields], Reply]) -> Any:
        async def serve(request: web.Request) -> web.StreamResponse:
            _authorise(request)
            return await self._serve(request, operation, await read_fields(request), answer)

        return serve

    def _get(self, operation: str, answer: Callable[[Fields], Reply]) -> Any:
        async def serve(request: web.Request) -> web.StreamResponse:
            _authorise(request)
            return await self._serve(request, operation, dict(request.query), answer)

        return serve

    async def _serve(
        self,
        request: web.Request,
        operation: str,
        fields: Fields,
        answer: Callable[[Fields], Reply],
    ) -> web.StreamResponse:
        amount = fields.get("debitAmount", fields.get("totalAmount", fields.get("amount")))
        call: dict[str, Any] = {
            "operation": operation,
            "amount": None if amount is None else int(amount),
            "id": fields.get("clientReference") or _first_text(fields) or fields.get("applyNo"),
            "fields": fields,
        }
        return await self.serve(request, call, lambda: _answered(lambda: answer(fields)))

    def _link(self, fields: Fields) -> Reply:
        return Reply(self._debits.link(fields))

    def _draw(self, fields: Fields) -> Reply:
        return Reply(debit_state(self._debits.draw(fields, self.now())))

    def _debit_status(self, fields: Fields) -> Reply:
        entry = self._debits.status(fields["clientReference"])
        return _refusal("NOT_FOUND", _NOT_FOUND) if entry is None else Reply(debit_state(entry))

    def _withdraw(self, fields: Fields) -> Reply:
        return Reply(debit_state(self._debits.withdraw(fields["clientReference"])))

    def _give_back(self, fields: Fields) -> Reply:
        return Reply(debit_state(self._debits.give_back(fields, self.now())))

    def _transfer(self, fields: Fields, comes_back: bool = False) -> Reply:
        number = self._transfers.request(fields, self.now(), self.today(), comes_back)
        received = {"accountId": fields["accountId"], "resultCode": "2", "applyNo": number}
        return Reply(received, _CREATED)

    def _status(self, fields: Fields) -> Reply:
        """By the bank's number, or a page of those applied for between two days."""
        if fields["queryKeyClass"] == "1":
            entry = self._transfers.get(fields["applyNo"], self.now(), self.today())
            found = [] if entry is None else [entry]
        else:
            entries = self._transfers.visible(self.now(), self.today())
            first, last = fields["dateFrom"], fields["dateTo"]
            found = [entry for entry in entries if first <= entry["applied"] <= last]
        shown, paging = self._cut(found, fields, lambda entry: str(entry["applyNo"]))
        details = [detail(entry) for entry in shown]
        return Reply({"baseDate": self.today().isoformat(), **paging, "transferDetails": details})

    def _result(self, fields: Fields) -> Reply:
        """1 accepted, 2 not finished, 8 expired."""
        self._transfers.advance(self.now(), self.today())
        for entry in self._transfers.named(""):
            if entry["applyNo"] == fields["applyNo"]:
                code = {"2": "2", "5": "8"}.get(entry["status"], "1")
                return Reply({"accountId": fields["accountId"], "resultCode": code})
        return _refusal("NOT_FOUND", _NOT_FOUND)

    def _balances(self, _fields: Fields) -> Reply:
        self._transfers.advance(self.now(), self.today())
        return Reply({"balances": [{"balance": str(self._account.yen), "currencyCode": "JPY"}]})

    def _page(self, fields: Fields) -> Reply:
        self._transfers.advance(self.now(), self.today())
        first, last = (date.fromisoformat(fields[name]) for name in ("dateFrom", "dateTo"))
        bookings = self._account.between(first, last)
        shown, paging = self._cut(bookings, fields, lambda each: each.number)
        lines = [
            {
                "transactionDate": each.day,
                "valueDate": each.day,
                "transactionType": "1" if each.incoming else "2",
                "amount": str(each.yen),
                "balance": str(each.balance),
                "partnerName": each.party,
                "remarks": each.remarks,
                "itemKey": each.number,
            }
            for each in shown
        ]
        return Reply({"accountId": fields["accountId"], **paging, "transactions": lines})

    def _cut(
        self, found: list[Any], fields: Fields, key: Callable[[Any], str]
    ) -> tuple[list[Any], Fields]:
        """The page after `nextItemKey`, and what it says of the next one."""
        after = fields.get("nextItemKey", "")
        rest = [each for each in found if key(each) > after]
        shown, has_next = rest[: self._page_size], len(rest) > self._page_size
        paging = {"count": str(len(shown)), "hasNext": str(has_next).lower()}
        return shown, paging | ({"nextItemKey": key(shown[-1])} if has_next else {})

    def _issue(self, fields: Fields) -> Reply:
        return Reply(self._deposits.issue(int(fields["issueRequestCount"])), _CREATED)

    def _unsent(self, fields: Fields) -> Reply:
        found = self._deposits.unsent()
        shown, paging = self._cut(found, fields, lambda each: str(each["itemKey"]))
        return Reply({**paging, "vaTransactions": shown})

    async def _statement_file(self, request: web.Request) -> web.StreamResponse:
        _authorise(request)
        name = _FILES[request.query["format"]].format(request.query["date"])
        content = self.days.read(date.fromisoformat(request.query["date"]), name)
        if content is None:
            return self.seal(request, _refusal("NOT_FOUND", _NOT_FOUND))
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(
            body=content, headers=disposition, content_type="application/octet-stream"
        )

    def _set_balance(self, fields: Fields) -> Fields:
        if fields["account"] == "own":
            self._account.set_yen(int(fields["yen"]))
        elif not self._debits.set_balance(fields["account"], int(fields["yen"])):
            raise ValueError("there is no such account")
        return {"yen": int(fields["yen"])}

    def _set_payee(self, fields: Fields) -> Fields:
        self.books.put("payee", fields["account"], {"holder": fields["holder"]})
        return fields

    def _set_habits(self, fields: Fields) -> Fields:
        for name, value in fields.items():
            if name not in Habits.__annotations__:
                raise ValueError(f"there is no habit {name}")
            setattr(self._transfers.habits, name, value)
        return fields


def _controlled(tell: Callable[[Fields], Fields]) -> Any:
    async def serve(request: web.Request) -> web.Response:
        try:
            return web.json_response(tell(await read_fields(request)))
        except (KeyError, ValueError, TypeError) as error:
            return web.json_response({"error": repr(error)}, status=_BAD_REQUEST)

    return serve


def _answered(work: Work) -> Reply:
    """What work comes to: its answer, or the bank's refusal."""
    try:
        return work()
    except Refusal as refusal:
        return _refusal(str(refusal))
    except (KeyError, ValueError, TypeError) as error:
        return _refusal(f"MALFORMED_{type(error).__name__}")


def _authorise(request: web.Request) -> None:
    if not request.headers.get("x-access-token"):
        raise web.HTTPUnauthorized(text="x-access-token is missing.")


def _first_text(fields: Fields) -> str:
    items = fields.get("transfers") or [{}]
    return str(items[0].get("ediInfo", "")) if isinstance(items, list) else ""


def _refusal(code: str, status: int = _BAD_REQUEST) -> Reply:
    return Reply({"errorCode": code, "errorMessage": code.replace("_", " ").lower()}, status)


def make(clock: Clock, books: Books) -> JapanBank:
    """The simulator with what the environment says of its client."""
    return JapanBank(clock, books, keys=KeySettings())


if __name__ == "__main__":
    run_simulator("japan_bank", make)
