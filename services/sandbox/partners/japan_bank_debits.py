"""Linked accounts and instant debits of the simulated Japanese bank; its reality documents neither.

A debit is done once per the client's reference, and so is giving back.
"""

import unicodedata
from datetime import datetime
from typing import Any

from services.sandbox.partners.books import Books
from services.sandbox.partners.japan_bank_account import GIVEN_BACK, TOP_UP, Account
from services.sandbox.partners.japan_bank_transfers import Refusal

BANK_NAME = "GMO Aozora Net Bank"
# Account → holder and yen; names as the bank writes them.
CUSTOMERS = {
    "0310-101-1-1234567": ("ﾔﾏﾀﾞ ﾊﾅｺ", 1_000_000),
    "0310-101-1-7654321": ("ｻﾄｳ ﾀﾛ-", 3_000),
}
EXECUTED, WITHDRAWN, FAILED = "20", "4", "40"
_ACCOUNT_PARTS = ("bankCode", "branchCode", "accountTypeCode", "accountNumber")

Fields = dict[str, Any]


class Debits:
    """Customers' accounts by bank-branch-type-number, and what is drawn from them."""

    def __init__(self, books: Books, account: Account) -> None:
        self._books = books
        self._own = account
        for number, (holder, yen) in CUSTOMERS.items():
            if books.get("account", number) is None:
                books.put("account", number, {"holder": holder, "yen": yen})

    def link(self, fields: Fields) -> Fields:
        number = "-".join(fields[part] for part in _ACCOUNT_PARTS)
        account = self._books.get("account", number)
        if account is None or _plain(account["holder"]) != _plain(fields["accountName"]):
            raise Refusal("ACCOUNT_MISMATCH")
        account_id = f"{fields['branchCode']}{fields['accountTypeCode']}0{number[-7:]}"
        self._books.put("link", account_id, {"account": number})
        return {"accountId": account_id, "bankName": BANK_NAME}

    def draw(self, fields: Fields, now: datetime) -> Fields:
        """Debit a linked account. The answer of a reference that is known is repeated."""
        reference = fields["clientReference"]
        if (known := self._books.get("debit", reference)) is not None:
            return known
        link = self._books.get("link", fields["accountId"])
        if link is None:
            raise Refusal("ACCOUNT_NOT_LINKED")
        amount = int(fields["debitAmount"])
        entry = {
            "applyNo": f"{self._books.count('debit') + 1:016d}",
            "amount": str(amount),
            "accountId": fields["accountId"],
            "transferStatus": EXECUTED,
        }
        account = self._books.get("account", link["account"]) or {"yen": 0}
        if account["yen"] < amount:
            entry |= {"transferStatus": FAILED, "errorCode": "INSUFFICIENT_FUNDS"}
        else:
            self._move(link["account"], -amount)
            self._own.book(TOP_UP, amount, account["holder"], entry["applyNo"], now)
        self._books.put("debit", reference, entry)
        return entry

    def status(self, reference: str) -> Fields | None:
        return self._books.get("debit", reference)

    def withdraw(self, reference: str) -> Fields:
        """Close a reference before it is used; what has been drawn stays as it is."""
        entry = self._books.get("debit", reference)
        if entry is None:
            entry = {"applyNo": "", "amount": "0", "transferStatus": WITHDRAWN}
            self._books.put("debit", reference, entry)
        return entry

    def give_back(self, fields: Fields, now: datetime) -> Fields:
        reference = fields["clientReference"]
        if (known := self._books.get("given_back", reference)) is not None:
            return known
        link = self._books.get("link", fields["accountId"])
        if link is None:
            raise Refusal("ACCOUNT_NOT_LINKED")
        amount = int(fields["amount"])
        number = f"{self._books.count('given_back') + 1:016d}"
        holder = (self._books.get("account", link["account"]) or {"holder": ""})["holder"]
        self._move(link["account"], amount)
        self._own.book(GIVEN_BACK, amount, holder, number, now)
        entry = {"applyNo": number, "amount": str(amount), "transferStatus": EXECUTED}
        self._books.put("given_back", reference, entry)
        return entry

    def set_balance(self, number: str, yen: int) -> bool:
        account = self._books.get("account", number)
        if account is not None:
            self._books.put("account", number, {**account, "yen": yen})
        return account is not None

    def _move(self, number: str, yen: int) -> None:
        account = self._books.get("account", number) or {"holder": "", "yen": 0}
        self._books.put("account", number, {**account, "yen": account["yen"] + yen})

    def accepted(self) -> Fields:
        """What was drawn and given back, in yen by the client's references, and the balances."""
        return {
            "accepted": {
                key: int(entry["amount"])
                for key, entry in self._books.all("debit")
                if entry["transferStatus"] == EXECUTED
            },
            "refunded": {key: int(entry["amount"]) for key, entry in self._books.all("given_back")},
            "balances": {key: entry["yen"] for key, entry in self._books.all("account")},
        }


def _plain(name: str) -> str:
    """A name without what does not distinguish people: width and spaces."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def debit_state(entry: Fields) -> Fields:
    """A debit or what was given back, as the bank answers."""
    fields = {"resultCode": "1", "applyNo": entry["applyNo"]}
    fields |= {"transferStatus": entry["transferStatus"], "amount": entry["amount"]}
    return fields | ({"errorCode": entry["errorCode"]} if "errorCode" in entry else {})
