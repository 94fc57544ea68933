"""Files at the simulated bank by file, from the upload to the last result.

    received → accepted (a person's approval) → executed, with results → a transfer may come back
    received → refused: LATE_FILE, TOTALS_DIFFER, FORMAT, ACCOUNT_DIFFERS, DUPLICATE_FILE …

A 21 is carried out on its value date, with its result; a 91 too, with its result some business days
later. A file that came already, by name and bytes, is listed as refused and has no effect. Time
passes only when somebody looks.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from services.core.business_days import BankCalendar
from services.sandbox.partners.books import Books
from services.sandbox.partners.days import Days
from services.sandbox.partners.faults import FaultBook
from services.sandbox.partners.file_bank_box import BankBox
from services.sandbox.partners.file_bank_records import (
    BANK,
    BRANCH,
    NUMBER,
    TYPE,
    FileRefused,
    debit_result,
    read_orders,
    transfer_result,
)
from services.sandbox.partners.japan_bank_account import (
    FEE,
    RETURN,
    TOP_UP,
    TRANSFER_OUT,
    Account,
)

CALENDAR = BankCalendar(("JP",))
NO_SUCH_ACCOUNT = "0000000"
FEE_YEN = 145
CUSTOMERS_YEN = 1_000_000
OWN = "-".join((BANK, BRANCH, TYPE, NUMBER))
RESULT = "result"
"""The operation that faults of result files befall; its id is the file's name."""
WRONG_TOTALS, DUPLICATE_RESULT = "wrong_totals", "duplicate_result"
COLLECTED, FUNDS, NO_ACCOUNT = "0", "1", "2"
_NOT_HIS = ("account_closed", "name_mismatch")
_KIND = "file"

Fields = dict[str, Any]


@dataclass
class FileHabits:
    """How long things take, in seconds of the bank's clock (None: until a control call), when it
    takes files, and business days."""

    accept_seconds: float | None = 2.0
    execution_seconds: float = 1.0
    result_days: int = 1
    """From the value date of a 91 to its result file."""
    return_seconds: float = 86_400.0
    cutoff: str = "15:00"
    transfer_lead_days: int = 0
    debit_lead_days: int = 0


