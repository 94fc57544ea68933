"""Capture, void and look up what is held, for the merchant's acquirer and the payer's wallet."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from services.core.clock import Clock
from services.core.errors import KawaseError
from services.core.ids import checked_id
from services.core.money import Money
from services.gateway.holding import rules
from services.gateway.holding.messages import authorisation_message
from services.gateway.holding.parts import released_parts
from services.gateway.holding.refusals import AcquirerRequired, NotAuthorised
from services.gateway.holding.rules import Authorisation
from services.gateway.holding.store import find_authorisation, set_captured
from services.gateway.payments.asking import Outcome
from services.gateway.payments.giving_back import give_back_limits
from services.gateway.payments.messages import fact_of, order_message, payment_message
from services.gateway.payments.model import Parts, Payment, State
from services.gateway.payments.owning import acquirer_of, find_payment
from services.gateway.payments.saga import order_of
from services.gateway.payments.store.payments import store_moves
from services.gateway.payments.waiters import Snapshot, Waiters
from services.gateway.reference import Participant, ParticipantKind
from services.gateway.reference.board import ReferenceBoard
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.pb.kawase.gateway.v1 import holding_service_pb2 as pb

Rule = Callable[[Payment, Authorisation | None, datetime], Outcome]


@dataclass(frozen=True, slots=True)
class _Ended:
    """What came of a call: the payment as it is now, and why the call was refused all the same."""

    payment: Payment
    held: Authorisation | None
    refusal: KawaseError | None
    news: Snapshot | None


class HoldingHandlers:
    """The calls about authorisations, for a caller who is known."""

    def __init__(self, units: Units, board: ReferenceBoard, clock: Clock, waiters: Waiters) -> None:
        self._units = units
        self._board = board
        self._clock = clock
        self._waiters = waiters

    async def capture(
        self, caller: Participant, payment_id: str, amount: Money | None
    ) -> pb.Authorisation:
        """Take `amount`, or all that is held; the same amount again gives the same answer.

        Raises `PaymentUnknown`, `NotAuthorised`, `AuthorisationExpired`, `AuthorisationOver`,
        `AuthorisationPending`, `CaptureExceedsAuthorised`, `CapturedWithDifferentAmount`,
        `AmountCurrencyDiffers`, `AmountNotPositive`.
        """
        return await self._end(
            caller, payment_id, lambda payment, held, now: rules.capture(payment, held, amount, now)
        )

    async def void(self, caller: Participant, payment_id: str) -> pb.Authorisation:
        """Release all that is held. Raises as `capture`, and `AuthorisationCaptured`."""
        return await self._end(caller, payment_id, rules.void)

    async def get(self, caller: Participant, payment_id: str) -> pb.Authorisation:
        """An authorisation of the caller's. Raises `PaymentUnknown`, `NotAuthorised`."""
        checked_id(payment_id, "payment_id")
        async with self._units.pool.acquire() as connection:
            payment = await find_payment(connection, self._board.current, caller, payment_id)
            held = await find_authorisation(connection, payment.terms.reference)
        if held is None:
            raise NotAuthorised(payment_id)
        return authorisation_message(payment, held)

    async def _end(self, caller: Participant, payment_id: str, rule: Rule) -> pb.Authorisation:
        if caller.kind is not ParticipantKind.ACQUIRER:
            raise AcquirerRequired(caller.participant_id)
        checked_id(payment_id, "payment_id")
        work = self._units.write(lambda c: self._decide(c, caller, payment_id, rule))
        ended = (await work).answer
        if ended.news is not None:
            self._waiters.tell(ended.news)
        if ended.refusal is not None:
            raise ended.refusal
        assert ended.held is not None, "what was not authorised is refused"
        return authorisation_message(ended.payment, ended.held)

    async def _decide(
        self, connection: Connection, caller: Participant, payment_id: str, rule: Rule
    ) -> Decided[_Ended]:
        known = self._board.current
        before = await find_payment(connection, known, caller, payment_id, lock=True)
        held = await find_authorisation(connection, before.terms.reference)
        outcome = rule(before, held, self._clock.now())
        if outcome.life is None:
            return Decided(_Ended(before, held, outcome.refusal, None))
        payment = Payment(before.terms, outcome.life)
        await _store(connection, before, payment)
        snapshot = payment_message(payment)
        messages: list[Outgoing] = []
        if (order := order_of(payment.life.step)) is not None:
            messages.append(order_message(order, payment))
        acquirer_id = acquirer_of(payment.terms, known)
        if (fact := fact_of(payment, snapshot, acquirer_id)) is not None:
            messages.append(fact)
        return Decided(_Ended(payment, held, outcome.refusal, snapshot), messages)


async def _store(connection: Connection, before: Payment, payment: Payment) -> None:
    """Store the end of a hold, and give back the limits of what was not captured."""
    terms, life = payment.terms, payment.life
    await store_moves(connection, [(terms.reference, life)])
    if life.state is not State.COMPLETED:
        await give_back_limits(connection, [before])
    elif life.captured is not None:
        await set_captured(connection, terms.reference, life.captured)
        released = _released_of(before, released_parts(terms, life))
        await give_back_limits(connection, [released])


def _released_of(before: Payment, parts: Parts) -> Payment:
    """The payment as if it had been of the released part alone: what its limits get back."""
    terms = before.terms
    target = parts.payable + parts.fee
    one_currency = terms.home_currency == terms.target_currency
    home = target if one_currency else parts.mid + parts.spread
    return Payment(replace(terms, target_minor=target, home_minor=home), before.life)
