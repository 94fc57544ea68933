"""A Japanese bank that speaks in files, simulated: upload and download over HTTPS.

Facts: §5.1 for the records. No corporate channel is documented in public, so the folders, receipts
and the result of a 21 are modelled, as are approval and cut-off. Control, beside the frame's:

    POST /_control/balance   {"account": bank-branch-type-number or "own", "yen", "holder"}
    POST /_control/habits    fields of FileHabits (file_bank_orders)
    POST /_control/decide    {"decision": accept, refuse}: a person's word on files that wait
    POST /_control/return    {"reference"}: the payee's bank sends back what was executed
    POST /_control/deposit   {"yen", "payer", "text", "number", "cancelled"}: money comes in

Its day is the clock's; `/_control/day` closes one early. Faults of result files befall the
operation `result` with our file's name as id: wrong_totals, duplicate_result.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import date, timedelta
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
from services.sandbox.partners.faults import OF_CALLS, Call, OwnFault
from services.sandbox.partners.file_bank_box import NOTICE, STATEMENT, BankBox
from services.sandbox.partners.file_bank_orders import (
    CUSTOMERS_YEN,
    DUPLICATE_RESULT,
    RESULT,
    WRONG_TOTALS,
    BankOrders,
    FileHabits,
)
from services.sandbox.partners.file_bank_records import (
    BANK,
    BANK_NAME,
    NUMBER,
    FileRefused,
    read_orders,
)
from services.sandbox.partners.japan_bank_account import TRANSFER_IN, Account
from services.sandbox.partners.japan_bank_files import zengin_statement

ROOT = "/files/v1"
PAGE_SIZE = 500
UPLOADS = ("debit", "transfer")
"""The operations of an upload: a 91; a 21 or a pain.001."""
OLDEST_STATEMENT = timedelta(days=62)
_CREATED, _BAD_REQUEST, _NOT_FOUND, _CONFLICT = 201, 400, 404, 409
_FATES = (
    "account_closed",
    "late_file",
    "low_balance",
    "name_mismatch",
    "refused_whole",
    "returned_transfer",
)


class FileBank(Simulator):
    """Takes any token. The id of an upload, and of the fetch of its result, is the reference of the
    file's only record, or the file's name where there are more."""

    name = "Japanese bank by file"
    frame_faults = OF_CALLS
    own_faults: ClassVar[Mapping[str, OwnFault]] = {
        **{fate: OwnFault(UPLOADS) for fate in _FATES},
        "upload_twice": OwnFault(UPLOADS),
        "cut_short": OwnFault(("fetch",)),
        WRONG_TOTALS: OwnFault((RESULT,)),
        DUPLICATE_RESULT: OwnFault((RESULT,)),
    }
    body_bytes = 32 * 1024 * 1024

    def __init__(
        self,
        clock: Clock,
        books: Books,
        habits: FileHabits | None = None,
        page_size: int = PAGE_SIZE,
    ) -> None:
        super().__init__(clock, books)
        self._account = Account(books, self.days.day_of)
        self._box = BankBox(books, self.days)
        self._orders = BankOrders(books, self._account, self._box, self.days, self.faults)
        self._orders.habits = replace(habits or FileHabits())
        self._page_size = page_size

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"{ROOT}/upload/{{folder}}", self._upload),
            web.get(f"{ROOT}/received", self._received),
            web.get(f"{ROOT}/box", self._list_box),
            web.get(f"{ROOT}/box/{{id}}", self._fetch),
            web.post(f"{ROOT}/box/{{id}}/again", self._again),
        ]

    def control_routes(self) -> list[web.RouteDef]:
        told: dict[str, Callable[[Fields], Fields]] = {
            "balance": self._set_balance,
            "habits": self._set_habits,
            "decide": lambda fields: {"files": self._orders.decide(fields["decision"], self.now())},
            "return": lambda fields: {
                "returned": self._orders.send_back(fields.get("reference", ""), self.now())
            },
            "deposit": self._take_deposit,
        }
        return [web.post(f"/_control/{path}", _controlled(tell)) for path, tell in told.items()]

    def today(self) -> date:
        return self.days.day_of(self.now())

    def accepted(self) -> Fields:
        """By the client's references: `accepted`, yen debited; `refunded` and `paid`, yen
        transferred; `returned`; `orders`, how often a record came in a file that was taken.
        `uploads`: how often a file came, by its name."""
        self._orders.advance(self.now())
        books: dict[str, dict[str, int]] = {
            name: {} for name in ("accepted", "paid", "returned", "orders", "uploads")
        }
        for entry in self._orders.entries():
            books["uploads"][entry["name"]] = books["uploads"].get(entry["name"], 0) + 1
            for record in entry["records"]:
                reference = record["reference"]
                books["orders"][reference] = books["orders"].get(reference, 0) + 1
                kind = {"0": "accepted", "20": "paid", "22": "paid"}.get(record["status"])
                if kind is not None:
                    books[kind][reference] = books[kind].get(reference, 0) + record["yen"]
                if record["status"] == "22":
                    books["returned"][reference] = record["yen"]
        balances = {key: entry["yen"] for key, entry in self.books.all("account")}
        own = {"own": self._account.yen, "balances": balances, "refunded": books["paid"]}
        return {**books, **own}

    def rejection(self, code: str) -> Reply:
        return Reply({"errorCode": code or "OUT_OF_SERVICE_HOURS"}, _BAD_REQUEST)

    def seal(self, request: web.Request, reply: Reply) -> web.Response:
        content = reply.fields.get("content")
        if isinstance(content, bytes):
            return web.Response(body=content, content_type="application/octet-stream")
        return super().seal(request, reply)

    def suffer(self, fault: str, call: Call, work: Work) -> Reply:
        """What a file goes through; only half of one that is fetched comes."""
        if fault == "cut_short":
            content = work().fields.get("content", b"")
            return Reply({"content": content[: len(content) // 2]})
        if fault == "upload_twice":
            first = self._take(call)
            self._take(call)
            return first
        return self._take(call, fault)

    def lines(self, day: date) -> list[Line]:
        self._orders.advance(self.now())
        return self._account.lines(day)

    def write_files(self, day: date, lines: list[Line]) -> Mapping[str, bytes]:
        opening = self._account.opening(day)
        return {
            f"statement-{day}.txt": zengin_statement(day, lines, opening, (BANK, BANK_NAME), NUMBER)
        }

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        _authorise(request)
        content = await request.read()
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        folder, name = request.match_info["folder"], request.headers.get("X-File-Name", "")
        if folder not in ("21", "91", "pain001") or not 0 < len(name) <= 64:
            return self.seal(request, _refusal("FOLDER_OR_NAME"))
        if request.headers.get("Content-Digest") != f"sha-256=:{digest}:":
            return self.seal(request, _refusal("DIGEST_DIFFERS"))
        call = {
            "operation": UPLOADS[0] if folder == "91" else UPLOADS[1],
            "id": _id_of(folder, name, content, self.today()),
            "name": name,
            "folder": folder,
            "content": content,
        }
        return await self.serve(request, call, lambda: self._take(call))

    def _take(self, call: Call, fate: str = "") -> Reply:
        entry = self._orders.receive(
            call["folder"], call["name"], call["content"], self.now(), fate
        )
        if entry["code"] == "DUPLICATE_FILE":
            return _refusal("DUPLICATE_FILE", _CONFLICT)
        return Reply({"receptionNumber": entry["receptionNumber"]}, _CREATED)

    async def _received(self, request: web.Request) -> web.StreamResponse:
        _authorise(request)

        def work() -> Reply:
            self._orders.advance(self.now())
            first = request.query["from"]
            found = [each for each in self._orders.entries() if each["day"] >= first]
            names = ("name", "digest", "state", "receptionNumber", "code")
            told = [{name: each[name] for name in names} for each in found]
            return self._page(told, request, "receptionNumber")

        call = {"operation": "received", "id": request.query.get("from", "")}
        return await self.serve(request, call, work)

    async def _list_box(self, request: web.Request) -> web.StreamResponse:
        _authorise(request)

        def work() -> Reply:
            self._orders.advance(self.now())
            kinds, first = request.query["kind"].split(","), request.query["from"]
            if NOTICE in kinds:
                strike = self.faults.take({"operation": RESULT, "id": NOTICE})
                self._box.write_notices(strike is not None)
            if STATEMENT in kinds:
                self._box.write_statements(self._days_since(first))
            return self._page(self._box.listed(kinds, first), request, "id")

        call = {"operation": "box", "id": request.query.get("kind", "")}
        return await self.serve(request, call, work)

    def _days_since(self, first: str) -> list[date]:
        today = self.today()
        begin = max(date.fromisoformat(first), today - OLDEST_STATEMENT)
        return [begin + timedelta(days=each) for each in range((today - begin).days + 1)]

    def _page(self, found: list[Fields], request: web.Request, key: str) -> Reply:
        """The entries behind the one that `after` names."""
        keys = [each[key] for each in found]
        after = request.query.get("after", "")
        rest = found[keys.index(after) + 1 if after in keys else 0 :]
        shown = rest[: self._page_size]
        more = len(rest) > self._page_size
        return Reply({"files": shown, "next": shown[-1][key] if more else ""})

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        _authorise(request)
        box_id = request.match_info["id"]

        def work() -> Reply:
            content = self._box.read(box_id)
            return (
                _refusal("NOT_FOUND", _NOT_FOUND)
                if content is None
                else Reply({"content": content})
            )

        call = {"operation": "fetch", "id": self._orders.id_of(self._box.name_of(box_id)) or box_id}
        return await self.serve(request, call, work)

    async def _again(self, request: web.Request) -> web.StreamResponse:
        _authorise(request)
        box_id = request.match_info["id"]

        def work() -> Reply:
            known = self._box.again(box_id)
            return Reply({"id": box_id}) if known else _refusal("NOT_FOUND", _NOT_FOUND)

        return await self.serve(request, {"operation": "again", "id": box_id}, work)

    def _set_balance(self, fields: Fields) -> Fields:
        if fields["account"] == "own":
            self._account.set_yen(int(fields["yen"]))
        else:
            known = {"holder": fields.get("holder", ""), "yen": fields.get("yen", CUSTOMERS_YEN)}
            self.books.put("account", fields["account"], known)
        return fields

    def _set_habits(self, fields: Fields) -> Fields:
        self._orders.habits = FileHabits(**{**asdict(self._orders.habits), **fields})
        return fields

    def _take_deposit(self, fields: Fields) -> Fields:
        deposit = self._box.add_deposit(self.today(), fields)
        if not deposit["cancelled"]:
            payer, text = deposit["payer"], deposit["text"]
            self._account.book(TRANSFER_IN, deposit["yen"], payer, text, self.now())
        return deposit


def _id_of(folder: str, name: str, content: bytes, today: date) -> str:
    try:
        records = read_orders(folder, content, today).records
    except FileRefused:
        return name
    return str(records[0]["reference"]) if len(records) == 1 else name


def _controlled(tell: Callable[[Fields], Fields]) -> Any:
    async def serve(request: web.Request) -> web.Response:
        try:
            return web.json_response(tell(await read_fields(request)))
        except (KeyError, ValueError, TypeError) as error:
            return web.json_response({"error": repr(error)}, status=_BAD_REQUEST)

    return serve


def _authorise(request: web.Request) -> None:
    if not request.headers.get("Authorization", "").startswith("Bearer "):
        raise web.HTTPUnauthorized(text="The token is missing.")


def _refusal(code: str, status: int = _BAD_REQUEST) -> Reply:
    return Reply({"errorCode": code}, status)


def make(clock: Clock, books: Books) -> FileBank:
    """The simulator as the sandbox runs it."""
    return FileBank(clock, books)


if __name__ == "__main__":
    run_simulator("file_bank", make)
