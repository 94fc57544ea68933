"""The calls about escrows, for a caller who is known."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from services.core.clock import Clock
from services.core.ids import checked_id, new_reference
from services.core.money import Money
from services.gateway.acquiring.merchants.refund_limits import check_refund_limit
from services.gateway.calls import require_wallet
from services.gateway.escrow import rules, store
from services.gateway.escrow.events import first_life
from services.gateway.escrow.messages import command_of, dispute_fact, released_fact
from services.gateway.escrow.model import Cause, Escrow, Part, Release
from services.gateway.escrow.parts import escrow_account
from services.gateway.escrow.refusals import (
    REASON_MAXIMUM,
    AcquirerReturns,
    DisputeReasonMalformed,
    NotInEscrow,
)
from services.gateway.escrow.returning import give_back
from services.gateway.escrow.store import Listing, Word
from services.gateway.payments.model import Payment, Terms
from services.gateway.payments.owning import find_payment
from services.gateway.payments.refusals import PaymentUnknown
from services.gateway.payments.store.payments import lock_lives, read_lives, with_terms
from services.gateway.reference import Participant, ParticipantKind
from services.gateway.reference.board import ReferenceBoard
from services.gateway.refunds.asking import Wish, check_repeat, check_wish
from services.gateway.refunds.model import Refund, State
from services.gateway.refunds.store import find_refund
from services.gateway.waking import WAIT_SECONDS, Wakers, unhurried
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units


@dataclass(frozen=True, slots=True)
class Resolving:
    """An operator's decision as it came; `release` of what is held is the merchant's."""

    reference: str
    resolution_id: str
    release: Money
    operator: str
    reason: str
    key_id: str


class EscrowHandlers:
    """Releases, disputes, resolves, gives back and looks up."""

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

    async def release(
        self, caller: Participant, payment_id: str, release_id: str, amount: Money | None
    ) -> tuple[Escrow, Part]:
        """The buyer has received `amount`'s worth, or all that is held.

        Raises `NotInEscrow`, `EscrowPending`, `EscrowEmpty`, `EscrowDisputed`, `ExceedsHeld`,
        `ReleasedDifferently`, `AmountCurrencyDiffers`, `AmountNotPositive`.
        """
        require_wallet(caller)
        checked_id(payment_id, "payment_id")
        checked_id(release_id, "release_id")

        async def work(connection: Connection) -> Decided[tuple[Escrow, Part]]:
            payment, kept = await self._locked(connection, caller, payment_id)
            known = await store.find_part(connection, kept.reference, Cause.BUYER, release_id)
            if known is not None:
                rules.check_repeat(known, amount)
                return Decided((kept, known))
            now = self._clock.now()
            after, part = rules.released(
                kept, amount, now, Cause.BUYER, new_reference(now), release_id
            )
            return Decided((after, part), await keep_release(connection, after, part, payment))

        return (await self._units.write(work)).answer

    async def dispute(self, caller: Participant, payment_id: str, reason: str) -> Escrow:
        """Stop the clock.

        Raises `NotInEscrow`, `EscrowPending`, `EscrowEmpty`, `EscrowPeriodOver`,
        `DisputeReasonMalformed`.
        """
        if not 0 < len(reason.strip()) <= len(reason) <= REASON_MAXIMUM or "\x00" in reason:
            raise DisputeReasonMalformed
        return await self._move(
            caller, payment_id, lambda kept: rules.disputed(kept, reason, self._clock.now())
        )

    async def withdraw(self, caller: Participant, payment_id: str) -> Escrow:
        """Have the clock go on. Raises `NotInEscrow`, `EscrowPending`, `EscrowEmpty`."""
        return await self._move(
            caller, payment_id, lambda kept: rules.withdrawn(kept, self._clock.now())
        )

    async def _move(
        self, caller: Participant, payment_id: str, rule: Callable[[Escrow], Escrow]
    ) -> Escrow:
        require_wallet(caller)
        checked_id(payment_id, "payment_id")

        async def work(connection: Connection) -> Decided[Escrow]:
            _, kept = await self._locked(connection, caller, payment_id)
            after = rule(kept)
            if after is kept:
                return Decided(kept)
            await store.store_moves(connection, [after])
            return Decided(after, [dispute_fact(after)])

        return (await self._units.write(work)).answer

    async def resolve(self, caller: Participant, asked: Resolving) -> Escrow:
        """Carry an operator's decision out: what is held is the merchant's, the buyer's, or both's.

        Raises `NotInEscrow`, `EscrowEmpty`, `EscrowNotDisputed`, `ExceedsHeld`,
        `EscrowDisputeResolvedOtherwise`, `AmountCurrencyDiffers`, `AmountNotPositive`.
        """
        checked_id(asked.reference, "reference")
        checked_id(asked.resolution_id, "resolution_id")
        work = self._units.write(lambda c: self._resolve(c, caller, asked))
        return (await work).answer

    async def _resolve(
        self, connection: Connection, caller: Participant, asked: Resolving
    ) -> Decided[Escrow]:
        payment, kept = await self._locked(connection, caller, asked.reference)
        before = await store.find_released_by(connection, kept.reference, asked.resolution_id)
        if before is not None:
            rules.check_resolved(kept.reference, before, asked.release)
            return Decided(kept)
        now = self._clock.now()
        release, back = rules.divided(kept, asked.release)
        messages: list[Outgoing] = []
        if release is not None:
            reference = new_reference(now)
            after, part = rules.released(
                kept, release, now, Cause.OPERATOR, reference, asked.resolution_id
            )
            messages += await keep_release(connection, after, part, payment)
        if back is not None:
            terms = payment.terms
            wish = Wish(
                terms.participant_id,
                f"escrow-{new_reference(now)}",
                terms.payment_id,
                back,
                "The operator has decided the dispute.",
            )
            _, command = await give_back(connection, payment, wish, back, now)
            messages.append(command)
        returned = 0 if back is None else back.minor
        word = Word(
            asked.resolution_id,
            asked.release.minor,
            returned,
            asked.operator,
            asked.reason,
            asked.key_id,
        )
        await store.journal_word(connection, kept.reference, word, now)
        ended = await store.find_escrow(connection, kept.reference)
        assert ended is not None
        return Decided(ended, [*messages, dispute_fact(replace(ended, update_time=now))])

    async def give_back(
        self, caller: Participant, wish: Wish, left: Callable[[], float] = unhurried
    ) -> Refund:
        """The acquirer gives back of what is held, and waits a few seconds for the end, no longer
        than are `left` of the call.

        Raises `NotInEscrow`, `EscrowPending`, `EscrowEmpty`, `ExceedsHeld`,
        `RefundExistsWithDifferentContent`, `RefundDayLimitReached`, and leaves of `Malformed`.
        """
        if caller.kind is not ParticipantKind.ACQUIRER:
            raise AcquirerReturns(caller.participant_id)
        check_wish(wish)
        made = (await self._units.write(lambda c: self._give_back(c, caller, wish))).answer

        async def find() -> Refund:
            async with self._units.pool.acquire() as connection:
                found = await find_refund(connection, caller.participant_id, wish.refund_id)
            assert found is not None
            return found

        return await self._wakers.until_final(
            made.ask.reference,
            find,
            lambda refund: refund.life.state is not State.PENDING,
            min(self._wait_seconds, left()),
        )

    async def _give_back(
        self, connection: Connection, caller: Participant, wish: Wish
    ) -> Decided[Refund]:
        payment, kept = await self._locked(connection, caller, wish.payment_id)
        # Only now: the same may have been asked for while this one waited for the payment.
        known = await find_refund(connection, wish.participant_id, wish.refund_id)
        if known is not None:
            check_repeat(wish, known.ask)
            return Decided(known)
        amount = rules.returnable(kept, wish.amount)
        now = self._clock.now()
        await check_refund_limit(connection, caller, kept.merchant_id, amount, now)
        refund, command = await give_back(connection, payment, wish, amount, now)
        return Decided(refund, [command])

    async def get(self, caller: Participant, named: str) -> Escrow:
        """An escrow of the caller's, or for an operator anybody's. Raises `NotInEscrow`."""
        checked_id(named, "payment_id")
        async with self._units.pool.acquire() as connection:
            payment = await self._find(connection, caller, named, lock=False)
            kept = await store.find_escrow(connection, payment.terms.reference)
        if kept is None:
            raise NotInEscrow(named)
        return kept

    async def page(
        self, caller: Participant, disputed: bool, after: str, size: int
    ) -> list[Escrow]:
        """The caller's escrows after one, or for an operator anybody's."""
        listing = Listing(disputed=disputed)
        if caller.kind is ParticipantKind.WALLET:
            listing = replace(listing, participant_id=caller.participant_id)
        elif caller.kind is ParticipantKind.ACQUIRER:
            listing = replace(listing, acquirer_id=caller.participant_id)
        async with self._units.pool.acquire() as connection:
            return await store.list_escrows(connection, listing, after, size)

    async def _locked(
        self, connection: Connection, caller: Participant, named: str
    ) -> tuple[Payment, Escrow]:
        """A payment, locked, and then what is in escrow of it. Raises `NotInEscrow`."""
        payment = await self._find(connection, caller, named, lock=True)
        kept = await store.find_escrow(connection, payment.terms.reference)
        if kept is None:
            raise NotInEscrow(named)
        return payment, kept

    async def _find(
        self, connection: Connection, caller: Participant, named: str, *, lock: bool
    ) -> Payment:
        if caller.kind is not ParticipantKind.OPERATOR:
            try:
                known = self._board.current
                return await find_payment(connection, known, caller, named, lock=lock)
            except PaymentUnknown:
                raise NotInEscrow(named) from None
        read = lock_lives if lock else read_lives
        lives = await read(connection, [named])
        payments = await with_terms(connection, list(lives.items()))
        if not payments:
            raise NotInEscrow(named)
        return payments[0]


async def keep_release(
    connection: Connection, after: Escrow, part: Part, payment: Payment
) -> list[Outgoing]:
    """Store a release of a payment that is locked; what is to be sent."""
    release = release_of(part, payment.terms)
    await store.store_moves(connection, [after])
    await store.add_release(connection, release)
    return [released_fact(after, part), command_of(release.life.step, release)]


def release_of(part: Part, terms: Terms) -> Release:
    """A fresh release, with its accounts."""
    return Release(
        part,
        escrow_account(terms),
        terms.payable_account_id,
        terms.participant_id,
        first_life(part.create_time),
    )
