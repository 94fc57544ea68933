"""Protobuf in and out: commands and requests to the domain's words, answers to events."""

from collections.abc import Iterable
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from services.core.accounts import AccountKind
from services.kit.batch import UnknownMessage
from services.kit.outbox import Outgoing
from services.pb.kawase.wallet.v1 import transfer_pb2, wallet_message_pb2, wallet_service_pb2
from services.wallet.domain.model import (
    Answer,
    Begin,
    Capture,
    CommandName,
    Leg,
    Link,
    Opened,
    Outcome,
    Refused,
    Resolve,
    begin,
    capture,
    is_link_id,
    resolve,
)
from services.wallet.domain.opening import Account, Balance, Opening
from services.wallet.store.books import Books
from services.wallet.store.queries import StoredTransfer

EVENTS = "wallet.event"

_BEGIN = {"reserve_funds": CommandName.RESERVE, "transfer_funds": CommandName.TRANSFER}
_RESOLVE = {
    "post_funds": CommandName.POST,
    "void_funds": CommandName.VOID,
    "expire_funds": CommandName.EXPIRE,
}
_STATES = {
    None: transfer_pb2.TRANSFER_STATE_PENDING,
    Outcome.POSTED: transfer_pb2.TRANSFER_STATE_POSTED,
    Outcome.VOIDED: transfer_pb2.TRANSFER_STATE_VOIDED,
    Outcome.EXPIRED: transfer_pb2.TRANSFER_STATE_EXPIRED,
}
_KIND_PREFIX = "ACCOUNT_KIND_"
_KINDS = {
    number: AccountKind[name.removeprefix(_KIND_PREFIX)]
    for name, number in transfer_pb2.AccountKind.items()
    if number
}
_KIND_NUMBERS = {kind: number for number, kind in _KINDS.items()}


def decode_command(payload: bytes) -> Begin | Resolve | Capture | Opening:
    """The command in a record. Raises `UnknownMessage`, or DecodeError for what is no message."""
    message = wallet_message_pb2.WalletCommand.FromString(payload)
    member = message.WhichOneof("body")
    if member is None:
        raise UnknownMessage("a WalletCommand without a body this version knows")
    body = getattr(message, member)
    if name := _BEGIN.get(member):
        return begin(name, body.link_id, body.funding_account_id, decode_legs(body.legs))
    if name := _RESOLVE.get(member):
        return resolve(name, body.link_id, body.funding_account_id)
    if member == "capture_funds":
        legs = decode_legs(body.legs)
        return capture(body.link_id, body.funding_account_id, body.capture_link_id, legs)
    return Opening(body.link_id, tuple(decode_account(account) for account in body.accounts))


def decode_legs(legs: Iterable[transfer_pb2.Leg]) -> tuple[Leg, ...]:
    """Legs as the domain has them."""
    decoded = []
    for leg in legs:
        amount = leg.amount
        decoded.append(
            Leg(
                leg.debit_account_id,
                leg.credit_account_id,
                amount.minor_units,
                amount.currency_code,
                leg.purpose,
            )
        )
    return tuple(decoded)


def fill_leg(target: transfer_pb2.Leg, leg: Leg) -> None:
    """Write `leg` into a message; field by field costs half of what building parts does."""
    target.debit_account_id = leg.debit_account_id
    target.credit_account_id = leg.credit_account_id
    target.purpose = leg.purpose
    amount = target.amount
    amount.minor_units = leg.amount
    amount.currency_code = leg.currency


def encode_leg(leg: Leg) -> transfer_pb2.Leg:
    """A leg as it goes out."""
    encoded = transfer_pb2.Leg()
    fill_leg(encoded, leg)
    return encoded


def decode_account(account: transfer_pb2.Account) -> Account:
    """An account as the domain has it; a kind that is not known becomes None."""
    return Account(
        account.account_id,
        account.currency_code,
        _KINDS.get(account.kind),
        account.owner_id,
        account.striped,
        account.net_debit_limit if account.HasField("net_debit_limit") else None,
    )


def encode_balance(balance: Balance) -> transfer_pb2.Account:
    """An account with its totals as it goes out."""
    account, totals = balance.account, balance.totals
    assert account.kind is not None, "an open account has a kind"
    return transfer_pb2.Account(
        account_id=account.account_id,
        currency_code=account.currency,
        kind=_KIND_NUMBERS[account.kind],
        owner_id=account.owner_id,
        striped=account.striped,
        net_debit_limit=account.net_debit_limit,
        debits_pending=totals.debits_pending,
        debits_posted=totals.debits_posted,
        credits_pending=totals.credits_pending,
        credits_posted=totals.credits_posted,
        create_time=encode_time(balance.create_time),
    )


