"""Captures and wide transfers over the wire, in and out."""

from services.core.accounts import AccountKind
from services.kit.kafka import BATCH_BYTES
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as pb
from services.wallet.domain.model import (
    AMOUNT_LIMIT,
    ID_LENGTH,
    PURPOSE_LENGTH,
    TRANSFER_LEG_LIMIT,
    Begin,
    Capture,
    CommandName,
    Leg,
)
from services.wallet.domain.opening import Account
from services.wallet.wire import decode_command, encode_event, encode_leg, encode_time
from tests.unit.wallet.builders import (
    PANDA,
    POSITION,
    START,
    account_of,
    leg,
    reserve,
    told,
)
from tests.unit.wallet.memory import MemoryWallet


def test_a_capture_is_read_and_its_posting_names_what_it_was_captured_from() -> None:
    wallet = MemoryWallet([account_of(PANDA), account_of(POSITION)])
    wallet.single[PANDA.account_id].credits_posted = 10_000
    wallet.send(reserve("p1", leg(PANDA, POSITION, 500, "mid")))
    asked = pb.CaptureFunds(
        link_id="p1",
        funding_account_id=PANDA.account_id,
        capture_link_id="p1-capture",
        legs=[encode_leg(leg(PANDA, POSITION, 200, "mid"))],
    )
    command = decode_command(pb.WalletCommand(capture_funds=asked).SerializeToString())
    assert isinstance(command, Capture)
    assert command.name is CommandName.CAPTURE

    [answer] = wallet.send(command)
    assert told(answer) == "posted"
    sent = encode_event(answer, encode_time(START))
    event = pb.WalletEvent.FromString(sent.payload)
    assert (sent.type, event.link_id) == ("FundsPosted", "p1-capture")
    assert event.funds_posted.captured_link_id == "p1"
    assert [each.amount.minor_units for each in event.funds_posted.legs] == [200]


def test_the_widest_transfer_fills_half_a_message_at_most_and_comes_back_whole() -> None:
    one, other = ("a" * ID_LENGTH, "b" * ID_LENGTH)
    accounts = [Account(each, "CNY", AccountKind.BANK, "", True, None) for each in (one, other)]
    legs = [Leg(one, other, AMOUNT_LIMIT, "CNY", "p" * PURPOSE_LENGTH)] * TRANSFER_LEG_LIMIT
    asked = pb.TransferFunds(
        link_id="l" * ID_LENGTH, funding_account_id=one, legs=[encode_leg(each) for each in legs]
    )
    payload = pb.WalletCommand(transfer_funds=asked).SerializeToString()
    command = decode_command(payload)
    assert isinstance(command, Begin)
    (answer,) = MemoryWallet(accounts).send(command)
    assert told(answer) == "posted"
    sent = encode_event(answer, encode_time(START))
    assert max(len(payload), len(sent.payload)) < BATCH_BYTES // 2
    assert len(pb.WalletEvent.FromString(sent.payload).funds_posted.legs) == TRANSFER_LEG_LIMIT
