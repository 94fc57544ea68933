"""What Japanese banks add to pain.001.001.03 (ZEDI), and the rules no schema says.

Source: the ZEDI file guidance of zengin-net.jp and MUFG's form. Banks are named by `JPZGN` and four
digits with a branch of three; the consigner's code stands in the debtor's ids under scheme BANK, a
payee's customer codes in the creditor's ids as `Customer Code1` and `Customer Code2`. EDI stands in
the remittance lines as MIME: header lines, then base64 in lines of 76 characters.
"""

import base64
import binascii
import re
from collections.abc import Iterator

from services.formats.findings import Finding, error
from services.formats.iso20022.model import (
    Account,
    Agent,
    CreditTransfer,
    OrderBatch,
    PartyId,
    PaymentOrder,
)

VERSION = "pain.001.001.03"
CLEARING_SYSTEM = "JPZGN"
# The amount of one transfer has ten digits, as in the fixed-length records.
LARGEST_YEN = 9_999_999_999
BASE64_LINE = 76
_EDI_HEADER = (
    "MIME-Version: 1.0",
    "Content-Type: application/octet-stream",
    "Content-Transfer-Encoding: base64",
)
_HEADER_LINE = re.compile(r"[A-Za-z][A-Za-z0-9-]*:.*")


def bank(member: str, branch: str) -> Agent:
    """A bank by its four digits and a branch by its three."""
    return Agent(clearing_system=CLEARING_SYSTEM, member=member, branch=branch)


def consigner(code: str) -> PartyId:
    """The code the bank gave the payer."""
    return PartyId(code, code="BANK")


def customer_codes(*codes: str) -> tuple[PartyId, ...]:
    """At most two codes by which the payer knows the payee."""
    return tuple(
        PartyId(code, proprietary=f"Customer Code{number}") for number, code in enumerate(codes, 1)
    )


def edi_lines(content: bytes) -> tuple[str, ...]:
    """`content` as remittance lines."""
    text = base64.b64encode(content).decode()
    body = [text[at : at + BASE64_LINE] for at in range(0, len(text), BASE64_LINE)]
    return (*_EDI_HEADER, *body)


def edi_content(lines: tuple[str, ...]) -> bytes | None:
    """What `edi_lines` wrote; None where the lines are no base64 behind MIME header lines."""
    body = [line for line in lines if not _HEADER_LINE.fullmatch(line)]
    if len(body) == len(lines):
        return None
    try:
        return base64.b64decode("".join(body), validate=True)
    except (binascii.Error, ValueError):
        return None


def zedi_findings(order: PaymentOrder) -> tuple[Finding, ...]:
    """What a Japanese bank would refuse. Records count transfers from 1 through the order."""
    found: list[Finding] = []
    record = 0
    for batch in order.batches:
        found.extend(_batch_findings(batch))
        for transfer in batch.transfers:
            record += 1
            found.extend(_transfer_findings(transfer, record))
    return tuple(found)


def _batch_findings(batch: OrderBatch) -> Iterator[Finding]:
    yield from _agent_findings(batch.debtor_agent, 0, "PmtInf/DbtrAgt")
    yield from _account_findings(batch.debtor_account, 0, "PmtInf/DbtrAcct")
    if not batch.debtor.name:
        yield error("zedi-name", "The payer needs a name in kana.", path="PmtInf/Dbtr/Nm")


def _transfer_findings(transfer: CreditTransfer, record: int) -> Iterator[Finding]:
    at = "PmtInf/CdtTrfTxInf"
    yield from _agent_findings(transfer.creditor_agent, record, f"{at}/CdtrAgt")
    yield from _account_findings(transfer.creditor_account, record, f"{at}/CdtrAcct")
    if not transfer.creditor.name:
        message = "The payee needs a name in kana."
        yield error("zedi-name", message, record=record, path=f"{at}/Cdtr/Nm")
    amount = transfer.amount
    if amount.currency != "JPY" or not 0 < amount.minor <= LARGEST_YEN:
        message = f"{amount} is not an amount of 1 to {LARGEST_YEN} yen."
        yield error("zedi-amount", message, record=record, path=f"{at}/Amt/InstdAmt")


def _agent_findings(agent: Agent | None, record: int, path: str) -> Iterator[Finding]:
    right = (
        agent is not None
        and agent.clearing_system == CLEARING_SYSTEM
        and re.fullmatch("[0-9]{4}", agent.member)
        and re.fullmatch("[0-9]{3}", agent.branch)
    )
    if not right:
        message = f"A bank is {CLEARING_SYSTEM} with four digits and a branch of three."
        yield error("zedi-bank", message, record=record, path=path)


def _account_findings(account: Account | None, record: int, path: str) -> Iterator[Finding]:
    if account is None or not re.fullmatch("[0-9]{7}", account.number):
        message = "An account's number has seven digits."
        yield error("zedi-account", message, record=record, path=path)
