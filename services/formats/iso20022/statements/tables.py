"""Tables of statements and notifications, by version."""

from dataclasses import dataclass

from services.formats.iso20022.documents.binding import (
    AMOUNT,
    BOOLEAN,
    CODED,
    COUNT,
    DAY,
    DECIMAL,
    DIRECTION,
    INSTANT,
    TEXT,
    Codec,
    Field,
    Table,
)
from services.formats.iso20022.parts import ACCOUNT, AGENT, OLD_AGENT, PARTY, party
from services.formats.iso20022.statements.model import (
    Balance,
    BankCode,
    Batch,
    EntryDetail,
    EntryTransaction,
    Statement,
    StatementEntry,
    Summary,
)

_BALANCE = Table(
    Balance,
    (
        Field("kind", "Tp/CdOrPrtry", CODED),
        Field("amount", "Amt", AMOUNT),
        Field("direction", "CdtDbtInd", DIRECTION),
        Field("day", "Dt", DAY),
    ),
)
_SUMMARY = Table(
    Summary,
    (
        Field("count", "TtlNtries/NbOfNtries", COUNT),
        Field("total", "TtlNtries/Sum", DECIMAL),
        Field("credit_count", "TtlCdtNtries/NbOfNtries", COUNT),
        Field("credit_total", "TtlCdtNtries/Sum", DECIMAL),
        Field("debit_count", "TtlDbtNtries/NbOfNtries", COUNT),
        Field("debit_total", "TtlDbtNtries/Sum", DECIMAL),
    ),
)
_CODE = Table(
    BankCode,
    (
        Field("domain", "Domn/Cd", TEXT),
        Field("family", "Domn/Fmly/Cd", TEXT),
        Field("sub_family", "Domn/Fmly/SubFmlyCd", TEXT),
        Field("proprietary", "Prtry/Cd", TEXT),
    ),
)
_BATCH = Table(
    Batch,
    (
        Field("message_id", "MsgId", TEXT),
        Field("payment_information_id", "PmtInfId", TEXT),
        Field("count", "NbOfTxs", COUNT),
        Field("total", "TtlAmt", AMOUNT),
        Field("direction", "CdtDbtInd", DIRECTION),
    ),
)


def _transaction(modern: bool) -> Table:
    someone = party("Pty/") if modern else PARTY
    bank = AGENT if modern else OLD_AGENT
    uetr = (Field("uetr", "Refs/UETR", TEXT),) if modern else ()
    amount = (
        (Field("amount", "Amt", AMOUNT), Field("direction", "CdtDbtInd", DIRECTION))
        if modern
        else ()
    )
    return Table(
        EntryTransaction,
        (
            Field("message_id", "Refs/MsgId", TEXT),
            Field("servicer_reference", "Refs/AcctSvcrRef", TEXT),
            Field("payment_information_id", "Refs/PmtInfId", TEXT),
            Field("instruction_id", "Refs/InstrId", TEXT),
            Field("end_to_end_id", "Refs/EndToEndId", TEXT),
            *uetr,
            Field("transaction_id", "Refs/TxId", TEXT),
            Field("clearing_reference", "Refs/ClrSysRef", TEXT),
            *amount,
            Field("instructed_amount", "AmtDtls/InstdAmt/Amt", AMOUNT),
            Field("transaction_amount", "AmtDtls/TxAmt/Amt", AMOUNT),
            Field("debtor", "RltdPties/Dbtr", someone),
            Field("debtor_account", "RltdPties/DbtrAcct", ACCOUNT),
            Field("ultimate_debtor", "RltdPties/UltmtDbtr", someone),
            Field("creditor", "RltdPties/Cdtr", someone),
            Field("creditor_account", "RltdPties/CdtrAcct", ACCOUNT),
            Field("ultimate_creditor", "RltdPties/UltmtCdtr", someone),
            Field("debtor_agent", "RltdAgts/DbtrAgt", bank),
            Field("creditor_agent", "RltdAgts/CdtrAgt", bank),
            Field("remittance", "RmtInf/Ustrd", TEXT, many=True),
            Field("return_reason", "RtrInf/Rsn", CODED),
            Field("information", "AddtlTxInf", TEXT),
        ),
    )


def _entry(modern: bool) -> Table:
    status: Codec = CODED if modern else TEXT
    detail = Table(
        EntryDetail,
        (
            Field("batch", "Btch", _BATCH),
            Field("transactions", "TxDtls", _transaction(modern), many=True),
        ),
    )
    return Table(
        StatementEntry,
        (
            Field("reference", "NtryRef", TEXT),
            Field("amount", "Amt", AMOUNT),
            Field("direction", "CdtDbtInd", DIRECTION),
            Field("reversal", "RvslInd", BOOLEAN),
            Field("status", "Sts", status),
            Field("booked", "BookgDt", DAY),
            Field("value_date", "ValDt", DAY),
            Field("servicer_reference", "AcctSvcrRef", TEXT),
            Field("code", "BkTxCd", _CODE),
            Field("details", "NtryDtls", detail, many=True),
            Field("information", "AddtlNtryInf", TEXT),
        ),
        elsewhere=("record", "offset"),
    )


def _head(pages: str, balances: bool) -> Table:
    return Table(
        Statement,
        (
            Field("id", "Id", TEXT),
            *_pages(pages),
            Field("number", "ElctrncSeqNb", COUNT),
            Field("legal_number", "LglSeqNb", COUNT),
            Field("created", "CreDtTm", INSTANT),
            Field("begin", "FrToDt/FrDtTm", INSTANT),
            Field("end", "FrToDt/ToDtTm", INSTANT),
            Field("copy", "CpyDplctInd", TEXT),
            Field("account", "Acct", ACCOUNT),
            *((Field("balances", "Bal", _BALANCE, many=True),) if balances else ()),
            Field("summary", "TxsSummry", _SUMMARY),
        ),
        elsewhere=("message_id",),
    )


def _pages(name: str) -> tuple[Field, ...]:
    if not name:
        return ()
    return (Field("page", f"{name}/PgNb", COUNT), Field("last_page", f"{name}/LastPgInd", BOOLEAN))


@dataclass(frozen=True, slots=True)
class StatementTables:
    """A version's element names and tables."""

    root: str
    statement: str
    head: Table
    entry: Table


_MODERN = _entry(modern=True)

STATEMENTS = {
    "camt.053.001.02": StatementTables(
        "BkToCstmrStmt", "Stmt", _head("", balances=True), _entry(modern=False)
    ),
    "camt.053.001.08": StatementTables(
        "BkToCstmrStmt", "Stmt", _head("StmtPgntn", balances=True), _MODERN
    ),
    "camt.054.001.08": StatementTables(
        "BkToCstmrDbtCdtNtfctn", "Ntfctn", _head("NtfctnPgntn", balances=False), _MODERN
    ),
}
