"""LinkBankAccount, CreateTopUp and GetTopUp, for hosted wallets."""

from collections.abc import Callable
from typing import Any

from services.core.clock import Clock
from services.core.ids import new_reference
from services.gateway.lanes import COMMAND_STRIPE
from services.gateway.opening import accounts_of_payer
from services.gateway.payments.messages import money_of
from services.gateway.reference import Participant
from services.gateway.topups import store
from services.gateway.topups.asking import (
    LinkWish,
    TopUpWish,
    check_hosted,
    check_link,
    check_top_up,
)
from services.gateway.topups.messages import bank_link_message, command_of, top_up_message
from services.gateway.topups.model import Ask, BankLink, State, TopUp
from services.gateway.topups.refusals import (
    BankLinkExistsWithDifferentContent,
    BankLinkUnknown,
    TopUpExistsWithDifferentContent,
    TopUpUnknown,
)
from services.gateway.topups.saga import first_life
from services.gateway.waking import WAIT_SECONDS, Wakers, unhurried
from services.gateway.withdrawals.model import Payee
from services.kit.ledger import open_accounts
from services.kit.postgres import Connection
from services.kit.rpc import CALL_SECONDS, call
from services.kit.sealing import SecretBox
from services.kit.unit import Decided, Units
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as bridge_pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2


class BankLinkHandlers:
    """LinkBankAccount, for a caller who is known. `bridge` is a stub of the bridge's service.

    `box` seals the account that withdrawals are paid to; a link that is made without its key, or
    was before, is good for top-ups only until it is asked for once more.
    """

    def __init__(self, units: Units, bridge: Any, clock: Clock, box: SecretBox) -> None:
        self._units = units
        self._bridge = bridge
        self._clock = clock
        self._box = box

    async def link(
        self, caller: Participant, request: pb.LinkBankAccountRequest
    ) -> payment_pb2.BankLink:
        """Link a payer's account at its bank; the same id and content give the same link.

        Raises `HostedWalletRequired`, `BankLinkExistsWithDifferentContent`, leaves of `Malformed`,
        and what the bridge refuses with.
        """
        check_hosted(caller)
        wish = LinkWish(
            caller.participant_id,
            request.bank_link_id,
            request.payer_id,
            request.partner_id,
            request.bank_code,
            request.branch_code,
            request.account_type,
            request.account_number,
            request.holder_name,
        )
        check_link(wish)
        async with self._units.pool.acquire() as connection:
            known = await store.find_bank_link(connection, wish.participant_id, wish.bank_link_id)
        if known is None:
            link = await self._link_anew(caller, wish)
        else:
            link = self._same(wish, known)
            await self._make_payable(wish)
        return bank_link_message(link)

    async def _make_payable(self, wish: LinkWish) -> None:
        sealed = self._sealed(wish)
        if sealed is None:
            return

        async def work(connection: Connection) -> Decided[None]:
            await store.seal_payee(connection, wish.participant_id, wish.bank_link_id, sealed)
            return Decided(None)

        await self._units.write(work)

    def _sealed(self, wish: LinkWish) -> bytes | None:
        if not self._box.can_seal:
            return None
        payee = Payee(
            wish.bank_code,
            wish.branch_code,
            wish.account_type,
            wish.account_number,
            wish.holder_name,
        )
        return self._box.seal(payee.text)

    async def _link_anew(self, caller: Participant, wish: LinkWish) -> BankLink:
        answer = await call(
            self._bridge.LinkAccount(
                bridge_pb.LinkAccountRequest(
                    link_id=wish.partner_link_id,
                    partner_id=wish.partner_id,
                    bank_code=wish.bank_code,
                    branch_code=wish.branch_code,
                    account_type=wish.account_type,
                    account_number=wish.account_number,
                    holder_name=wish.holder_name,
                ),
                timeout=CALL_SECONDS,
            )
        )
        fresh = BankLink(
            wish.participant_id,
            wish.bank_link_id,
            self._fingerprint(wish),
            wish.payer_id,
            wish.partner_id,
            answer.payer_reference,
            answer.display_name,
            self._clock.now(),
        )

        async def work(connection: Connection) -> Decided[BankLink]:
            known = await store.find_bank_link(connection, wish.participant_id, wish.bank_link_id)
            if known is not None:
                return Decided(self._same(wish, known))
            await store.add_bank_link(connection, fresh, self._sealed(wish))
            specs = accounts_of_payer(caller, wish.payer_id)
            return Decided(fresh, [open_accounts(specs, COMMAND_STRIPE)])

        return (await self._units.write(work)).answer

    def _fingerprint(self, wish: LinkWish) -> bytes:
        return self._box.fingerprint(wish.content) if self._box.can_seal else wish.digest

    def _same(self, wish: LinkWish, known: BankLink) -> BankLink:
        # A link that was made without a key, or before there was one, has a plain digest.
        is_same = known.digest == wish.digest
        if not is_same and not self._box.is_fingerprint(known.digest, wish.content):
            raise BankLinkExistsWithDifferentContent(wish.bank_link_id)
        return known


