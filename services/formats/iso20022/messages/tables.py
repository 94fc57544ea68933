"""Tables of the messages that carry orders, reports and returns."""

from services.formats.iso20022.documents.binding import (
    AMOUNT,
    BOOLEAN,
    COUNT,
    DATE,
    DAY,
    DECIMAL,
    INSTANT,
    TEXT,
    Codec,
    Field,
    Table,
)
from services.formats.iso20022.model import (
    BusinessHeader,
    CreditTransfer,
    InterbankTransfer,
    InterbankTransfers,
    OrderBatch,
    OriginalGroup,
    PaymentOrder,
    Return,
    Returns,
    StatusReport,
    TransferStatus,
)
from services.formats.iso20022.parts import ACCOUNT, AGENT, OLD_AGENT, PARTY, PURPOSE, REASON

HEADER = Table(
    BusinessHeader,
    (
        Field("sender", "Fr/FIId", AGENT),
        Field("receiver", "To/FIId", AGENT),
        Field("message_id", "BizMsgIdr", TEXT),
        Field("definition", "MsgDefIdr", TEXT),
        Field("created", "CreDt", INSTANT),
    ),
)


def _order(agent: Table, day: Codec, uetr: tuple[Field, ...]) -> Table:
    transfer = Table(
        CreditTransfer,
        (
            Field("instruction_id", "PmtId/InstrId", TEXT),
            Field("end_to_end_id", "PmtId/EndToEndId", TEXT),
            *uetr,
            Field("amount", "Amt/InstdAmt", AMOUNT),
            Field("charge_bearer", "ChrgBr", TEXT),
            Field("ultimate_debtor", "UltmtDbtr", PARTY),
            Field("creditor_agent", "CdtrAgt", agent),
            Field("creditor", "Cdtr", PARTY),
            Field("creditor_account", "CdtrAcct", ACCOUNT),
            Field("ultimate_creditor", "UltmtCdtr", PARTY),
            Field("purpose", "Purp", PURPOSE),
            Field("remittance", "RmtInf/Ustrd", TEXT, many=True),
        ),
    )
    batch = Table(
        OrderBatch,
        (
            Field("id", "PmtInfId", TEXT),
            Field("method", "PmtMtd", TEXT),
            Field("batch_booking", "BtchBookg", BOOLEAN),
            Field("count", "NbOfTxs", COUNT, derived=True),
            Field("control_sum", "CtrlSum", DECIMAL, derived=True),
            Field("execution_date", "ReqdExctnDt", day),
            Field("debtor", "Dbtr", PARTY),
            Field("debtor_account", "DbtrAcct", ACCOUNT),
            Field("debtor_agent", "DbtrAgt", agent),
            Field("charge_bearer", "ChrgBr", TEXT),
            Field("transfers", "CdtTrfTxInf", transfer, many=True),
        ),
    )
    return Table(
        PaymentOrder,
        (
            Field("message_id", "CstmrCdtTrfInitn/GrpHdr/MsgId", TEXT),
            Field("created", "CstmrCdtTrfInitn/GrpHdr/CreDtTm", INSTANT),
            Field("count", "CstmrCdtTrfInitn/GrpHdr/NbOfTxs", COUNT, derived=True),
            Field("control_sum", "CstmrCdtTrfInitn/GrpHdr/CtrlSum", DECIMAL, derived=True),
            Field("initiator", "CstmrCdtTrfInitn/GrpHdr/InitgPty", PARTY),
            Field("batches", "CstmrCdtTrfInitn/PmtInf", batch, many=True),
        ),
    )


_TRANSFER = Table(
    InterbankTransfer,
    (
        Field("instruction_id", "PmtId/InstrId", TEXT),
        Field("end_to_end_id", "PmtId/EndToEndId", TEXT),
        Field("transaction_id", "PmtId/TxId", TEXT),
        Field("uetr", "PmtId/UETR", TEXT),
        Field("amount", "IntrBkSttlmAmt", AMOUNT),
        Field("settlement_date", "IntrBkSttlmDt", DATE),
        Field("instructed", "InstdAmt", AMOUNT),
        Field("rate", "XchgRate", DECIMAL),
        Field("charge_bearer", "ChrgBr", TEXT),
        Field("ultimate_debtor", "UltmtDbtr", PARTY),
        Field("debtor", "Dbtr", PARTY),
        Field("debtor_account", "DbtrAcct", ACCOUNT),
        Field("debtor_agent", "DbtrAgt", AGENT),
        Field("creditor_agent", "CdtrAgt", AGENT),
        Field("creditor", "Cdtr", PARTY),
        Field("creditor_account", "CdtrAcct", ACCOUNT),
        Field("ultimate_creditor", "UltmtCdtr", PARTY),
        Field("purpose", "Purp", PURPOSE),
        Field("remittance", "RmtInf/Ustrd", TEXT, many=True),
    ),
)


