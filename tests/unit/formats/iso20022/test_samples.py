"""The seven samples read clean, and read back equal when they are written again."""

from pathlib import Path

import pytest

from services.core.money import Money
from services.formats.iso20022.messages.reading import read_messages
from services.formats.iso20022.messages.writing import write_message
from services.formats.iso20022.model import Direction, InterbankTransfers, PaymentOrder
from services.formats.iso20022.statements.reading import read_statements
from services.formats.iso20022.statements.writing import write_statement
from tests.unit.formats.iso20022.samples import (
    MESSAGES,
    STATEMENTS,
    codes,
    end,
    entries,
    head,
    items,
    name_of,
    pieces,
    unplaced,
)


@pytest.mark.parametrize("path", STATEMENTS, ids=name_of)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_statement_reads_clean_in_pieces_of_any_size(path: Path, size: int) -> None:
    data = path.read_bytes()
    found = list(read_statements(pieces(data, size)))

    assert codes(found) == []
    assert end(found).whole
    for entry in entries(found):
        assert entry.offset is not None
        assert data[entry.offset :].startswith(b"<Ntry>")


@pytest.mark.parametrize("path", STATEMENTS, ids=name_of)
def test_a_statement_written_again_reads_back_equal(path: Path) -> None:
    found = items(path.read_bytes())
    written = b"".join(write_statement(head(found), entries(found), name_of(path)))

    assert unplaced(items(written)) == unplaced(found)


@pytest.mark.parametrize("path", MESSAGES, ids=name_of)
def test_a_message_reads_clean_and_back_equal(path: Path) -> None:
    reading = read_messages(path.read_bytes())
    [(name, message)] = reading.messages

    assert reading.findings == ()
    assert name == name_of(path)
    assert read_messages(write_message(message, name)).messages == reading.messages


def test_a_statements_entries_say_what_the_file_says() -> None:
    found = items(STATEMENTS[0].read_bytes())
    came, left = entries(found)
    statement = head(found)

    assert statement.account.number == "1234567"
    assert statement.number == 1
    assert statement.opening is not None
    assert statement.opening.signed == Money(1_000_000, "JPY")
    assert came.direction is Direction.CREDIT
    assert came.signed == Money(250_000, "JPY")
    assert left.signed == Money(-1_200, "JPY")
    assert left.transactions[0].end_to_end_id == "SETL-2026-07-0001"
    assert left.transactions[0].remittance == ("SETL-2026-07-0001",)
    assert (left.code.domain, left.code.family, left.code.sub_family) == ("PMNT", "ICDT", "DMCT")
    assert (end(found).credits, end(found).debits) == (250_000, 1_200)


def test_an_order_names_banks_as_zengin_does() -> None:
    [(_, order)] = read_messages(MESSAGES[-1].read_bytes()).messages
    assert isinstance(order, PaymentOrder)
    transfer = order.batches[0].transfers[0]

    assert transfer.creditor_agent is not None
    assert transfer.creditor_agent.clearing_system == "JPZGN"
    assert (transfer.creditor_agent.member, transfer.creditor_agent.branch) == ("9998", "001")
    assert transfer.amount == Money(1_200, "JPY")


def test_a_transfer_between_institutions_carries_both_amounts_and_the_rate() -> None:
    [(_, message)] = read_messages(MESSAGES[2].read_bytes()).messages
    assert isinstance(message, InterbankTransfers)
    [transfer] = message.transfers

    assert transfer.amount == Money(1_200, "JPY")
    assert transfer.instructed == Money(10_190, "KRW")
    assert str(transfer.rate) == "0.1177669330"
    assert message.clearing_system == "ZENGIN"
