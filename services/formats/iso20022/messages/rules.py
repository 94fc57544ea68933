"""What has to hold in an order, report or return and no schema says.

Declared counts and sums agree with what is there; an exchange rate has an amount it changes; a
return is not larger than what was paid. Declared values are not part of the dataclasses, which
derive them, so they are looked up in the element.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from xml.etree.ElementTree import Element

from services.core.money import Money, major
from services.formats.findings import Finding, error, quoted, warning
from services.formats.iso20022.model import (
    InterbankTransfer,
    InterbankTransfers,
    PaymentOrder,
    Return,
    Returns,
)


def rule_findings(message: object, root: Element) -> Iterator[Finding]:
    """What `message`, read from `root`, gets wrong. Records count from 1 through the message."""
    match message:
        case PaymentOrder():
            yield from _order_findings(message, root)
        case InterbankTransfers():
            yield from _transfers_findings(message, root)
        case Returns():
            yield from _returns_findings(message, root)
        case _:
            return


def _order_findings(order: PaymentOrder, root: Element) -> Iterator[Finding]:
    header = "CstmrCdtTrfInitn/GrpHdr"
    yield from _declared(root, header, order.count, order.control_sum)
    groups = root.findall("./*/{*}PmtInf")
    for batch, element in zip(order.batches, groups, strict=True):
        yield from _declared(
            element, "", batch.count, batch.control_sum, "CstmrCdtTrfInitn/PmtInf/"
        )
    yield from _repeated("PmtInfId", (batch.id for batch in order.batches))
    ends = (each.end_to_end_id for batch in order.batches for each in batch.transfers)
    yield from _repeated("EndToEndId", ends)


def _transfers_findings(message: InterbankTransfers, root: Element) -> Iterator[Finding]:
    header = "FIToFICstmrCdtTrf/GrpHdr"
    amounts = [each.amount for each in message.transfers]
    yield from _declared(root, header, message.count, _summed(amounts))
    yield from _declared_total(root, f"{header}/TtlIntrBkSttlmAmt", message.total)
    for record, transfer in enumerate(message.transfers, 1):
        yield from _rate_findings(record, transfer)


def _rate_findings(record: int, transfer: InterbankTransfer) -> Iterator[Finding]:
    path = "FIToFICstmrCdtTrf/CdtTrfTxInf/XchgRate"
    if transfer.rate is None:
        return
    if transfer.instructed is None:
        yield error("rate", "There is a rate and no InstdAmt.", record=record, path=path)
    elif transfer.instructed.currency == transfer.amount.currency:
        yield error("rate", "There is a rate between equal currencies.", record=record, path=path)


def _returns_findings(message: Returns, root: Element) -> Iterator[Finding]:
    header = "PmtRtr/GrpHdr"
    amounts = [each.amount for each in message.returns]
    yield from _declared(root, header, message.count, _summed(amounts))
    yield from _declared_total(root, f"{header}/TtlRtrdIntrBkSttlmAmt", message.total)
    for record, each in enumerate(message.returns, 1):
        if _exceeds(each):
            text = f"{each.amount} comes back of {each.original_amount}."
            path = "PmtRtr/TxInf/RtrdIntrBkSttlmAmt"
            yield warning("return-exceeds", text, record=record, path=path)


def _exceeds(each: Return) -> bool:
    original = each.original_amount
    return (
        original is not None
        and original.currency == each.amount.currency
        and each.amount.minor > original.minor
    )


def _summed(amounts: list[Money]) -> Decimal:
    return sum((major(money) for money in amounts), Decimal(0))


def _declared(
    element: Element, header: str, count: int, total: Decimal, prefix: str = ""
) -> Iterator[Finding]:
    """NbOfTxs and CtrlSum below `header`, where they stand."""
    said = _text(element, f"{header}/NbOfTxs")
    path = f"{prefix}{header}/".removesuffix("//").removesuffix("/")
    if said and int(said) != count:
        message = f"NbOfTxs says {said}; there are {count}."
        yield error("count", message, path=f"{path}/NbOfTxs")
    said = _text(element, f"{header}/CtrlSum")
    if said and Decimal(said.strip()) != total:
        message = f"CtrlSum says {said}; the amounts add up to {total}."
        yield error("sum", message, path=f"{path}/CtrlSum")


def _declared_total(root: Element, path: str, total: Money | None) -> Iterator[Finding]:
    said = _text(root, path)
    if said and total is None:
        yield error("currency-mixed", "There is a total over several currencies.", path=path)
    elif said and total is not None and Decimal(said.strip()) != major(total):
        yield error("sum", f"The total says {said}; the amounts add up to {total}.", path=path)


def _repeated(name: str, ids: Iterable[str]) -> Iterator[Finding]:
    for each, count in Counter(ids).items():
        if count > 1:
            yield warning("id-repeated", f"{name} {quoted(each)} stands {count} times.", path=name)


def _text(element: Element, path: str) -> str | None:
    """The text at `path` in whatever namespace the message has."""
    steps = "/".join("{*}" + name for name in path.split("/") if name)
    return element.findtext(steps)
