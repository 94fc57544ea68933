"""Transfer requests at the simulated Japanese bank, from receipt to the end (facts.md §5.3).

    2 applying → 11 reserved (until its date) → 12 in process → 20 done → 22 funds returned
    2 → 3 sent back, 4 withdrawn, 8 approval cancelled, by whoever approves; 12 → 40 not executed

A request is not idempotent: the same one twice is paid twice. Received is not paid: a person
approves, by control call or after `approval_seconds`. What nobody approves by its date disappears
from every list. A payee's bank sends money back after `return_seconds` where it has no such
account. Time passes only when somebody looks.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.core.business_days import BankCalendar
from services.sandbox.partners.books import Books
from services.sandbox.partners.japan_bank_account import FEE, RETURN, TRANSFER_OUT, Account

OWN_BANK = "0310"
FEE_YEN = 145
MOST_ITEMS = 99
CALENDAR = BankCalendar(("JP",))
APPLYING, SENT_BACK, WITHDRAWN, EXPIRED, APPROVAL_CANCELLED = "2", "3", "4", "5", "8"
RESERVED, IN_PROCESS, DONE, RETURNED, FAILED_BULK, NOT_EXECUTED = "11", "12", "20", "22", "30", "40"
DECISIONS = {
    "approve": RESERVED,
    "send_back": SENT_BACK,
    "withdraw": WITHDRAWN,
    "cancel_approval": APPROVAL_CANCELLED,
}
NO_SUCH_ACCOUNT = "0000000"
"""An account number that no payee's bank has."""
_KIND = "transfer"
_OPEN = (APPLYING, RESERVED, IN_PROCESS)

Fields = dict[str, Any]


class Refusal(Exception):
    """The bank's own code for a request it does not take."""


@dataclass
class Habits:
    """How long things take, in seconds of the bank's clock; None: until a control call."""

    approval_seconds: float | None = 2.0
    execution_seconds: float = 1.0
    return_seconds: float = 86_400.0


