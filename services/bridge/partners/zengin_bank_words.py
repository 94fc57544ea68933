"""What a record's place means for the charge, refund or payout it is of: our reasons. Pure."""

from services.bridge.domain.answer import Answer, Outcome
from services.bridge.partners.zengin_bank_files import CURRENCY
from services.bridge.partners.zengin_bank_rules import BankRecord, FileState, RecordState
from services.bridge.payouts.model import PayoutAnswer, Word, payout_answer
from services.core.money import Money

FILE = "FILE:"
"""How the code of a record begins whose file was refused whole."""
_DEBIT_REASONS = {
    "INSUFFICIENT_FUNDS": ("PAYER_FUNDS", "The balance of the bank account is too low."),
    "ACCOUNT_UNKNOWN": ("PAYER_UNKNOWN", "The bank has no such account under this name."),
    "STOPPED_BY_DEPOSITOR": ("PAYER_LOCKED", "The holder has stopped debits of the account."),
    "NO_MANDATE": ("PAYER_UNKNOWN", "The bank has no mandate for this account: link it again."),
    "STOPPED_BY_ORIGINATOR": ("NOT_APPROVED", "The debit was withdrawn at the bank."),
    "NOT_WRITABLE": ("PAYER_UNKNOWN", "The account cannot be written in a bank's file."),
}
_TRANSFER_REASONS = {
    "INSUFFICIENT_FUNDS": ("BANK_FUNDS", "Our account at the bank holds too little."),
    "BENEFICIARY_UNKNOWN": ("PAYEE_UNKNOWN", "The payee's bank has no such account."),
    "ACCOUNT_CLOSED": ("PAYEE_UNKNOWN", "The payee's account is closed."),
    "BENEFICIARY_NAME_MISMATCH": ("NAME_MISMATCH", "The account has another holder's name."),
    "NOT_WRITABLE": ("PAYEE_UNKNOWN", "The payee cannot be written in a bank's file."),
}
_REFUSED = ("PARTNER_REFUSED", "The bank refused.")
_FILE_REFUSED = ("FILE_REFUSED", "The bank refused the file whole; nothing of it was carried out.")


def reason_of(record: BankRecord) -> tuple[str, str]:
    """Our reason and a sentence for a record that was refused or came back."""
    if record.code.startswith(FILE):
        return _FILE_REFUSED
    table = _DEBIT_REASONS if record.kind == "debit" else _TRANSFER_REASONS
    return table.get(record.code, _REFUSED)


def waiting_for(record: BankRecord) -> str:
    """What an undecided record waits for, for the journal."""
    if record.file_id is None:
        return f"waits for the file of {record.send_date}, of value {record.value_date}"
    assert record.file_state is not None, "it is in a file"
    state = record.file_state.name.lower()
    return f"in file {record.file_id}, {state}, of value {record.value_date}"


def charge_word(record: BankRecord) -> Answer:
    """What is known of a debit. Without a word of the bank's it says so, which is no failure."""
    match record.state:
        case RecordState.EXECUTED:
            return Answer(
                Outcome.ACCEPTED,
                partner_reference=record.reference,
                amount=Money(record.yen, CURRENCY),
                detail=f"file {record.file_id}",
            )
        case RecordState.REFUSED | RecordState.RETURNED:
            reason, message = reason_of(record)
            return Answer(
                Outcome.REJECTED,
                partner_reference=record.reference,
                reason=reason,
                message=message,
                partner_code=record.code,
                detail=f"file {record.file_id}",
            )
        case RecordState.WITHDRAWN:
            return Answer(Outcome.CANCELLED, detail="withdrawn before it was in a file")
        case _:
            where = waiting_for(record)
            return Answer(Outcome.UNKNOWN, detail=where, response=where)


_WORDS = {
    FileState.RECEIVED: Word.SUBMITTED,
    FileState.ACCEPTED: Word.ACCEPTED,
    FileState.DONE: Word.ACCEPTED,
}


def payout_word(record: BankRecord) -> PayoutAnswer:
    """What is known of a payout: submitted only when its file is at the bank."""
    match record.state:
        case RecordState.EXECUTED:
            return payout_answer(
                Word.EXECUTED,
                partner_reference=record.reference,
                amount=Money(record.yen, CURRENCY),
                detail=f"file {record.file_id}",
            )
        case RecordState.REFUSED | RecordState.RETURNED | RecordState.WITHDRAWN:
            reason, message = reason_of(record)
            word = Word.RETURNED if record.state is RecordState.RETURNED else Word.REJECTED
            return payout_answer(
                word,
                partner_reference=record.reference,
                reason=reason,
                message=message,
                partner_code=record.code,
                detail=f"file {record.file_id}",
            )
        case _:
            where = waiting_for(record)
            word = Word.SILENT
            if record.file_state is not None:
                word = _WORDS.get(record.file_state, Word.SILENT)
            reference = "" if word is Word.SILENT else record.reference
            return payout_answer(word, partner_reference=reference, detail=where, response=where)
