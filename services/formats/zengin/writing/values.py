"""What each field of a record is to hold, by its name: the way from the model to a layout."""

from datetime import date

from services.formats.zengin.model import (
    Account,
    BulkTransfer,
    DirectDebit,
    Entry,
    Header,
    IncomingNotice,
    NoticeHeader,
    OrderHeader,
    PayrollTransfer,
    StatementEntry,
    StatementHeader,
)

Values = dict[str, str | int | date | None]


def business_type_of(header: Header) -> str:
    """The type that a file of this header has."""
    if isinstance(header, OrderHeader):
        return header.business_type
    return "01" if isinstance(header, NoticeHeader) else "03"


def day_of(header: Header) -> date:
    """A day that the dates of the file are near to."""
    return header.value_date if isinstance(header, OrderHeader) else header.created


def header_values(header: Header) -> Values:
    if isinstance(header, OrderHeader):
        return _order_header(header)
    values = {
        "created": header.created,
        "from": header.from_date,
        "to": header.to_date,
        "account name": header.account_name,
        **_account(header.account),
    }
    if isinstance(header, StatementHeader):
        values |= {
            "passbook kind": header.passbook_kind,
            "opening balance": abs(header.opening_yen),
            "balance sign": sign_of(header.opening_yen),
        }
    return values


def entry_values(entry: Entry) -> Values:
    match entry:
        case BulkTransfer():
            return _bulk_transfer(entry)
        case PayrollTransfer():
            return _payroll_transfer(entry)
        case DirectDebit():
            return _direct_debit(entry)
        case IncomingNotice():
            return _incoming_notice(entry)
        case StatementEntry():
            return _statement_entry(entry)


def sign_of(yen: int) -> str:
    """How a balance says that it is owed."""
    return "2" if yen < 0 else "1"


def _account(account: Account, prefix: str = "") -> Values:
    return {
        f"{prefix}bank": account.bank_code,
        f"{prefix}bank name": account.bank_name,
        f"{prefix}branch": account.branch_code,
        f"{prefix}branch name": account.branch_name,
        "account type": account.account_type,
        "account number": account.account_number,
    }


def _order_header(header: OrderHeader) -> Values:
    is_debit = header.business_type == "91"
    return {
        "originator code": header.originator_code,
        "originator name": header.originator_name,
        "debit date" if is_debit else "value date": header.value_date,
        **_account(header.account, "" if is_debit else "origin "),
    }


def _transfer(entry: BulkTransfer | PayrollTransfer) -> Values:
    return {
        **_account(entry.payee, "beneficiary "),
        "clearing house": entry.clearing_house,
        "beneficiary name": entry.payee_name,
        "amount": entry.yen,
        "new code": entry.new_code,
    }


def _bulk_transfer(entry: BulkTransfer) -> Values:
    return {
        **_transfer(entry),
        "customer code 1": entry.customer_codes[0],
        "customer code 2": entry.customer_codes[1],
        "EDI": entry.edi,
        "transfer method": entry.method,
        "identification": entry.identification if entry.edi is None else "Y",
    }


def _payroll_transfer(entry: PayrollTransfer) -> Values:
    return {
        **_transfer(entry),
        "employee number": entry.employee_number,
        "department code": entry.department_code,
    }


def _direct_debit(entry: DirectDebit) -> Values:
    return {
        **_account(entry.payer, "debit "),
        "depositor name": entry.payer_name,
        "amount": entry.yen,
        "new code": entry.new_code,
        "customer number": entry.customer_number,
        "result": entry.result.value,
    }


def _received(entry: IncomingNotice | StatementEntry) -> Values:
    return {
        "inquiry number": entry.inquiry_number,
        "posting date": entry.posting_date,
        "value date": entry.value_date,
        "amount": entry.yen,
        "other-bank cheque part": entry.cheque_yen,
        "payer code": entry.payer_code,
        "payer name": entry.payer_name,
        "sending bank name": entry.sending_bank_name,
        "sending branch name": entry.sending_branch_name,
        "EDI": entry.edi,
    }


def _incoming_notice(entry: IncomingNotice) -> Values:
    return {**_received(entry), "cancel flag": "1" if entry.cancelled else "0"}


def _statement_entry(entry: StatementEntry) -> Values:
    return {
        **_received(entry),
        "direction": entry.direction.value,
        "kind": entry.kind,
        "presentation date": entry.presentation_date,
        "return date": entry.return_date,
        "bill kind": entry.bill_kind,
        "bill number": entry.bill_number,
        "other branch": entry.other_branch,
        "summary": entry.summary,
    }