class Transfers:
    """`payees` maps accounts to the holders' names; an account not in it takes any name."""

    def __init__(self, books: Books, account: Account, habits: Habits) -> None:
        self._books = books
        self._account = account
        self.habits = habits
        self._entries = dict(books.all(_KIND))
        self._awake = {number for number, entry in self._entries.items() if _is_awake(entry)}

    def request(self, fields: Fields, now: datetime, today: date, comes_back: bool = False) -> str:
        """Take a request; its number. Raises `Refusal`, and KeyError or ValueError for a wrong
        shape."""
        items = fields["transfers"]
        amounts = [int(item["transferAmount"]) for item in items]
        if not 1 <= len(items) <= MOST_ITEMS or min(amounts) <= 0:
            raise Refusal("INVALID_ITEMS")
        is_counted = str(fields["totalCount"]) == str(len(items))
        if not is_counted or int(fields["totalAmount"]) != sum(amounts):
            raise Refusal("TOTALS_DIFFER")
        day = _working_day(fields, today)
        for item in items:
            self._check_payee(item)
        number = f"{len(self._entries) + 1:016d}"
        approval = self.habits.approval_seconds
        entry = {
            "applyNo": number,
            "status": APPLYING,
            "applied": today.isoformat(),
            "day": day.isoformat(),
            "items": items,
            "approve_at": None if approval is None else _later(now, approval),
            "execute_at": None,
            "return_at": None,
            "comes_back": comes_back,
            "fee": 0,
            "code": "",
        }
        self._put(entry)
        return number

    def _check_payee(self, item: Fields) -> None:
        """Its own customers the bank knows at once; of other banks it hears later."""
        if item["beneficiaryBankCode"] != OWN_BANK:
            return
        holder = self._holder(item)
        if holder is None:
            raise Refusal("BENEFICIARY_UNKNOWN")
        if holder not in ("", item["beneficiaryName"]):
            raise Refusal("BENEFICIARY_NAME_MISMATCH")

    def _holder(self, item: Fields) -> str | None:
        """The name on the payee's account; empty: any; None: there is no such account."""
        if item["accountNumber"] == NO_SUCH_ACCOUNT:
            return None
        parts = ("beneficiaryBankCode", "beneficiaryBranchCode", "accountTypeCode", "accountNumber")
        key = "-".join(item[part] for part in parts)
        known = self._books.get("payee", key) or self._books.get("account", key)
        return "" if known is None else known["holder"]

    def decide(self, reference: str, decision: str, now: datetime, today: date) -> int:
        """A person's word on requests that wait for one; how many there were."""
        self.advance(now, today)
        decided = 0
        for entry in self.named(reference):
            if entry["status"] == APPLYING:
                decided += 1
                self._put({**entry, "status": DECISIONS[decision]})
        self.advance(now, today)
        return decided

    def send_back(self, reference: str, now: datetime, today: date) -> int:
        """The payee's bank returns what was executed; how many there were."""
        self.advance(now, today)
        done = [entry for entry in self.named(reference) if entry["status"] == DONE]
        for entry in done:
            self._put({**entry, "return_at": now.isoformat()})
        self.advance(now, today)
        return len(done)

    def named(self, reference: str) -> list[Fields]:
        """The requests with this text in an item; all where it is empty."""
        entries = list(self._entries.values())
        if not reference:
            return entries
        return [e for e in entries if any(i.get("ediInfo") == reference for i in e["items"])]

    def visible(self, now: datetime, today: date) -> list[Fields]:
        """All that the bank still shows, as it stands now, oldest first."""
        self.advance(now, today)
        return [entry for entry in self.named("") if entry["status"] != EXPIRED]

    def get(self, number: str, now: datetime, today: date) -> Fields | None:
        """One that the bank still shows."""
        self.advance(now, today)
        entry = self._entries.get(number)
        return None if entry is None or entry["status"] == EXPIRED else entry

    def advance(self, now: datetime, today: date) -> None:
        """Let happen what was to happen until now."""
        for number in sorted(self._awake):
            entry: Fields | None = self._entries[number]
            while entry is not None:
                moved = self._moved(entry, now, today)
                if moved is None:
                    break
                entry = moved
                self._put(entry)

    def _moved(self, entry: Fields, now: datetime, today: date) -> Fields | None:
        is_over = today.isoformat() > entry["day"]
        match entry["status"]:
            case "2" if _is_past(entry["approve_at"], now) and not is_over:
                return {**entry, "status": RESERVED}
            case "2" if is_over:
                return {**entry, "status": EXPIRED}
            case "11" if today.isoformat() >= entry["day"]:
                due = _later(now, self.habits.execution_seconds)
                return {**entry, "status": IN_PROCESS, "execute_at": due}
            case "12" if _is_past(entry["execute_at"], now):
                return self._executed(entry, now)
            case "20" if _is_past(entry["return_at"], now):
                return self._returned(entry, now)
            case _:
                return None

    def _executed(self, entry: Fields, now: datetime) -> Fields:
        items = entry["items"]
        fees = [0 if each["beneficiaryBankCode"] == OWN_BANK else FEE_YEN for each in items]
        total = sum(int(each["transferAmount"]) for each in items) + sum(fees)
        if self._account.yen < total:
            return {**entry, "status": NOT_EXECUTED, "code": "INSUFFICIENT_FUNDS"}
        for item, fee in zip(items, fees, strict=True):
            name, text = item["beneficiaryName"], item.get("ediInfo", "")
            self._account.book(TRANSFER_OUT, int(item["transferAmount"]), name, text, now)
            if fee:
                self._account.book(FEE, fee, "", text, now)
        comes_back = entry["comes_back"] or not self._reaches(items[0])
        back = _later(now, self.habits.return_seconds) if comes_back else None
        return {**entry, "status": DONE, "fee": sum(fees), "return_at": back}

    def _reaches(self, item: Fields) -> bool:
        holder = self._holder(item)
        return holder in ("", item["beneficiaryName"])

    def _returned(self, entry: Fields, now: datetime) -> Fields:
        for item in entry["items"]:
            name, text = item["beneficiaryName"], item.get("ediInfo", "")
            self._account.book(RETURN, int(item["transferAmount"]), name, text, now)
        is_bulk = len(entry["items"]) > 1
        status = FAILED_BULK if is_bulk else RETURNED
        return {**entry, "status": status, "return_at": None, "code": "BENEFICIARY_UNKNOWN"}

    def _put(self, entry: Fields) -> None:
        self._books.put(_KIND, entry["applyNo"], entry)
        self._entries[entry["applyNo"]] = entry
        if _is_awake(entry):
            self._awake.add(entry["applyNo"])
        else:
            self._awake.discard(entry["applyNo"])


def _is_awake(entry: Fields) -> bool:
    return entry["status"] in _OPEN or entry["return_at"] is not None


def _working_day(fields: Fields, today: date) -> date:
    """Today's transfers go on any day; a later one on a holiday moves as the request says."""
    day = date.fromisoformat(fields["transferDesignatedDate"])
    if day <= today or CALENDAR.is_open(day):
        return max(day, today)
    match fields["transferDateHolidayCode"]:
        case "1":
            return CALENDAR.on_or_after(day)
        case "2":
            return max(CALENDAR.on_or_before(day), today)
        case _:
            raise Refusal("DATE_IS_HOLIDAY")


def _later(now: datetime, seconds: float) -> str:
    return (now + timedelta(seconds=seconds)).isoformat()


def _is_past(time: str | None, now: datetime) -> bool:
    return time is not None and datetime.fromisoformat(time) <= now


def detail(entry: Fields) -> Fields:
    """A request as the status list shows it; strings only."""
    total = sum(int(item["transferAmount"]) for item in entry["items"])
    shown = {
        "applyNo": entry["applyNo"],
        "transferStatus": entry["status"],
        "applyDate": entry["applied"],
        "transferDesignatedDate": entry["day"],
        "totalCount": str(len(entry["items"])),
        "totalAmount": str(total),
        "totalFee": str(entry["fee"]),
        "transferInfos": entry["items"],
    }
    return shown | ({"errorCode": entry["code"]} if entry["code"] else {})
