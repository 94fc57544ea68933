"""The files of a bank by file, in and out, through `services.formats`. No input or output here.

Orders are Zengin 21 and 91, or pain.001.001.03 with the bank's additions (ZEDI). The result of a 91
has its layout (facts.md §5.1). For a 21 no result file was found in public: its result and its
returns are modelled as JSON in the manner of GMO Aozora's list of transfers, by its status numbers,
with count and total, so that a file cut short is no file.
"""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from services.bridge.domain.statement import StatementEntry
from services.bridge.notices.notice import DepositNotice
from services.bridge.partners.zengin_bank_rules import (
    BankRecord,
    BankResult,
    FileKind,
    RecordState,
    Told,
)
from services.core.money import Money
from services.formats import zengin
from services.formats.iso20022 import zedi
from services.formats.iso20022.messages.writing import write_order
from services.formats.iso20022.model import (
    Account,
    BusinessHeader,
    CreditTransfer,
    OrderBatch,
    Party,
    PaymentOrder,
)
from services.formats.kana import cut

CURRENCY = "JPY"
FORMATS = ("zengin", "zedi")
NAME_WIDTH = 30
MOST_FOUND = 5
STATUSES = {
    "20": RecordState.EXECUTED,
    "22": RecordState.RETURNED,
    "40": RecordState.REFUSED,
}
_NOT_COLLECTED = {
    zengin.DebitResult.INSUFFICIENT_FUNDS: "INSUFFICIENT_FUNDS",
    zengin.DebitResult.NO_SUCH_ACCOUNT: "ACCOUNT_UNKNOWN",
    zengin.DebitResult.STOPPED_BY_DEPOSITOR: "STOPPED_BY_DEPOSITOR",
    zengin.DebitResult.NO_MANDATE: "NO_MANDATE",
    zengin.DebitResult.STOPPED_BY_ORIGINATOR: "STOPPED_BY_ORIGINATOR",
    zengin.DebitResult.OTHER: "OTHER",
}


class BankFileWrong(Exception):
    """A bank's file that cannot be read whole; the text says why and where."""


@dataclass(frozen=True, slots=True)
class Originator:
    """Who orders: our account there, and the code the bank gave us (10 digits)."""

    bank_code: str
    branch_code: str
    account_type: str
    account_number: str
    name: str
    code: str

    @property
    def account_id(self) -> str:
        parts = (self.bank_code, self.branch_code, self.account_type, self.account_number)
        return "-".join(parts)


def write_file(
    records: Sequence[BankRecord], originator: Originator, form: str, now: datetime, file_id: str
) -> bytes:
    """The file of one kind and value date. Raises `FileInvalid`."""
    kind = records[0].kind
    if form == "zedi" and kind is FileKind.TRANSFER:
        return _write_zedi(records, originator, now, file_id)
    header = zengin.OrderHeader(
        business_type="21" if kind is FileKind.TRANSFER else "91",
        originator_code=originator.code,
        originator_name=cut(originator.name, 40),
        value_date=records[0].value_date,
        account=zengin.Account(
            originator.bank_code,
            originator.branch_code,
            originator.account_type,
            originator.account_number,
        ),
    )
    entry = _transfer if kind is FileKind.TRANSFER else _debit
    group = zengin.Group(header, [entry(record) for record in records])
    return b"".join(zengin.write([group]))


def _account(record: BankRecord) -> zengin.Account:
    return zengin.Account(
        record.bank_code, record.branch_code, record.account_type, record.account_number
    )


def _transfer(record: BankRecord) -> zengin.Entry:
    return zengin.BulkTransfer(
        payee=_account(record),
        payee_name=cut(record.holder_name, NAME_WIDTH),
        yen=record.yen,
        edi=record.reference,
    )


def _debit(record: BankRecord) -> zengin.Entry:
    return zengin.DirectDebit(
        payer=_account(record),
        payer_name=cut(record.holder_name, NAME_WIDTH),
        yen=record.yen,
        customer_number=record.reference,
    )


def _write_zedi(
    records: Sequence[BankRecord], originator: Originator, now: datetime, file_id: str
) -> bytes:
    agent = zedi.bank(originator.bank_code, originator.branch_code)
    debtor = Party(name=originator.name, ids=(zedi.consigner(originator.code),))
    batch = OrderBatch(
        id=file_id,
        execution_date=records[0].value_date,
        debtor=debtor,
        debtor_account=Account(number=originator.account_number, own_kind=originator.account_type),
        debtor_agent=agent,
        transfers=tuple(_credit_transfer(record) for record in records),
    )
    now = now.astimezone(UTC)
    order = PaymentOrder(file_id, now, debtor, (batch,))
    if findings := zedi.zedi_findings(order):
        raise zengin.FileInvalid(findings)
    header = BusinessHeader(agent, agent, file_id, zedi.VERSION, now)
    return write_order(order, zedi.VERSION, header)


def _credit_transfer(record: BankRecord) -> CreditTransfer:
    return CreditTransfer(
        end_to_end_id=record.reference,
        amount=Money(record.yen, CURRENCY),
        creditor=Party(name=record.holder_name),
        creditor_account=Account(number=record.account_number, own_kind=record.account_type),
        creditor_agent=zedi.bank(record.bank_code, record.branch_code),
        remittance=zedi.edi_lines(record.reference.encode()),
    )


