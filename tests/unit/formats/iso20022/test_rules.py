"""What no schema says: sums, counts, balances, rates, and what Japanese banks ask."""

from dataclasses import replace

import pytest

from services.core.money import Money
from services.formats.iso20022 import zedi
from services.formats.iso20022.messages.reading import read_messages
from services.formats.iso20022.model import Account, Agent, Party, PaymentOrder
from tests.unit.formats.iso20022.samples import MESSAGES, STATEMENTS, codes, end, entries, items

STATEMENT = STATEMENTS[0].read_bytes()
INTERBANK = MESSAGES[2].read_bytes()
RETURN = MESSAGES[1].read_bytes()
ORDER = MESSAGES[3].read_bytes()
SUMMARY = b"<TxsSummry><TtlNtries><NbOfNtries>%d</NbOfNtries><Sum>%d</Sum></TtlNtries></TxsSummry>"


def test_a_closing_balance_that_does_not_add_up_is_found() -> None:
    found = items(STATEMENT.replace(b"1248800", b"1248801"))

    assert codes(found) == ["balance"]
    assert end(found).whole


def test_an_entry_that_is_not_booked_does_not_change_the_balance() -> None:
    found = items(STATEMENT.replace(b"<Cd>BOOK</Cd>", b"<Cd>PDNG</Cd>", 1))

    assert codes(found) == ["balance"]
    assert end(found).credits == 0


def test_a_reversal_counts_as_its_own_direction_says() -> None:
    reversal = b"<CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts>"
    data = STATEMENT.replace(b"<CdtDbtInd>DBIT</CdtDbtInd>\n        <Sts>", reversal)
    found = items(data)

    assert codes(found) == []
    assert entries(found)[1].reversal
    assert entries(found)[1].signed == Money(-1_200, "JPY")


def test_an_entry_in_another_currency_than_the_account_is_left_out() -> None:
    data = STATEMENT.replace(b'<Amt Ccy="JPY">1200<', b'<Amt Ccy="KRW">1200<')

    assert codes(items(data)) == ["currency-mixed"]


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        (SUMMARY % (2, 251_200), []),
        (SUMMARY % (3, 251_200), ["count"]),
        (SUMMARY % (2, 251_201), ["sum"]),
    ],
)
def test_declared_counts_and_sums_of_entries_are_checked(
    summary: bytes, expected: list[str]
) -> None:
    assert codes(items(STATEMENT.replace(b"<Ntry>", summary + b"<Ntry>", 1))) == expected


def batch(count: int, *amounts: int) -> bytes:
    transactions = b"".join(
        b'<TxDtls><Amt Ccy="JPY">%d</Amt><CdtDbtInd>CRDT</CdtDbtInd></TxDtls>' % each
        for each in amounts
    )
    details = b"<NtryDtls><Btch><NbOfTxs>%d</NbOfTxs></Btch>%s</NtryDtls>" % (count, transactions)
    begin, finish = STATEMENT.index(b"<NtryDtls>"), STATEMENT.index(b"</NtryDtls>")
    return STATEMENT[:begin] + details + STATEMENT[finish + len(b"</NtryDtls>") :]


def test_transfers_of_a_batch_have_to_make_its_entry() -> None:
    assert codes(items(batch(2, 100_000, 150_000))) == []
    assert codes(items(batch(3, 100_000, 150_000))) == ["count"]
    assert codes(items(batch(2, 100_000, 150_001))) == ["sum"]
    assert len(entries(items(batch(2, 100_000, 150_000)))[0].transactions) == 2


@pytest.mark.parametrize(
    ("data", "change", "to", "expected"),
    [
        (ORDER, b">1</NbOfTxs>", b">2</NbOfTxs>", {"count"}),
        (ORDER, b"<CtrlSum>1200", b"<CtrlSum>1201", {"sum"}),
        (INTERBANK, b">1</NbOfTxs>", b">2</NbOfTxs>", {"count"}),
        (INTERBANK, b'TtlIntrBkSttlmAmt Ccy="JPY">1200', b'TtlIntrBkSttlmAmt Ccy="JPY">1', {"sum"}),
        (INTERBANK, b'<InstdAmt Ccy="KRW">10190</InstdAmt>', b"", {"rate"}),
        (INTERBANK, b'<InstdAmt Ccy="KRW">', b'<InstdAmt Ccy="JPY">', {"rate"}),
        (RETURN, b">1</NbOfTxs>", b">2</NbOfTxs>", {"count"}),
    ],
)
def test_a_message_that_contradicts_itself_is_not_taken(
    data: bytes, change: bytes, to: bytes, expected: set[str]
) -> None:
    assert change in data
    reading = read_messages(data.replace(change, to))

    assert set(codes(reading.findings)) == expected
    assert not reading.valid
    assert reading.messages == ()


def test_a_return_of_more_than_was_paid_is_a_warning() -> None:
    data = RETURN.replace(
        b'<RtrdIntrBkSttlmAmt Ccy="JPY">1200', b'<RtrdIntrBkSttlmAmt Ccy="JPY">1300'
    )
    reading = read_messages(data)

    assert codes(reading.findings) == ["return-exceeds"]
    assert reading.valid


def order() -> PaymentOrder:
    [(_, message)] = read_messages(ORDER).messages
    assert isinstance(message, PaymentOrder)
    return message


def test_the_sample_order_is_what_a_japanese_bank_takes() -> None:
    assert zedi.zedi_findings(order()) == ()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": Money(10_000_000_000, "JPY")}, "zedi-amount"),
        ({"amount": Money(12, "KRW")}, "zedi-amount"),
        ({"creditor": Party()}, "zedi-name"),
        ({"creditor_agent": Agent(bic="TESTJPJTXXX")}, "zedi-bank"),
        ({"creditor_agent": None}, "zedi-bank"),
        ({"creditor_account": Account("123456")}, "zedi-account"),
    ],
)
def test_what_a_japanese_bank_would_refuse_is_found(fields: dict[str, object], code: str) -> None:
    whole = order()
    transfer = replace(whole.batches[0].transfers[0], **fields)  # type: ignore[arg-type]
    batch = replace(whole.batches[0], transfers=(transfer,))
    [finding] = zedi.zedi_findings(replace(whole, batches=(batch,)))

    assert finding.code == code
    assert finding.record == 1


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 3])
def test_edi_is_carried_in_lines_of_76_characters(content: bytes) -> None:
    lines = zedi.edi_lines(content)

    assert zedi.edi_content(lines) == content
    assert all(1 <= len(line) <= 76 for line in lines)


def test_remittance_that_is_no_edi_has_no_content() -> None:
    assert zedi.edi_content(("SETL-2026-07-0001",)) is None
    assert zedi.edi_content(("A: b", "?")) is None


def test_payee_and_payer_carry_the_codes_banks_gave_them() -> None:
    assert zedi.consigner("0000000001").code == "BANK"
    assert [each.proprietary for each in zedi.customer_codes("1", "2")] == [
        "Customer Code1",
        "Customer Code2",
    ]
