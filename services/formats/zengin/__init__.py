"""Zengin files: what Japanese banks take and give, in fixed records of 120 or 200 bytes.

Read and written: bulk transfers (21), payroll and bonus (11, 12), direct debits and their results
(91), notices of incoming transfers (01, form A), statements (03). Source: facts.md §5.1.
"""

from services.formats.findings import FileInvalid, Finding, Severity
from services.formats.zengin.layouts.tables import title_of
from services.formats.zengin.model import (
    ACCOUNT_TYPES,
    ENTRY_KINDS,
    NO_CODE,
    Account,
    Body,
    BulkTransfer,
    DebitResult,
    DebitTrailer,
    DirectDebit,
    Direction,
    End,
    Entry,
    Header,
    IncomingNotice,
    NoticeHeader,
    NoticeTrailer,
    OrderHeader,
    PayrollTransfer,
    StatementEntry,
    StatementHeader,
    StatementTrailer,
    TransferTrailer,
)
from services.formats.zengin.reading import Record, Verdict, check, read
from services.formats.zengin.reading.references import Checks
from services.formats.zengin.reading.splitting import Separator
from services.formats.zengin.writing import Group, write

__all__ = [
    "ACCOUNT_TYPES",
    "ENTRY_KINDS",
    "NO_CODE",
    "Account",
    "Body",
    "BulkTransfer",
    "Checks",
    "DebitResult",
    "DebitTrailer",
    "DirectDebit",
    "Direction",
    "End",
    "Entry",
    "FileInvalid",
    "Finding",
    "Group",
    "Header",
    "IncomingNotice",
    "NoticeHeader",
    "NoticeTrailer",
    "OrderHeader",
    "PayrollTransfer",
    "Record",
    "Separator",
    "Severity",
    "StatementEntry",
    "StatementHeader",
    "StatementTrailer",
    "TransferTrailer",
    "Verdict",
    "check",
    "read",
    "title_of",
    "write",
]
