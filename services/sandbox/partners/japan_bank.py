"""A Japanese bank, simulated after GMO Aozora's shapes (facts.md §5.3), strings only.

It links accounts under the name it knows, debits them at once, and transfers back. Its reality has
neither a link nor an instant debit in what is public. A transfer request is not idempotent: the
same request twice is paid twice. Control: POST /_control/balance {"account", "yen"}, where an
account is bank-branch-type-number.
"""

import unicodedata
from typing import Any

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

PATH = "/ganb/api/personal/v1"
BANK_NAME = "GMO Aozora Net Bank"
# Account → holder and yen; names as the bank writes them.
ACCOUNTS = {
    "0310-101-1-1234567": ("ﾔﾏﾀﾞ ﾊﾅｺ", 1_000_000),
    "0310-101-1-7654321": ("ｻﾄｳ ﾀﾛ-", 3_000),
}
_EXECUTED, _WITHDRAWN, _FAILED = "20", "4", "40"


class JapanBank(Simulator):
    """Takes any access token."""

    name = "Japanese bank"

    def __init__(self, clock: Clock, books: Books) -> None:
        super().__init__(clock, books)
        for number, (holder, yen) in ACCOUNTS.items():
            if books.get("account", number) is None:
                books.put("account", number, {"holder": holder, "yen": yen})

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"{PATH}/accountlink/request", self._link),
            web.post(f"{PATH}/instantdebit/request", self._debit),
            web.get(f"{PATH}/instantdebit/status", self._debit_status),
            web.post(f"{PATH}/instantdebit/cancel", self._withdraw),
            web.post(f"{PATH}/transfer/request", self._transfer),
            web.get(f"{PATH}/transfer/status", self._transfer_status),
        ]

    def control_routes(self) -> list[web.RouteDef]:
        return [web.post("/_control/balance", self._set_balance)]

    def accepted(self) -> Fields:
        return {
            "accepted": {
                key: int(entry["amount"])
                for key, entry in self.books.all("debit")
                if entry["transferStatus"] == _EXECUTED
            },
            "refunded": {
                entry["reference"]: int(entry["amount"])
                for _, entry in self.books.all("transfer")
                if entry["transferStatus"] == _EXECUTED
            },
            "balances": {key: entry["yen"] for key, entry in self.books.all("account")},
        }

    def rejection(self, code: str) -> Reply:
        return _refusal(code or "INSUFFICIENT_FUNDS")

    async def _set_balance(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        account = self.books.get("account", fields["account"])
        if account is None:
            raise web.HTTPNotFound(text="No such account.")
        self.books.put("account", fields["account"], {**account, "yen": int(fields["yen"])})
        return web.json_response({"yen": int(fields["yen"])})

    async def _link(self, request: web.Request) -> web.StreamResponse:
        fields = await _authorised(request)

        def work() -> Reply:
            number = "-".join(
                fields[part]
                for part in ("bankCode", "branchCode", "accountTypeCode", "accountNumber")
            )
            account = self.books.get("account", number)
            if account is None or _plain(account["holder"]) != _plain(fields["accountName"]):
                return _refusal("ACCOUNT_MISMATCH")
            account_id = f"{fields['branchCode']}{fields['accountTypeCode']}0{number[-7:]}"
            self.books.put("link", account_id, {"account": number})
            return Reply({"accountId": account_id, "bankName": BANK_NAME})

        return await self._serve(request, "link", fields, work)

    async def _debit(self, request: web.Request) -> web.StreamResponse:
        fields = await _authorised(request)
        return await self._serve(request, "pay", fields, lambda: self._draw(fields))

    def _draw(self, fields: Fields) -> Reply:
        reference = fields["clientReference"]
        if (known := self.books.get("debit", reference)) is not None:
            return _state(known)
        link = self.books.get("link", fields["accountId"])
        if link is None:
            return _refusal("ACCOUNT_NOT_LINKED")
        account = self.books.get("account", link["account"]) or {"yen": 0}
        amount = int(fields["debitAmount"])
        entry = {
            "applyNo": f"{len(list(self.books.all('debit'))) + 1:016d}",
            "amount": str(amount),
            "accountId": fields["accountId"],
            "transferStatus": _EXECUTED,
        }
        if account["yen"] < amount:
            entry |= {"transferStatus": _FAILED, "errorCode": "INSUFFICIENT_FUNDS"}
        else:
            left = {**account, "yen": account["yen"] - amount}
            self.books.put("account", link["account"], left)
        self.books.put("debit", reference, entry)
        return _state(entry)

    async def _debit_status(self, request: web.Request) -> web.StreamResponse:
        reference = request.query["clientReference"]

        def work() -> Reply:
            entry = self.books.get("debit", reference)
            return Reply({"errorCode": "NOT_FOUND"}, 404) if entry is None else _state(entry)

        return await self._serve(request, "inquiry", {"clientReference": reference}, work)

    async def _withdraw(self, request: web.Request) -> web.StreamResponse:
        fields = await _authorised(request)

        def work() -> Reply:
            reference = fields["clientReference"]
            entry = self.books.get("debit", reference)
            if entry is None:
                entry = {"applyNo": "", "amount": "0", "transferStatus": _WITHDRAWN}
                self.books.put("debit", reference, entry)
            return _state(entry)

        return await self._serve(request, "cancel", fields, work)

    async def _transfer(self, request: web.Request) -> web.StreamResponse:
        fields = await _authorised(request)

        def work() -> Reply:
            item = fields["transfers"][0]
            link = self.books.get("link", item["beneficiaryAccountId"])
            account = link and self.books.get("account", link["account"])
            if not link or not account:
                return _refusal("BENEFICIARY_UNKNOWN")
            yen = int(item["transferAmount"])
            self.books.put("account", link["account"], {**account, "yen": account["yen"] + yen})
            number = f"{len(list(self.books.all('transfer'))) + 1:016d}"
            entry = {
                "applyNo": number,
                "amount": item["transferAmount"],
                "reference": fields["clientReference"],
                "transferStatus": _EXECUTED,
            }
            self.books.put("transfer", number, entry)
            # Received, not paid: that is read from the status.
            return Reply({**_state(entry).fields, "transferStatus": "12"}, 201)

        return await self._serve(request, "transfer", fields, work)

    async def _transfer_status(self, request: web.Request) -> web.StreamResponse:
        reference = request.query["clientReference"]

        def work() -> Reply:
            for _, entry in self.books.all("transfer"):
                if entry["reference"] == reference:
                    return _state(entry)
            return Reply({"errorCode": "NOT_FOUND"}, 404)

        return await self._serve(request, "transfer_status", {"clientReference": reference}, work)

    async def _serve(
        self, request: web.Request, operation: str, fields: Fields, work: Work
    ) -> web.StreamResponse:
        amount = fields.get("debitAmount", fields.get("totalAmount"))
        call: dict[str, Any] = {
            "operation": operation,
            "amount": None if amount is None else int(amount),
            "id": fields.get("clientReference"),
        }
        return await self.serve(request, call, work)


async def _authorised(request: web.Request) -> Fields:
    if not request.headers.get("x-access-token"):
        raise web.HTTPUnauthorized(text="x-access-token is missing.")
    return await read_fields(request)


def _plain(name: str) -> str:
    """A name without what does not distinguish people: width and spaces."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def _state(entry: Fields) -> Reply:
    fields = {"applyNo": entry["applyNo"], "transferStatus": entry["transferStatus"]}
    if "errorCode" in entry:
        fields["errorCode"] = entry["errorCode"]
    return Reply({"resultCode": "1", **fields})


def _refusal(code: str) -> Reply:
    return Reply({"errorCode": code, "errorMessage": code.replace("_", " ").lower()}, 400)


if __name__ == "__main__":
    run_simulator("japan_bank", JapanBank)