class TopUpHandlers:
    """The calls about top-ups, for a caller who is known."""

    def __init__(
        self, units: Units, wakers: Wakers, clock: Clock, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self._units = units
        self._wakers = wakers
        self._clock = clock
        self._wait_seconds = wait_seconds

    async def create(
        self,
        caller: Participant,
        request: pb.CreateTopUpRequest,
        left: Callable[[], float] = unhurried,
    ) -> payment_pb2.TopUp:
        """Draw from a linked account, and wait a few seconds for the end, no longer than are `left`
        of the call.

        The same id and content give the same top-up. Raises `HostedWalletRequired`,
        `BankLinkUnknown`, `TopUpExistsWithDifferentContent`, and leaves of `Malformed`.
        """
        check_hosted(caller)
        wish = TopUpWish(
            caller.participant_id, request.top_up_id, request.bank_link_id, money_of(request.amount)
        )
        check_top_up(wish, caller)
        made = (await self._units.write(lambda c: self._make(c, wish))).answer
        ended = await self._wakers.until_final(
            made.ask.reference,
            lambda: self._find(caller, wish.top_up_id),
            lambda top_up: top_up.life.state is not State.PENDING,
            min(self._wait_seconds, left()),
        )
        return top_up_message(ended)

    async def get(self, caller: Participant, request: pb.GetTopUpRequest) -> payment_pb2.TopUp:
        """A top-up of the caller's. Raises `TopUpUnknown`."""
        return top_up_message(await self._find(caller, request.top_up_id))

    async def _find(self, caller: Participant, top_up_id: str) -> TopUp:
        async with self._units.pool.acquire() as connection:
            found = await store.find_top_up(connection, caller.participant_id, top_up_id)
        if found is None:
            raise TopUpUnknown(top_up_id)
        return found

    async def _make(self, connection: Connection, wish: TopUpWish) -> Decided[TopUp]:
        known = await store.find_top_up(connection, wish.participant_id, wish.top_up_id)
        if known is not None:
            if known.ask.digest != wish.digest:
                raise TopUpExistsWithDifferentContent(wish.top_up_id)
            return Decided(known)
        link = await store.find_bank_link(connection, wish.participant_id, wish.bank_link_id)
        if link is None:
            raise BankLinkUnknown(wish.bank_link_id)
        now = self._clock.now()
        ask = Ask(
            new_reference(now),
            wish.participant_id,
            wish.top_up_id,
            wish.digest,
            link.bank_link_id,
            link.payer_id,
            link.partner_id,
            link.payer_reference,
            wish.amount.minor,
            wish.amount.currency,
            now,
        )
        top_up = TopUp(ask, first_life(now))
        await store.add_top_up(connection, top_up)
        return Decided(top_up, [command_of(top_up.life.step, top_up)])