def encode_time(instant: datetime) -> Timestamp:
    """An aware datetime as a Timestamp."""
    stamp = Timestamp()
    stamp.FromDatetime(instant.astimezone(UTC))
    return stamp


def decode_time(stamp: Timestamp) -> datetime:
    """A Timestamp as an aware datetime in UTC."""
    return stamp.ToDatetime(UTC)


def encode_transfers(link: Link) -> list[transfer_pb2.Transfer]:
    """The transfers of a link that was posted."""
    return [
        transfer_pb2.Transfer(
            link_id=link.link_id,
            leg_number=number,
            leg=encode_leg(leg),
            state=_STATES[link.outcome],
            stripe=link.stripe,
            sequence=link.sequence,
            create_time=encode_time(link.create_time),
            resolve_time=encode_time(link.resolve_time) if link.resolve_time else None,
        )
        for number, leg in enumerate(link.legs, 1)
    ]


def encode_transfer(entry: StoredTransfer) -> transfer_pb2.Transfer:
    """A transfer as it stands in the ledger."""
    return transfer_pb2.Transfer(
        link_id=entry.link_id,
        leg_number=entry.leg_number,
        leg=encode_leg(entry.leg),
        state=_STATES[entry.outcome],
        stripe=entry.stripe,
        sequence=entry.sequence,
        create_time=encode_time(entry.create_time),
        resolve_time=encode_time(entry.resolve_time) if entry.resolve_time else None,
    )


def encode_books(books: Books) -> wallet_service_pb2.CheckBooksResponse:
    """What the check of the books has found."""
    return wallet_service_pb2.CheckBooksResponse(
        balanced=books.balanced,
        totals=[
            wallet_service_pb2.CurrencyTotal(
                currency_code=currency,
                debits_posted=total.debits_posted,
                credits_posted=total.credits_posted,
                debits_pending=total.debits_pending,
                credits_pending=total.credits_pending,
            )
            for currency, total in books.totals.items()
        ],
        differing_account_ids=books.differing_account_ids,
        transfer_count=books.transfer_count,
        pending_count=books.pending_count,
    )


def encode_event(answer: Answer | Opened, stamp: Timestamp) -> Outgoing:
    """The event that tells `answer`. Posting sequences must have been given out."""
    if isinstance(answer, Refused):
        return _encode_refused(answer, stamp)
    if isinstance(answer, Opened):
        opened = wallet_message_pb2.AccountsOpened(account_ids=answer.account_ids)
        event = wallet_message_pb2.WalletEvent(
            link_id=answer.link_id, event_time=stamp, accounts_opened=opened
        )
        return _outgoing("AccountsOpened", answer.link_id, answer.stripe, event)
    link, outcome = answer.link, answer.outcome
    link_id = link.link_id
    event = wallet_message_pb2.WalletEvent(link_id=link_id, event_time=stamp)
    if outcome is None:
        event.funds_reserved.SetInParent()
        return _outgoing("FundsReserved", link_id, link.stripe, event)
    if outcome is Outcome.VOIDED:
        event.funds_voided.SetInParent()
        return _outgoing("FundsVoided", link_id, link.stripe, event)
    if outcome is Outcome.EXPIRED:
        event.funds_expired.SetInParent()
        return _outgoing("FundsExpired", link_id, link.stripe, event)
    posted = event.funds_posted
    posted.funding_account_id = link.funding_account_id
    posted.stripe = link.stripe
    posted.posting_sequence = link.sequence
    posted.captured_link_id = answer.captured
    legs = posted.legs
    for leg in link.legs:
        fill_leg(legs.add(), leg)
    return _outgoing("FundsPosted", link_id, link.stripe, event)


def _encode_refused(answer: Refused, stamp: Timestamp) -> Outgoing:
    clause, account_id = answer.fault
    event = wallet_message_pb2.WalletEvent(
        link_id=answer.link_id,
        event_time=stamp,
        funds_refused=wallet_message_pb2.FundsRefused(
            command=answer.command,
            reason=clause.name,
            message=clause.sentence,
            account_id=account_id,
        ),
    )
    key = answer.link_id if is_link_id(answer.link_id) else ""
    return _outgoing("FundsRefused", key, answer.stripe, event)


def _outgoing(name: str, key: str, stripe: int, event: wallet_message_pb2.WalletEvent) -> Outgoing:
    return Outgoing(EVENTS, key, stripe, name, event.SerializeToString())