def _bodies(content: bytes, as_of: date, business_type: str) -> Iterator[zengin.Body]:
    """What a valid file says. Raises `BankFileWrong` for any other, before a body is given."""
    bodies, problems = [], []
    for item in zengin.read(io.BytesIO(content), zengin.Checks(as_of)):
        match item:
            case zengin.Record(body=body):
                bodies.append(body)
            case zengin.Finding(severity=zengin.Severity.ERROR):
                problems.append(f"record {item.record}, byte {item.offset}: {item.message}")
            case zengin.Verdict() if item.business_type != business_type:
                problems.append(f"it is of type {item.business_type}, not {business_type}")
    if problems:
        raise BankFileWrong("; ".join(problems[:MOST_FOUND]))
    return iter(bodies)


def read_debit_result(content: bytes, as_of: date, file_id: str) -> BankResult:
    """The result file of a 91. Raises `BankFileWrong`."""
    told, answered = [], False
    for body in _bodies(content, as_of, "91"):
        if isinstance(body, zengin.DebitTrailer):
            answered = body.answered
        if isinstance(body, zengin.DirectDebit):
            code = _NOT_COLLECTED.get(body.result, "")
            state = RecordState.REFUSED if code else RecordState.EXECUTED
            payer = body.payer
            parts = (payer.bank_code, payer.branch_code, payer.account_type, payer.account_number)
            told.append(Told(body.customer_number, body.yen, "-".join(parts), state, code))
    if not answered:
        raise BankFileWrong("its trailer says of no debit what became of it")
    return BankResult(file_id, tuple(told), whole=True)


def read_transfer_result(content: bytes, _as_of: date, file_id: str) -> BankResult:
    """What became of each transfer of a 21. Raises `BankFileWrong`."""
    return BankResult(file_id, _read_transfers(content, file_id), whole=True)


def read_transfer_returns(content: bytes, _as_of: date, file_id: str) -> BankResult:
    """Transfers of a 21 that came back later. Raises `BankFileWrong`."""
    return BankResult(file_id, _read_transfers(content, file_id), whole=False)


def _read_transfers(content: bytes, file_id: str) -> tuple[Told, ...]:
    try:
        fields = json.loads(content)
        told = tuple(
            Told(
                str(each["ediInfo"]),
                int(each["transferAmount"]),
                "-".join(
                    str(each[name])
                    for name in (
                        "beneficiaryBankCode",
                        "beneficiaryBranchCode",
                        "accountTypeCode",
                        "accountNumber",
                    )
                ),
                STATUSES[each["transferStatus"]],
                str(each.get("errorCode", "")),
            )
            for each in fields["transfers"]
        )
        sums = int(fields["totalCount"]), int(fields["totalAmount"])
        name = fields["name"]
    except (ValueError, KeyError, TypeError) as error:
        raise BankFileWrong(f"it cannot be read: {error!r}") from error
    if sums != (len(told), sum(each.yen for each in told)):
        raise BankFileWrong(f"its count and total, {sums}, are not those of its records")
    if name != file_id:
        raise BankFileWrong(f"it names another file of ours, {name!r}")
    return told


RESULTS: dict[str, Callable[[bytes, date, str], BankResult]] = {
    "91-result": read_debit_result,
    "21-result": read_transfer_result,
    "21-return": read_transfer_returns,
}
"""How the kinds of result files of the bank's box are read."""


def read_notices(content: bytes, as_of: date, account_id: str) -> list[DepositNotice]:
    """The transfers that a file of notices (01) says have come in; those it takes back in the same
    file are left out. Raises `BankFileWrong`."""
    notices = [
        body for body in _bodies(content, as_of, "01") if isinstance(body, zengin.IncomingNotice)
    ]
    cancelled = {(each.inquiry_number, each.posting_date) for each in notices if each.cancelled}
    return [
        DepositNotice(
            account_id=account_id,
            entry_reference=f"{each.posting_date:%Y%m%d}-{each.inquiry_number}",
            amount=Money(each.yen, CURRENCY),
            payer_name=each.payer_name,
            value_date=each.value_date.isoformat(),
            remittance_text=each.edi,
        )
        for each in notices
        if (each.inquiry_number, each.posting_date) not in cancelled
    ]


def read_statement(content: bytes, as_of: date) -> list[StatementEntry]:
    """The lines of a statement (03), with the balance after each. Raises `BankFileWrong`."""
    lines: list[StatementEntry] = []
    balance = 0
    for body in _bodies(content, as_of, "03"):
        if isinstance(body, zengin.StatementHeader):
            balance = body.opening_yen
        if isinstance(body, zengin.StatementEntry):
            balance += body.signed_yen
            lines.append(
                StatementEntry(
                    entry_reference=f"{body.posting_date:%Y%m%d}-{body.inquiry_number}",
                    book_date=body.posting_date,
                    value_date=body.value_date,
                    credit=body.direction is zengin.Direction.IN,
                    amount=Money(body.yen, CURRENCY),
                    balance=Money(balance, CURRENCY),
                    counterparty_name=body.payer_name,
                    remittance_text=" ".join(t for t in (body.summary, body.edi) if t),
                )
            )
    return lines
