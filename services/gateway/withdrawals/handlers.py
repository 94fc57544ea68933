"""CreateWithdrawal, GetWithdrawal and ListWithdrawals, for hosted wallets."""

from collections.abc import Callable

from services.core.clock import Clock
from services.core.errors import KawaseError
from services.core.ids import checked_id, new_reference
from services.gateway.lanes import COMMAND_STRIPE
from services.gateway.opening import accounts_of_withdrawals
from services.gateway.pages import last_id_of, next_token
from services.gateway.payments.limits import local_day, usage_of
from services.gateway.payments.messages import money_of
from services.gateway.payments.store.limits import add_usages, lock_usages
from services.gateway.reference import Participant
from services.gateway.reference.board import ReferenceBoard
from services.gateway.topups.asking import check_hosted
from services.gateway.topups.model import BankLink
from services.gateway.topups.refusals import BankLinkUnknown
from services.gateway.topups.store import find_bank_link
from services.gateway.waking import WAIT_SECONDS, Wakers, unhurried
from services.gateway.withdrawals import store
from services.gateway.withdrawals.asking import Wish, check_wish
from services.gateway.withdrawals.limits import (
    amount_refusal,
    keyed,
    period_refusal,
    rules_for,
    taken_by,
)
from services.gateway.withdrawals.messages import command_of, withdrawal_message
from services.gateway.withdrawals.model import Ask, State, Withdrawal
from services.gateway.withdrawals.refusals import (
    BankLinkNotPayable,
    WithdrawalExistsWithDifferentContent,
    WithdrawalUnknown,
)
from services.gateway.withdrawals.saga import first_life
from services.kit.ledger import open_accounts
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.pb.kawase.gateway.v1 import withdrawal_pb2
from services.pb.kawase.gateway.v1 import withdrawal_service_pb2 as pb

PAGE_SIZE = 100
PAGE_SIZE_MAXIMUM = 500


class WithdrawalHandlers:
    """The calls about withdrawals, for a caller who is known."""

    def __init__(
        self,
        units: Units,
        board: ReferenceBoard,
        wakers: Wakers,
        clock: Clock,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._units = units
        self._board = board
        self._wakers = wakers
        self._clock = clock
        self._wait_seconds = wait_seconds

    async def create(
        self,
        caller: Participant,
        request: pb.CreateWithdrawalRequest,
        left: Callable[[], float] = unhurried,
    ) -> withdrawal_pb2.Withdrawal:
        """Draw to a linked account, and wait a few seconds for the end, no longer than are `left`
        of the call.

        The same id and content give the same withdrawal. Raises `HostedWalletRequired`,
        `BankLinkUnknown`, `BankLinkNotPayable`, `WithdrawalExistsWithDifferentContent`,
        `WithdrawalBelowLimit`, `WithdrawalOverLimit`, `WithdrawalLimitReached`, and leaves of
        `Malformed`.
        """
        check_hosted(caller)
        wish = Wish(
            caller.participant_id,
            request.withdrawal_id,
            request.bank_link_id,
            money_of(request.amount),
        )
        check_wish(wish, caller)
        made = (await self._units.write(lambda c: self._make(c, caller, wish))).answer
        ended = await self._wakers.until_final(
            made.reference,
            lambda: self._find(caller, wish.withdrawal_id),
            lambda withdrawal: withdrawal.life.state is not State.PENDING,
            min(self._wait_seconds, left()),
        )
        return withdrawal_message(ended)

    async def get(self, caller: Participant, withdrawal_id: str) -> withdrawal_pb2.Withdrawal:
        """A withdrawal of the caller's. Raises `WithdrawalUnknown`, `IdMalformed`."""
        checked_id(withdrawal_id, "withdrawal_id")
        return withdrawal_message(await self._find(caller, withdrawal_id))

    async def page(
        self, caller: Participant, request: pb.ListWithdrawalsRequest
    ) -> pb.ListWithdrawalsResponse:
        """A page of the caller's withdrawals, or of one payer's. Raises `IdMalformed`,
        `PageTokenMalformed`."""
        payer_id = checked_id(request.payer_id, "payer_id") if request.payer_id else ""
        size = min(request.page_size if request.page_size > 0 else PAGE_SIZE, PAGE_SIZE_MAXIMUM)
        after = last_id_of(request.page_token)
        async with self._units.pool.acquire() as connection:
            found = await store.list_withdrawals(
                connection, caller.participant_id, payer_id, after, size
            )
        token = next_token([each.ask.withdrawal_id for each in found], size)
        told = [withdrawal_message(each) for each in found]
        return pb.ListWithdrawalsResponse(withdrawals=told, next_page_token=token)

    async def _find(self, caller: Participant, withdrawal_id: str) -> Withdrawal:
        async with self._units.pool.acquire() as connection:
            found = await store.find_withdrawal(connection, caller.participant_id, withdrawal_id)
        if found is None:
            raise WithdrawalUnknown(withdrawal_id)
        return found

    async def _make(
        self, connection: Connection, caller: Participant, wish: Wish
    ) -> Decided[Withdrawal]:
        known = await _known(connection, wish)
        if known is not None:
            return Decided(known)
        link = await find_bank_link(connection, wish.participant_id, wish.bank_link_id)
        if link is None:
            raise BankLinkUnknown(wish.bank_link_id)
        if not await store.is_payable(connection, wish.participant_id, wish.bank_link_id):
            raise BankLinkNotPayable(wish.bank_link_id)
        ask, refusal = await self._take(connection, caller, wish, link)
        if refusal is not None:
            # The same may have been asked for while this one waited for the limits.
            known = await _known(connection, wish)
            if known is None:
                raise refusal
            return Decided(known)
        withdrawal = Withdrawal(ask, first_life(ask.create_time))
        await store.add_withdrawal(connection, withdrawal)
        # The same key as the order to set aside, which comes after it. Links of old payers have
        # opened less.
        accounts = accounts_of_withdrawals(caller, link.payer_id)
        opened = open_accounts(accounts, COMMAND_STRIPE)
        return Decided(withdrawal, [opened, command_of(withdrawal.life.step, withdrawal)])

    async def _take(
        self, connection: Connection, caller: Participant, wish: Wish, link: BankLink
    ) -> tuple[Ask, KawaseError | None]:
        """What is asked for, its limits taken; or why it is not made."""
        now = self._clock.now()
        day = local_day(caller, now)
        rules = rules_for(self._board.current.limit_rules.values(), caller, link.partner_id)
        periods = keyed(rules, caller.participant_id, link.payer_id)
        ask = Ask(
            new_reference(now),
            wish.participant_id,
            wish.withdrawal_id,
            wish.digest,
            link.bank_link_id,
            link.payer_id,
            link.partner_id,
            wish.amount.minor,
            wish.amount.currency,
            now,
            day,
            tuple(periods),
        )
        refusal = amount_refusal(rules, wish.amount)
        if refusal is None and periods:
            used = await lock_usages(connection, [usage_of(key, day) for key in periods])
            refusal = period_refusal(periods, wish.amount, day, used)
            if refusal is None:
                await add_usages(connection, used, dict(taken_by(ask)))
        return ask, refusal


async def _known(connection: Connection, wish: Wish) -> Withdrawal | None:
    """The withdrawal of the wish's id. Raises `WithdrawalExistsWithDifferentContent`."""
    known = await store.find_withdrawal(connection, wish.participant_id, wish.withdrawal_id)
    if known is not None and known.ask.digest != wish.digest:
        raise WithdrawalExistsWithDifferentContent(wish.withdrawal_id)
    return known