def _settled(root: str, total: str, items: Field) -> tuple[Field, ...]:
    head = f"{root}/GrpHdr"
    return (
        Field("message_id", f"{head}/MsgId", TEXT),
        Field("created", f"{head}/CreDtTm", INSTANT),
        Field("count", f"{head}/NbOfTxs", COUNT, derived=True),
        Field("total", f"{head}/{total}", AMOUNT, derived=True),
        Field("settlement_date", f"{head}/IntrBkSttlmDt", DATE),
        Field("settlement_method", f"{head}/SttlmInf/SttlmMtd", TEXT),
        Field("clearing_system", f"{head}/SttlmInf/ClrSys/Prtry", TEXT),
        items,
    )


TRANSFERS = Table(
    InterbankTransfers,
    _settled(
        "FIToFICstmrCdtTrf",
        "TtlIntrBkSttlmAmt",
        Field("transfers", "FIToFICstmrCdtTrf/CdtTrfTxInf", _TRANSFER, many=True),
    ),
)

_RETURN = Table(
    Return,
    (
        Field("return_id", "RtrId", TEXT),
        Field("original_message_id", "OrgnlGrpInf/OrgnlMsgId", TEXT),
        Field("original_message_name", "OrgnlGrpInf/OrgnlMsgNmId", TEXT),
        Field("instruction_id", "OrgnlInstrId", TEXT),
        Field("end_to_end_id", "OrgnlEndToEndId", TEXT),
        Field("transaction_id", "OrgnlTxId", TEXT),
        Field("uetr", "OrgnlUETR", TEXT),
        Field("original_amount", "OrgnlIntrBkSttlmAmt", AMOUNT),
        Field("amount", "RtrdIntrBkSttlmAmt", AMOUNT),
        Field("settlement_date", "IntrBkSttlmDt", DATE),
        Field("charge_bearer", "ChrgBr", TEXT),
        Field("reasons", "RtrRsnInf", REASON, many=True),
    ),
)

RETURNS = Table(
    Returns,
    _settled(
        "PmtRtr",
        "TtlRtrdIntrBkSttlmAmt",
        Field("returns", "PmtRtr/TxInf", _RETURN, many=True),
    ),
)

_GROUP = Table(
    OriginalGroup,
    (
        Field("message_id", "OrgnlMsgId", TEXT),
        Field("message_name", "OrgnlMsgNmId", TEXT),
        Field("status", "GrpSts", TEXT),
        Field("reasons", "StsRsnInf", REASON, many=True),
    ),
)

_STATUS = Table(
    TransferStatus,
    (
        Field("status_id", "StsId", TEXT),
        Field("instruction_id", "OrgnlInstrId", TEXT),
        Field("end_to_end_id", "OrgnlEndToEndId", TEXT),
        Field("transaction_id", "OrgnlTxId", TEXT),
        Field("uetr", "OrgnlUETR", TEXT),
        Field("status", "TxSts", TEXT),
        Field("reasons", "StsRsnInf", REASON, many=True),
        Field("accepted", "AccptncDtTm", INSTANT),
        Field("servicer_reference", "AcctSvcrRef", TEXT),
    ),
)

REPORT = Table(
    StatusReport,
    (
        Field("message_id", "FIToFIPmtStsRpt/GrpHdr/MsgId", TEXT),
        Field("created", "FIToFIPmtStsRpt/GrpHdr/CreDtTm", INSTANT),
        Field("groups", "FIToFIPmtStsRpt/OrgnlGrpInfAndSts", _GROUP, many=True),
        Field("transfers", "FIToFIPmtStsRpt/TxInfAndSts", _STATUS, many=True),
    ),
)

# Message name → its table and the name of the element that is counted as a record.
TABLES: dict[str, tuple[Table, str]] = {
    "head.001.001.01": (HEADER, "AppHdr"),
    "pain.001.001.03": (_order(OLD_AGENT, DATE, ()), "CdtTrfTxInf"),
    "pain.001.001.09": (
        _order(AGENT, DAY, (Field("uetr", "PmtId/UETR", TEXT),)),
        "CdtTrfTxInf",
    ),
    "pacs.008.001.08": (TRANSFERS, "CdtTrfTxInf"),
    "pacs.002.001.10": (REPORT, "TxInfAndSts"),
    "pacs.004.001.09": (RETURNS, "TxInf"),
}
