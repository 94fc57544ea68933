"""Accounts in the tables of a bank by file: sealed in mandates and records, and whole files sealed.

A row of before accounts were sealed is read as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from services.bridge.partners.zengin_bank_rules import BankFile, BankRecord
from services.bridge.store.bank_files import Mandate
from services.kit.bank_accounts import open_account, seal_account, shown
from services.kit.sealing import SecretBox, SecretUnreadable

log = structlog.get_logger()

SHOWN = 5


def mandate_place(partner_id: str, mandate_id: str) -> str:
    """What a mandate's account is sealed for."""
    return f"bank_mandate/{partner_id}/{mandate_id}"


def record_place(partner_id: str, item_id: str) -> str:
    """What a record's account is sealed for."""
    return f"bank_record/{partner_id}/{item_id}"


def file_place(partner_id: str, file_id: str) -> str:
    """What a file is sealed for."""
    return f"bank_file/{partner_id}/{file_id}"


@dataclass(frozen=True, slots=True)
class Seals:
    """What is stored, and back. All of it raises `SecretsKeyMissing`; what opens raises
    `SecretUnreadable` where the key is gone, or where a row has another's account."""

    box: SecretBox
    partner_id: str

    def mandate(self, mandate_id: str, mandate: Mandate) -> tuple[Mandate, bytes]:
        """What is stored of an account to draw from: what may be shown, and the whole sealed."""
        place = mandate_place(self.partner_id, mandate_id)
        return shown(mandate), seal_account(self.box, place, mandate)

    def opened_mandate(self, mandate_id: str, mandate: Mandate, sealed: bytes) -> Mandate:
        """The whole account."""
        if not sealed:
            return mandate
        return open_account(self.box, mandate_place(self.partner_id, mandate_id), sealed)

    def record(self, record: BankRecord) -> BankRecord:
        """As it is stored."""
        whole = seal_account(self.box, self._record_place(record), record.account)
        return _with_account(record, shown(record.account), whole)

    def opened(self, record: BankRecord) -> BankRecord:
        """With its account."""
        if not record.sealed_account:
            return record
        whole = open_account(self.box, self._record_place(record), record.sealed_account)
        return _with_account(record, whole, b"")

    def readable(self, records: Sequence[BankRecord]) -> list[BankRecord]:
        """Those that can be opened, opened; the others wait for their key."""
        found, shut = [], []
        for record in records:
            try:
                found.append(self.opened(record))
            except SecretUnreadable:
                shut.append(record.item_id)
        if shut:
            log.error(
                "bank_records_unreadable",
                partner_id=self.partner_id,
                records=len(shut),
                item_ids=shut[:SHOWN],
                problem=SecretUnreadable().message,
            )
        return found

    def _record_place(self, record: BankRecord) -> str:
        return record_place(self.partner_id, record.item_id)

    def file(self, file: BankFile) -> BankFile:
        """As it is stored."""
        content = self.box.seal_for(self._file_place(file), file.content)
        return replace(file, content=content, sealed=True)

    def opened_file(self, file: BankFile) -> BankFile:
        """The very bytes that are sent."""
        if not file.sealed:
            return file
        content = self.box.open_for(self._file_place(file), file.content)
        return replace(file, content=content, sealed=False)

    def _file_place(self, file: BankFile) -> str:
        return file_place(self.partner_id, file.file_id)


def _with_account(record: BankRecord, account: Mandate, sealed: bytes) -> BankRecord:
    bank, branch, kind, number, holder = account
    return replace(
        record,
        bank_code=bank,
        branch_code=branch,
        account_type=kind,
        account_number=number,
        holder_name=holder,
        sealed_account=sealed,
    )
