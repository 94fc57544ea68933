"""Deposits a bank has told of: each entry of an account is recorded and said once.

The payer's name is sealed in the row and in what is said.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.bridge.messages import TOPIC, money_message
from services.bridge.notices.notice import DepositNotice
from services.bridge.notices.store import Deposit, add_deposits
from services.kit.bank_accounts import seal_reference
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox
from services.pb.kawase.bridge.v1.bridge_message_pb2 import BridgeEvent

TYPE = "DepositNoticed"


async def note_deposits(
    connection: Connection, deposits: Sequence[Deposit], now: datetime, lane: int, box: SecretBox
) -> list[Outgoing]:
    """Record deposits, given with their partners' ids; returns the events of the new ones.

    Raises `SecretsKeyMissing`.
    """
    if not deposits:
        return []
    first = {
        _key(partner_id, deposit): (partner_id, _sealed(partner_id, deposit, box))
        for partner_id, deposit in deposits
    }
    new = await add_deposits(connection, list(first.values()), now)
    return [_outgoing(*first[place], now, lane) for place in first if place in new]


def deposit_place(partner_id: str, account_id: str, entry_reference: str) -> str:
    """What the payer's name is sealed for."""
    return f"deposit/{partner_id}/{account_id}/{entry_reference}"


def _sealed(partner_id: str, deposit: DepositNotice, box: SecretBox) -> DepositNotice:
    place = deposit_place(*_key(partner_id, deposit))
    return replace(deposit, payer_name=seal_reference(box, place, deposit.payer_name))


def _key(partner_id: str, deposit: DepositNotice) -> tuple[str, str, str]:
    return partner_id, deposit.account_id, deposit.entry_reference


def _outgoing(partner_id: str, deposit: DepositNotice, now: datetime, lane: int) -> Outgoing:
    event = BridgeEvent()
    event.event_time.FromDatetime(now)
    noticed = event.deposit_noticed
    noticed.partner_id = partner_id
    noticed.account_id = deposit.account_id
    noticed.entry_reference = deposit.entry_reference
    noticed.amount.CopyFrom(money_message(deposit.amount))
    noticed.payer_name = deposit.payer_name
    noticed.value_date = deposit.value_date
    noticed.remittance_text = deposit.remittance_text
    key = "/".join(_key(partner_id, deposit))
    return Outgoing(TOPIC, key, lane, TYPE, event.SerializeToString())
