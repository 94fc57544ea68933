"""Money between a hosted wallet and its payers' bank accounts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.core.money import Money
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2, withdrawal_pb2
from services.pb.kawase.gateway.v1 import withdrawal_service_pb2 as withdrawal_service
from services.pb.kawase.gateway.v1.gateway_service_pb2_grpc import GatewayServiceStub
from services.pb.kawase.gateway.v1.withdrawal_service_pb2_grpc import WithdrawalServiceStub
from services.sdk.line import Line
from services.sdk.values import States, money_message, money_of, pages, time_of


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A payer's account at a Japanese bank, in Zengin's numbers; type 1 ordinary, 2 current,
    4 savings; the holder in kana. `partner_id` is the bank as it is named here."""

    partner_id: str
    bank_code: str
    branch_code: str
    account_type: str
    account_number: str
    holder_name: str


@dataclass(frozen=True, slots=True)
class BankLink:
    """A linked account; `display_name` is the bank and the last digits."""

    bank_link_id: str
    payer_id: str
    display_name: str


class TopUpState(StrEnum):
    """Where a top-up is in its life."""

    PENDING = "pending"
    COMPLETED = "completed"
    DECLINED = "declined"
    OTHER = "other"


class WithdrawalState(StrEnum):
    """Where a withdrawal is in its life; the payer's bank may send it back later."""

    PENDING = "pending"
    COMPLETED = "completed"
    DECLINED = "declined"
    RETURNED = "returned"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class TopUp:
    """Money drawn from a linked account."""

    top_up_id: str
    reference: str
    bank_link_id: str
    state: TopUpState
    amount: Money
    reason: str
    message: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Money paid out to a linked account."""

    withdrawal_id: str
    reference: str
    bank_link_id: str
    payer_id: str
    state: WithdrawalState
    amount: Money
    reason: str
    message: str
    create_time: datetime


_TOP_UPS = States(payment_pb2.TopUpState, "TOP_UP_STATE", TopUpState)
_WITHDRAWALS = States(withdrawal_pb2.WithdrawalState, "WITHDRAWAL_STATE", WithdrawalState)


class Banking:
    """`kawase.banking`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def link(self, bank_link_id: str, payer_id: str, account: BankAccount) -> BankLink:
        """Link a payer's account."""
        request = pb.LinkBankAccountRequest(
            bank_link_id=bank_link_id,
            payer_id=payer_id,
            partner_id=account.partner_id,
            bank_code=account.bank_code,
            branch_code=account.branch_code,
            account_type=account.account_type,
            account_number=account.account_number,
            holder_name=account.holder_name,
        )
        link = (await self._line.ask(GatewayServiceStub, "LinkBankAccount", request)).bank_link
        return BankLink(link.bank_link_id, link.payer_id, link.display_name)

    async def top_up(self, top_up_id: str, bank_link_id: str, amount: Money) -> TopUp:
        """Draw money. Waits a few seconds for the end: PENDING is still under way."""
        request = pb.CreateTopUpRequest(
            top_up_id=top_up_id, bank_link_id=bank_link_id, amount=money_message(amount)
        )
        answer = await self._line.ask(GatewayServiceStub, "CreateTopUp", request)
        return _top_up_of(answer.top_up)

    async def get_top_up(self, top_up_id: str) -> TopUp:
        """A top-up as it is now."""
        request = pb.GetTopUpRequest(top_up_id=top_up_id)
        return _top_up_of((await self._line.ask(GatewayServiceStub, "GetTopUp", request)).top_up)

    async def withdraw(self, withdrawal_id: str, bank_link_id: str, amount: Money) -> Withdrawal:
        """Pay money out. Waits a few seconds for the end: PENDING is still under way."""
        request = withdrawal_service.CreateWithdrawalRequest(
            withdrawal_id=withdrawal_id, bank_link_id=bank_link_id, amount=money_message(amount)
        )
        answer = await self._line.ask(WithdrawalServiceStub, "CreateWithdrawal", request)
        return _withdrawal_of(answer.withdrawal)

    async def get_withdrawal(self, withdrawal_id: str) -> Withdrawal:
        """A withdrawal as it is now."""
        request = withdrawal_service.GetWithdrawalRequest(withdrawal_id=withdrawal_id)
        answer = await self._line.ask(WithdrawalServiceStub, "GetWithdrawal", request)
        return _withdrawal_of(answer.withdrawal)

    def withdrawals(self, payer_id: str = "") -> AsyncIterator[Withdrawal]:
        """All of yours, or of one payer, by your ids; pages come as needed."""
        request = withdrawal_service.ListWithdrawalsRequest(payer_id=payer_id)

        async def ask(asked: Any) -> Any:
            return await self._line.ask(WithdrawalServiceStub, "ListWithdrawals", asked)

        return pages(ask, request, "withdrawals", _withdrawal_of)


def _top_up_of(message: payment_pb2.TopUp) -> TopUp:
    return TopUp(
        top_up_id=message.top_up_id,
        reference=message.reference,
        bank_link_id=message.bank_link_id,
        state=_TOP_UPS.of(message.state),
        amount=money_of(message.amount),
        reason=message.reason,
        message=message.message,
        create_time=time_of(message.create_time),
    )


def _withdrawal_of(message: withdrawal_pb2.Withdrawal) -> Withdrawal:
    return Withdrawal(
        withdrawal_id=message.withdrawal_id,
        reference=message.reference,
        bank_link_id=message.bank_link_id,
        payer_id=message.payer_id,
        state=_WITHDRAWALS.of(message.state),
        amount=money_of(message.amount),
        reason=message.reason,
        message=message.message,
        create_time=time_of(message.create_time),
    )