class BankOrders:
    """The files the bank has received, and what it does with them."""

    def __init__(
        self, books: Books, account: Account, box: BankBox, days: Days, faults: FaultBook
    ) -> None:
        self._books = books
        self._account = account
        self._box = box
        self._days = days
        self._faults = faults
        self.habits = FileHabits()

    def receive(
        self, folder: str, name: str, content: bytes, now: datetime, fate: str = ""
    ) -> Fields:
        """Take an upload; what the list says of it. `fate`: what is to befall its records."""
        digest = hashlib.sha256(content).hexdigest()
        number = f"{self._books.count(_KIND) + 1:08d}"
        entry: Fields = {
            "receptionNumber": number,
            "name": name,
            "digest": digest,
            "day": self._days.day_of(now).isoformat(),
            "folder": folder,
            "state": "received",
            "code": "",
            "fate": fate,
            "records": [],
            "value_day": "",
            "accept_at": _later(now, self.habits.accept_seconds),
            "execute_at": None,
            "return_at": None,
            "answered": False,
        }
        if any(each["name"] == name for each in self.entries()):
            entry |= {"state": "refused", "code": "DUPLICATE_FILE"}
        else:
            self._books.write_file(_path(name), content)
            entry |= self._examined(folder, content, now, fate)
        self._put(entry)
        return entry

    def _examined(self, folder: str, content: bytes, now: datetime, fate: str) -> Fields:
        try:
            ordered = read_orders(folder, content, self._days.day_of(now))
            self._check(folder, ordered.account, ordered.day, now, fate)
        except FileRefused as refused:
            return {"state": "refused", "code": str(refused)}
        records = [{**each, "status": "", "code": ""} for each in ordered.records]
        return {"records": records, "value_day": ordered.day.isoformat()}

    def _check(self, folder: str, account: str, day: date, now: datetime, fate: str) -> None:
        if account != OWN:
            raise FileRefused("ACCOUNT_DIFFERS")
        if not CALENDAR.is_open(day):
            raise FileRefused("NO_BUSINESS_DAY")
        habits = self.habits
        lead = habits.debit_lead_days if folder == "91" else habits.transfer_lead_days
        closing = time.fromisoformat(habits.cutoff)
        latest = datetime.combine(CALENDAR.add(day, -lead), closing, self._days.zone)
        if fate == "late_file" or now >= latest:
            raise FileRefused("LATE_FILE")
        if fate == "refused_whole":
            raise FileRefused("TOTALS_DIFFER")

    def entries(self) -> list[Fields]:
        return [entry for _, entry in self._books.all(_KIND)]

    def id_of(self, name: str) -> str:
        """The reference of a file's only record, or its name; empty where there is no such file."""
        for entry in self.entries():
            if entry["name"] == name and entry["records"]:
                alone = len(entry["records"]) == 1
                return str(entry["records"][0]["reference"] if alone else name)
        return ""

    def decide(self, decision: str, now: datetime) -> int:
        """A person's word on files that wait for one: accept or refuse; how many there were."""
        self.advance(now)
        waiting = [each for each in self.entries() if each["state"] == "received"]
        for entry in waiting:
            if decision == "accept":
                self._put({**entry, "accept_at": now.isoformat()})
            else:
                self._put({**entry, "state": "refused", "code": "NOT_APPROVED"})
        self.advance(now)
        return len(waiting)

    def send_back(self, reference: str, now: datetime) -> int:
        """The payee's bank returns transfers that were executed; how many there were."""
        self.advance(now)
        count = 0
        for entry in self.entries():
            for record in entry["records"]:
                if record["status"] == "20" and reference in ("", record["reference"]):
                    record["comes_back"] = True
                    count += 1
            self._put({**entry, "return_at": now.isoformat()})
        self.advance(now)
        return count

    def advance(self, now: datetime) -> None:
        """Let happen what was to happen until now."""
        for entry in self.entries():
            moved: Fields | None = entry
            while moved is not None:
                moved = self._moved(moved, now)
                if moved is not None:
                    self._put(moved)

    def _moved(self, entry: Fields, now: datetime) -> Fields | None:
        today = self._days.day_of(now).isoformat()
        match entry["state"]:
            case "received" if _is_past(entry["accept_at"], now):
                due = _later(now, self.habits.execution_seconds)
                return {**entry, "state": "accepted", "execute_at": due}
            case "accepted" if not entry["records"][0]["status"]:
                is_time = today >= entry["value_day"] and _is_past(entry["execute_at"], now)
                return self._executed(entry, now) if is_time else None
            case "accepted" if not entry["answered"]:
                return self._answered(entry, now, today)
            case "accepted" if _is_past(entry["return_at"], now):
                return self._returned(entry, now)
            case _:
                return None

    def _executed(self, entry: Fields, now: datetime) -> Fields:
        carry_out = self._debit if entry["folder"] == "91" else self._transfer
        records = [carry_out(record, entry["fate"], now) for record in entry["records"]]
        comes_back = any(record.get("comes_back") for record in records)
        back = _later(now, self.habits.return_seconds) if comes_back else None
        return {**entry, "records": records, "return_at": back}

    def _debit(self, record: Fields, fate: str, now: datetime) -> Fields:
        customer = self.customer(record)
        is_his = customer["holder"] in ("", record["name"])
        status = COLLECTED
        if record["number"] == NO_SUCH_ACCOUNT or fate in _NOT_HIS or not is_his:
            status = NO_ACCOUNT
        elif customer["yen"] < record["yen"] or fate == "low_balance":
            status = FUNDS
        else:
            customer["yen"] -= record["yen"]
            self._books.put("account", _key(record), customer)
            name, reference = record["name"], record["reference"]
            self._account.book(TOP_UP, record["yen"], name, reference, now)
        return {**record, "status": status}

    def _transfer(self, record: Fields, fate: str, now: datetime) -> Fields:
        holder = self.customer(record)["holder"]
        code = ""
        if self._account.yen < record["yen"] + FEE_YEN or fate == "low_balance":
            code = "INSUFFICIENT_FUNDS"
        elif record["number"] == NO_SUCH_ACCOUNT or fate == "account_closed":
            code = "ACCOUNT_CLOSED"
        elif holder not in ("", record["name"]) or fate == "name_mismatch":
            code = "BENEFICIARY_NAME_MISMATCH"
        if code:
            return {**record, "status": "40", "code": code}
        name, reference = record["name"], record["reference"]
        self._account.book(TRANSFER_OUT, record["yen"], name, reference, now)
        self._account.book(FEE, FEE_YEN, "", reference, now)
        return {**record, "status": "20", "comes_back": fate == "returned_transfer"}

    def _answered(self, entry: Fields, now: datetime, today: str) -> Fields | None:
        """The result file, when its day has come."""
        if entry["folder"] != "91":
            return self._told(entry, "21-result", now, today)
        value_day = date.fromisoformat(entry["value_day"])
        due = CALENDAR.add(value_day, self.habits.result_days)
        return self._told(entry, "91-result", now, today) if today >= due.isoformat() else None

    def _told(self, entry: Fields, kind: str, now: datetime, today: str) -> Fields:
        strike = self._faults.take({"operation": RESULT, "id": entry["name"]})
        fault = "" if strike is None else strike.fault
        right = self._result(entry, kind, False)
        shown = self._result(entry, kind, True) if fault == WRONG_TOTALS else right
        for _ in range(2 if fault == DUPLICATE_RESULT else 1):
            self._box.put(kind, today, shown, entry["name"], right)
        return {**entry, "answered": True}

    def _result(self, entry: Fields, kind: str, wrong: bool) -> bytes:
        if kind == "91-result":
            content = self._books.read_file(_path(entry["name"]))
            assert content is not None, "it was received"
            return debit_result(content, [each["status"] for each in entry["records"]], wrong)
        told = [each for each in entry["records"] if kind == "21-result" or each["status"] == "22"]
        return transfer_result(entry["name"], told, wrong)

    def _returned(self, entry: Fields, now: datetime) -> Fields:
        records = []
        for record in entry["records"]:
            if record["status"] == "20" and record.get("comes_back"):
                name, reference = record["name"], record["reference"]
                self._account.book(RETURN, record["yen"], name, reference, now)
                record = {**record, "status": "22", "code": "BENEFICIARY_UNKNOWN"}
            records.append(record)
        after = {**entry, "records": records, "return_at": None}
        if any(record["status"] == "22" for record in records):
            self._told(after, "21-return", now, self._days.day_of(now).isoformat())
        return after

    def customer(self, record: Fields) -> Fields:
        """An account of any bank: any name and much money, unless it was said otherwise."""
        known = self._books.get("account", _key(record))
        return known or {"holder": "", "yen": CUSTOMERS_YEN}

    def _put(self, entry: Fields) -> None:
        self._books.put(_KIND, entry["receptionNumber"], entry)


def _key(record: Fields) -> str:
    return "-".join(record[part] for part in ("bank", "branch", "type", "number"))


def _path(name: str) -> str:
    return f"uploads/{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def _later(now: datetime, seconds: float | None) -> str | None:
    return None if seconds is None else (now + timedelta(seconds=seconds)).isoformat()


def _is_past(at: str | None, now: datetime) -> bool:
    return at is not None and datetime.fromisoformat(at) <= now
