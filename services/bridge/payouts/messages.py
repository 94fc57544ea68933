"""Where the protobuf messages of payouts become the bridge's own words, and back."""

import re
from datetime import date, datetime

from services.bridge.messages import TOPIC, money_message
from services.bridge.payouts.model import Payee, Payout, PayoutOrder, PayoutSaid
from services.core.errors import Malformed
from services.core.ids import checked_id
from services.core.money import LARGEST_UNITS, Money
from services.kit.bank_accounts import open_account, payout_place
from services.kit.outbox import Outgoing
from services.kit.sealing import SecretBox
from services.pb.kawase.bridge.v1.bridge_message_pb2 import BridgeEvent, SubmitPayout

HOLDER_LIMIT = 48
DESCRIPTION_LIMIT = 64
_DIGITS = {"bank_code": 4, "branch_code": 3, "account_type": 1, "account_number": 7}
_CURRENCY = re.compile(r"[A-Z]{3}")


class PayoutMalformed(Malformed):
    """A command to pay out lacks a part or has a wrong one; its sender is wrong."""


def read_payout_order(command: SubmitPayout, box: SecretBox) -> PayoutOrder:
    """Raises `Malformed` where a part is missing or has a wrong shape; `SecretsKeyMissing`,
    `SecretUnreadable` where the payee is sealed with another key or for another payout."""
    if not command.resource_id or not command.partner_id:
        raise PayoutMalformed("resource_id or partner_id is missing.", field="resource_id")
    amount = command.amount
    if not 0 < amount.minor_units <= LARGEST_UNITS or not _CURRENCY.fullmatch(amount.currency_code):
        raise PayoutMalformed("A payout is more than zero of a currency.", field="amount")
    if len(command.description) > DESCRIPTION_LIMIT:
        raise PayoutMalformed(
            f"description has up to {DESCRIPTION_LIMIT} characters.", field="description"
        )
    return PayoutOrder(
        checked_id(command.payout_id, "payout_id"),
        command.resource_id,
        command.partner_id,
        Money(amount.minor_units, amount.currency_code),
        _read_payee(command, box),
        command.description,
        _read_date(command.value_date),
    )


def _read_payee(command: SubmitPayout, box: SecretBox) -> Payee:
    payee = _payee_of(command, box)
    for field, length in _DIGITS.items():
        if not re.fullmatch(rf"[0-9]{{{length}}}", getattr(payee, field)):
            raise PayoutMalformed(f"payee.{field} has {length} digits.", field=f"payee.{field}")
    if not 0 < len(payee.holder_name) <= HOLDER_LIMIT:
        raise PayoutMalformed(
            f"payee.holder_name has 1 to {HOLDER_LIMIT} characters, in kana as the bank has it.",
            field="payee.holder_name",
        )
    return payee


def _payee_of(command: SubmitPayout, box: SecretBox) -> Payee:
    if command.sealed_payee:
        place = payout_place(command.payout_id)
        return Payee(*open_account(box, place, command.sealed_payee))
    plain = command.payee
    return Payee(
        plain.bank_code,
        plain.branch_code,
        plain.account_type,
        plain.account_number,
        plain.holder_name,
    )


def _read_date(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise PayoutMalformed("value_date is YYYY-MM-DD or empty.", field="value_date") from error


def payout_event(payout: Payout, said: PayoutSaid, now: datetime) -> BridgeEvent:
    """The event that says `said` of a payout as it stands."""
    order = payout.order
    event = BridgeEvent(resource_id=order.resource_id, charge_id=order.payout_id)
    event.event_time.FromDatetime(now)
    amount = money_message(order.amount)
    match said:
        case PayoutSaid.SUBMITTED:
            event.payout_submitted.partner_id = order.partner_id
            event.payout_submitted.partner_reference = payout.partner_reference
            event.payout_submitted.amount.CopyFrom(amount)
        case PayoutSaid.ACCEPTED:
            event.payout_accepted.partner_id = order.partner_id
            event.payout_accepted.partner_reference = payout.partner_reference
        case PayoutSaid.EXECUTED:
            executed = event.payout_executed
            executed.partner_id = order.partner_id
            executed.partner_reference = payout.partner_reference
            executed.amount.CopyFrom(amount)
            if payout.bank_fee is not None:
                executed.bank_fee.CopyFrom(money_message(payout.bank_fee))
        case PayoutSaid.REJECTED:
            rejected = event.payout_rejected
            rejected.partner_id = order.partner_id
            rejected.reason, rejected.message = payout.reason, payout.message
            rejected.partner_code = payout.partner_code
        case PayoutSaid.RETURNED:
            returned = event.payout_returned
            returned.partner_id = order.partner_id
            returned.partner_reference = payout.partner_reference
            returned.amount.CopyFrom(amount)
            returned.reason, returned.message = payout.reason, payout.message
    return event


def payout_outgoing(payout: Payout, said: PayoutSaid, now: datetime, lane: int) -> Outgoing:
    """The event for the outbox. `lane` is the stripe this process writes to."""
    payload = payout_event(payout, said, now).SerializeToString()
    kind = said.value.title().replace("_", "")
    return Outgoing(TOPIC, payout.order.resource_id, lane, kind, payload)
