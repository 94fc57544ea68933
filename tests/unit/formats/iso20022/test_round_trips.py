"""What is written validates and reads back equal, whatever it says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.money import Money
from services.formats.findings import FileInvalid
from services.formats.iso20022.messages.reading import Message, read_messages
from services.formats.iso20022.messages.writing import write_message, write_order
from services.formats.iso20022.model import (
    Account,
    Agent,
    BusinessHeader,
    CreditTransfer,
    Direction,
    InterbankTransfer,
    InterbankTransfers,
    OrderBatch,
    OriginalGroup,
    Party,
    PartyId,
    PaymentOrder,
    Reason,
    Return,
    Returns,
    StatusReport,
    TransferStatus,
)
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
from services.formats.iso20022.statements.writing import write_statement
from tests.unit.formats.iso20022.samples import codes, entries, head, items

LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn"), include_characters="\r\n\t")


def text(longest: int, shortest: int = 1) -> st.SearchStrategy[str]:
    """Short texts of any characters XML holds, or the longest: long ones are slow to draw."""
    short = st.text(LETTERS, min_size=shortest, max_size=min(longest, 6))
    return short | st.just("ｱ" * longest)


IDS = text(35)
OPTIONAL_ID = text(35, 0)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
INSTANTS = st.integers(0, 3 * 10**15).map(
    lambda micro: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=micro)
)
UETRS = st.just("") | st.uuids(version=4).map(str)
YEN = st.integers(0, 10**12).map(lambda minor: Money(minor, "JPY"))
# A sum over currencies of no and of three decimals has to fit 18 digits.
ANY_MONEY = st.builds(Money, st.integers(0, 10**13), st.sampled_from(["JPY", "KRW", "CNY", "BHD"]))
PARTIES = st.builds(Party, text(140)) | st.sampled_from(
    [
        Party("TEST", "SEOUL", "KR"),
        Party("ﾃｽﾄ", ids=(PartyId("0000000001", code="BANK"),)),
        Party("ﾃｽﾄ", ids=(PartyId("1", proprietary="Customer Code1"), PartyId("2"))),
    ]
)
MAYBE = st.none() | PARTIES
ACCOUNTS = st.builds(Account, text(34)) | st.sampled_from(
    [
        Account("1234567", kind="CACC", currency="JPY", name="TEST"),
        Account("1234567", own_kind="ORDINARY"),
        Account(iban="GB33BUKB20201555555555"),
    ]
)
AGENTS = st.sampled_from(
    [
        Agent(clearing_system="JPZGN", member="9999", branch="001"),
        Agent(bic="TESTKRSEXXX", name="TEST BANK"),
    ]
)
REMITTANCE = st.lists(text(140), max_size=2).map(tuple)
BEARERS = st.sampled_from(["", "SHAR", "DEBT"])
REASONS = st.lists(
    st.builds(Reason, st.just("AC01"), st.just(""), st.lists(text(105), max_size=2).map(tuple)),
    max_size=2,
).map(tuple)

TRANSFERS = st.builds(
    CreditTransfer,
    IDS,
    ANY_MONEY,
    PARTIES,
    ACCOUNTS,
    st.none() | AGENTS,
    OPTIONAL_ID,
    st.just(""),
    BEARERS,
    MAYBE,
    MAYBE,
    text(4, 0),
    REMITTANCE,
)
BATCHES = st.builds(
    OrderBatch,
    IDS,
    DAYS,
    PARTIES,
    ACCOUNTS,
    AGENTS,
    st.lists(TRANSFERS, min_size=1, max_size=2).map(tuple),
    batch_booking=st.sampled_from([None, True, False]),
    charge_bearer=BEARERS,
)


def unique(order: PaymentOrder) -> PaymentOrder:
    """Ids that stand once, for a repeated one is a warning."""
    batches = tuple(
        replace(
            batch,
            id=f"B{number}",
            transfers=tuple(
                replace(each, end_to_end_id=f"E{number}-{place}")
                for place, each in enumerate(batch.transfers)
            ),
        )
        for number, batch in enumerate(order.batches)
    )
    return replace(order, batches=batches)


ORDERS = st.builds(
    PaymentOrder, IDS, INSTANTS, PARTIES, st.lists(BATCHES, min_size=1, max_size=2).map(tuple)
).map(unique)
INTERBANK = st.builds(
    InterbankTransfers,
    IDS,
    INSTANTS,
    st.lists(
        st.builds(
            InterbankTransfer,
            IDS,
            YEN,
            st.sampled_from(["SHAR", "DEBT"]),
            PARTIES,
            AGENTS,
            AGENTS,
            PARTIES,
            uetr=UETRS,
            instructed=st.integers(0, 10**9).map(lambda minor: Money(minor, "KRW")),
            rate=st.none() | st.integers(1, 10**11 - 1).map(lambda each: Decimal(each).scaleb(-10)),
            debtor_account=st.none() | ACCOUNTS,
            ultimate_creditor=MAYBE,
            remittance=REMITTANCE,
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
    st.none() | DAYS,
    clearing_system=st.sampled_from(["", "ZENGIN"]),
)
REPORTS = st.builds(
    StatusReport,
    IDS,
    INSTANTS,
    st.lists(st.builds(OriginalGroup, IDS, IDS, st.just("ACCP"), REASONS), max_size=2).map(tuple),
    st.lists(
        st.builds(
            TransferStatus,
            st.sampled_from(["ACSC", "RJCT", "PDNG"]),
            end_to_end_id=IDS,
            uetr=UETRS,
            reasons=REASONS,
            accepted=st.none() | INSTANTS,
        ),
        max_size=2,
    ).map(tuple),
)
RETURNS = st.builds(
    Returns,
    IDS,
    INSTANTS,
    st.lists(
        st.builds(
            Return,
            YEN,
            OPTIONAL_ID,
            end_to_end_id=IDS,
            uetr=UETRS,
            settlement_date=st.none() | DAYS,
            reasons=REASONS,
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
)


def assert_reads_back(message: Message, name: str) -> None:
    reading = read_messages(write_message(message, name))

    assert reading.findings == ()
    assert reading.messages == ((name, message),)


@settings(max_examples=20)
@given(ORDERS, st.sampled_from(["pain.001.001.03", "pain.001.001.09"]))
def test_an_order_reads_back_equal(order: PaymentOrder, version: str) -> None:
    assert_reads_back(order, version)


@settings(max_examples=20)
@given(INTERBANK)
def test_transfers_between_institutions_read_back_equal(message: InterbankTransfers) -> None:
    assert_reads_back(message, "pacs.008.001.08")


@settings(max_examples=20)
@given(REPORTS)
def test_a_report_reads_back_equal(message: StatusReport) -> None:
    assert_reads_back(message, "pacs.002.001.10")


@settings(max_examples=20)
@given(RETURNS)
def test_returns_read_back_equal(message: Returns) -> None:
    assert_reads_back(message, "pacs.004.001.09")


# `st.builds` would give a named tuple's other fields too.
TRANSACTIONS: st.SearchStrategy[EntryTransaction] = (
    st.fixed_dictionaries(
        {
            "end_to_end_id": OPTIONAL_ID,
            "servicer_reference": OPTIONAL_ID,
            "instructed_amount": st.none() | ANY_MONEY,
            "debtor": MAYBE,
            "debtor_account": st.none() | ACCOUNTS,
            "creditor": MAYBE,
            "creditor_agent": st.none() | AGENTS,
            "remittance": REMITTANCE,
            "information": text(500, 0),
        }
    )
    .map(lambda fields: EntryTransaction(**fields))  # type: ignore[arg-type]
    .filter(lambda each: each != EntryTransaction())
)
HELD_BATCHES = st.builds(Batch, IDS, count=st.integers(0, 99))
DETAILS = st.lists(TRANSACTIONS, min_size=1, max_size=2).map(
    lambda each: EntryDetail(transactions=tuple(each))
) | HELD_BATCHES.map(EntryDetail)
DIRECTIONS = st.sampled_from(Direction)
ENTRIES = st.tuples(
    YEN,
    DIRECTIONS,
    st.sampled_from(["BOOK", "PDNG", "INFO"]),
    st.just(BankCode("PMNT", "RCDT", "DMCT")) | st.builds(BankCode, proprietary=IDS),
    OPTIONAL_ID,
    st.booleans(),
    st.none() | DAYS,
    st.none() | DAYS,
    OPTIONAL_ID,
    st.lists(DETAILS, max_size=2).map(tuple),
    text(500, 0),
).map(lambda each: StatementEntry(*each))


def statement_of(moves: list[StatementEntry], balances: bool) -> Statement:
    """A statement whose balances suit its entries."""
    booked = [each for each in moves if each.status == "BOOK"]
    closing = sum(each.signed.minor for each in booked)
    direction = Direction.DEBIT if closing < 0 else Direction.CREDIT
    day = date(2026, 7, 31)
    held = (
        Balance(Money(0, "JPY"), Direction.CREDIT, day, "OPBD"),
        Balance(Money(abs(closing), "JPY"), direction, day, "CLBD"),
    )
    return Statement(
        "S1",
        Account("1234567", currency="JPY"),
        message_id="M1",
        created=datetime(2026, 7, 31, 23, 59, tzinfo=UTC),
        number=7,
        balances=held if balances else (),
        summary=Summary(count=len(moves), total=Decimal(sum(each.amount.minor for each in moves))),
    )


@settings(max_examples=30)
@given(
    st.lists(ENTRIES, max_size=3),
    st.sampled_from(["camt.053.001.02", "camt.053.001.08", "camt.054.001.08"]),
)
def test_a_statement_reads_back_equal(moves: list[StatementEntry], version: str) -> None:
    statement = statement_of(moves, balances=version.startswith("camt.053"))
    found = items(b"".join(write_statement(statement, moves, version)))

    assert codes(found) == []
    assert head(found) == statement
    assert [each._replace(record=0, offset=None) for each in entries(found)] == moves
    assert [each.record for each in entries(found)] == list(range(1, len(moves) + 1))


ORDER = PaymentOrder(
    "M1",
    datetime(2026, 7, 31, tzinfo=UTC),
    Party("TEST GATEWAY"),
    (
        OrderBatch(
            "P1",
            date(2026, 7, 31),
            Party("TEST GATEWAY"),
            Account("1234567"),
            Agent(clearing_system="JPZGN", member="9999", branch="001"),
            (CreditTransfer("E1", Money(1200, "JPY"), Party("TEST")),),
        ),
    ),
)


def changed(**fields: object) -> PaymentOrder:
    """ORDER with its transfer changed."""
    batch = ORDER.batches[0]
    transfer = replace(batch.transfers[0], **fields)  # type: ignore[arg-type]
    return replace(ORDER, batches=(replace(batch, transfers=(transfer,)),))


def test_a_header_and_an_order_are_two_documents_of_one_file() -> None:
    bank = Agent(clearing_system="JPZGN", member="9999")
    header = BusinessHeader(bank, bank, "M1", "pain.001.001.03", datetime(2026, 7, 31, tzinfo=UTC))
    data = write_order(ORDER, "pain.001.001.03", header)
    reading = read_messages(data)

    assert data.count(b"<?xml") == 2
    assert reading.findings == ()
    assert [name for name, _ in reading.messages] == ["head.001.001.01", "pain.001.001.03"]
    assert reading.messages[0][1] == header
    assert reading.messages[1][1] == ORDER


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (changed(end_to_end_id="E" * 36), "value"),
        (changed(end_to_end_id=""), "element-missing"),
        (changed(amount=Money(-1, "JPY")), "value"),
        (changed(remittance=("x" * 141,)), "value"),
        (changed(remittance=("\x00",)), "character"),
        (changed(charge_bearer="NONE"), "value"),
        (changed(uetr="7a1f3b52-0c9d-4d7e-9a44-2f6c1e5b8d10"), "field-not-held"),
    ],
)
def test_an_order_that_would_not_be_valid_is_not_written(order: PaymentOrder, code: str) -> None:
    with pytest.raises(FileInvalid) as caught:
        write_order(order, "pain.001.001.03")

    assert code in codes(caught.value.findings)
