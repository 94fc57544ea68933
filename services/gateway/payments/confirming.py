"""Confirm and cancel: calls that come together are decided in one unit, in order."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.core.clock import Clock
from services.core.errors import KawaseError
from services.core.ids import checked_id
from services.gateway.acquiring.orders.model import Claim, confirm_refusal
from services.gateway.acquiring.orders.store import lock_orders, put_claims
from services.gateway.availability import AvailabilityBoard
from services.gateway.bills.claims import taken_over
from services.gateway.bills.refusals import BillTakenOver
from services.gateway.escrow.messages import opening
from services.gateway.escrow.model import Escrow
from services.gateway.escrow.rules import confirmed_into, escrow_of
from services.gateway.escrow.store import add_escrows
from services.gateway.holding.rules import Authorisation, authorisation_of, authorised
from services.gateway.holding.store import add_authorisations
from services.gateway.payments import asking
from services.gateway.payments.limits import (
    Rules,
    Usage,
    limit_keys,
    local_day,
    taken_by,
    usage_of,
    usages_taken,
)
from services.gateway.payments.messages import fact_of, order_message, payment_message
from services.gateway.payments.model import Life, Payment, State, Step, Terms
from services.gateway.payments.refusals import PaymentUnknown
from services.gateway.payments.saga import Order, order_of
from services.gateway.payments.shelf import Shelf
from services.gateway.payments.store.limits import add_usages, lock_usages
from services.gateway.payments.store.payments import find_lives, store_moves
from services.gateway.payments.waiters import Snapshot, Waiters
from services.gateway.personal.claims import begin_receiving
from services.gateway.personal.rules import Receiving
from services.gateway.reference import Corridor, Participant
from services.gateway.reference.board import ReferenceBoard
from services.gateway.screening import Screened, Screener, Screening, subject_of
from services.gateway.screening.store import journal_screenings
from services.kit.gather import Gather
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.trace import current, follow, made_of
from services.kit.unit import Decided, Units


@dataclass(frozen=True, slots=True)
class Ask:
    """A call to confirm or, with `cancels`, to cancel, `by_shop` where the shop does. With
    `authorises` the funds are held, with `escrows` what is paid goes into escrow."""

    wallet: Participant
    payment_id: str
    cancels: bool = False
    authorises: bool = False
    escrows: bool = False
    by_shop: bool = False
    trace: str = field(default_factory=current)


@dataclass(frozen=True, slots=True)
class Asked:
    """The payment as it is now; `waiting` is told how it ends, None where there is no wait."""

    payment: Payment
    waiting: "asyncio.Future[Snapshot] | None" = None


class _Batch:
    """What one run of a unit has found and decided so far."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.payments: dict[tuple[str, str], Payment] = {}
        self.used: dict[Usage, int] = {}
        self.totals: dict[Usage, int] = {}
        self.taken: dict[Usage, int] = {}
        self.moved: list[tuple[str, Life]] = []
        self.messages: list[Outgoing] = []
        self.news: list[Snapshot] = []
        self.screener: Screener | None = None
        self.screened: list[Screened] = []
        self.taken_over: set[str] = set()
        self.authorised: list[Authorisation] = []
        self.escrowed: list[Escrow] = []
        self.claims: dict[str, Claim] = {}
        self.closed: set[str] = set()
        self.claimed: dict[str, str] = {}
        self.receiving: Receiving | None = None


class Confirming:
    """Gathers confirm and cancel calls. Without a `screening` every payment passes unseen."""

    def __init__(
        self,
        units: Units,
        board: ReferenceBoard,
        clock: Clock,
        shelf: Shelf,
        waiters: Waiters,
        availability: AvailabilityBoard,
        screening: Screening | None = None,
    ) -> None:
        self._units = units
        self._board = board
        self._clock = clock
        self._shelf = shelf
        self._waiters = waiters
        self._availability = availability
        self._screening = screening
        self._registered: list[tuple[str, asyncio.Future[Snapshot]]] = []
        self.gather: Gather[Ask, Asked] = Gather(self._work)

    def submit(self, ask: Ask) -> "asyncio.Future[Asked]":
        """The future of the answer. Raises `IdMalformed`, `QueueFull`."""
        checked_id(ask.payment_id, "payment_id")
        return self.gather.submit(ask)

    async def _work(self, asks: Sequence[Ask]) -> Sequence[Asked | BaseException]:
        async def work(
            connection: Connection,
        ) -> Decided[tuple[list[Asked | BaseException], list[Snapshot]]]:
            return await self._decide(connection, asks)

        self._registered = []
        try:
            committed = await self._units.write(work)
        except BaseException:
            self._forget()
            raise
        answers, news = committed.answer
        for snapshot in news:
            self._waiters.tell(snapshot)
        return answers

    def _forget(self) -> None:
        for reference, future in self._registered:
            self._waiters.forget(reference, future)
        self._registered = []

    async def _decide(
        self, connection: Connection, asks: Sequence[Ask]
    ) -> Decided[tuple[list[Asked | BaseException], list[Snapshot]]]:
        # A run before this one may have registered waiters, and then have been rolled back.
        self._forget()
        batch = _Batch(self._clock.now())
        await self._read(connection, asks, batch)
        answers: list[Asked | BaseException] = [self._answer(ask, batch) for ask in asks]
        await store_moves(connection, batch.moved, takes_limits=True)
        if batch.taken:
            await add_usages(connection, batch.used, batch.taken)
        if batch.screened:
            await journal_screenings(connection, batch.screened)
        if batch.authorised:
            await add_authorisations(connection, batch.authorised)
        if batch.escrowed:
            await add_escrows(connection, batch.escrowed)
        if batch.claimed:
            await put_claims(connection, batch.claimed)
        return Decided((answers, batch.news), batch.messages)

    async def _read(self, connection: Connection, asks: Sequence[Ask], batch: _Batch) -> None:
        found = await find_lives(
            connection, ((ask.wallet.participant_id, ask.payment_id) for ask in asks), lock=True
        )
        terms = await self._shelf.fetch(connection, (each.reference for each in found.values()))
        batch.payments = {
            ids: Payment(terms[each.reference], each.life) for ids, each in found.items()
        }
        batch.taken_over = await taken_over(connection, batch.payments.values())
        labels = {
            payment.terms.order_label
            for ask in asks
            if not ask.cancels
            and (payment := batch.payments.get((ask.wallet.participant_id, ask.payment_id)))
            and payment.life.state is State.QUOTED
        } - {""}
        if labels:
            orders = await lock_orders(connection, labels)
            batch.claims = {label: claim for label, (_, claim) in orders.items() if claim}
            batch.closed = {label for label, (order, _) in orders.items() if order.close_time}
        wanted = {
            usage_of(key, local_day(ask.wallet, batch.now))
            for ask in asks
            if not ask.cancels
            and (payment := batch.payments.get((ask.wallet.participant_id, ask.payment_id)))
            and (corridor := self._corridor(payment))
            for key in limit_keys(corridor, payment.terms, self._rules(corridor))
        }
        wanted |= set(taken_by(_held(asks, batch)))
        batch.receiving = await begin_receiving(
            connection, _confirmed(asks, batch), self._board.current, batch.now
        )
        if batch.receiving is not None:
            wanted |= batch.receiving.usages()
        if wanted:
            batch.used = await lock_usages(connection, wanted)
            batch.totals = dict(batch.used)
        if self._screening is not None:
            quoted = {
                payment.terms.reference: subject_of(payment.terms)
                for ask in asks
                if not ask.cancels
                and (payment := batch.payments.get((ask.wallet.participant_id, ask.payment_id)))
                and payment.life.state is State.QUOTED
            }
            if quoted:
                batch.screener = await self._screening.begin(
                    connection, list(quoted.values()), batch.now
                )

    def _corridor(self, payment: Payment) -> Corridor | None:
        return self._board.current.corridors.get(payment.terms.way)

    def _rules(self, corridor: Corridor | None) -> Rules:
        return self._board.current.rules_of.get(corridor.corridor_id, ()) if corridor else ()

    def _answer(self, ask: Ask, batch: _Batch) -> Asked | KawaseError:
        ids = (ask.wallet.participant_id, ask.payment_id)
        payment = batch.payments.get(ids)
        if payment is None:
            return PaymentUnknown(ask.payment_id)
        follow(ask.trace or made_of(payment.terms.reference))
        if payment.terms.reference in batch.taken_over and not ask.cancels:
            return BillTakenOver(ask.payment_id)
        if ask.cancels:
            outcome = asking.cancel(payment, batch.now, by_shop=ask.by_shop)
        else:
            corridor = self._corridor(payment)
            outcome = asking.confirm(
                payment,
                corridor,
                local_day(ask.wallet, batch.now),
                batch.totals,
                batch.now,
                self._rules(corridor),
                self._away(payment.terms) or _taken(payment, batch),
            )
            if batch.receiving is not None:
                day = local_day(ask.wallet, batch.now)
                outcome = batch.receiving.decide(
                    payment, outcome, batch.totals, day, authorises=ask.authorises
                )
            if ask.authorises:
                outcome = authorised(payment, corridor, outcome)
            elif ask.escrows:
                outcome = confirmed_into(payment, corridor, outcome)
            outcome = self._screened(payment, outcome, batch)
            if outcome.life is not None and outcome.life.step is Step.AUTHORISE and corridor:
                batch.authorised.append(authorisation_of(payment, corridor, batch.now))
            if outcome.life is not None and outcome.life.escrowed and corridor:
                merchant = self._board.current.merchants.get(payment.terms.merchant_id)
                acquirer_id = merchant.acquirer_id if merchant else ""
                batch.escrowed.append(escrow_of(payment, corridor, acquirer_id, batch.now))
        if outcome.life is not None:
            if payment.life.state is State.AUTHORISED:
                _give_back(payment, batch)
            payment = batch.payments[ids] = Payment(payment.terms, outcome.life)
            self._move(payment, batch)
        if outcome.refusal is not None:
            return outcome.refusal
        if payment.life.state is not State.CONFIRMED:
            return Asked(payment)
        reference = payment.terms.reference
        waiting = self._waiters.wait(reference)
        self._registered.append((reference, waiting))
        return Asked(payment, waiting)

    def _away(self, terms: Terms) -> KawaseError | None:
        """Whether a partner it has to go through takes no payments now."""
        return self._availability.refusal(terms.acceptance_partner_id, terms.collect_partner_id)

    @staticmethod
    def _screened(payment: Payment, outcome: asking.Outcome, batch: _Batch) -> asking.Outcome:
        """Screening is last: only what would be reserved is screened."""
        screener, life = batch.screener, outcome.life
        if screener is None or life is None or life.state is not State.CONFIRMED:
            return outcome
        subject = subject_of(payment.terms)
        verdict = screener.decide(subject)
        batch.screened.append(Screened(subject, verdict, screener.digest, batch.now))
        return asking.screened(payment, outcome, verdict, batch.now)

    def _move(self, payment: Payment, batch: _Batch) -> None:
        terms, life = payment.terms, payment.life
        batch.moved.append((terms.reference, life))
        if life.state is State.CONFIRMED:
            if terms.order_label:
                batch.claims[terms.order_label] = Claim(terms.reference, life.state)
                batch.claimed[terms.order_label] = terms.reference
            if life.escrowed:
                batch.messages.append(opening(payment))
            batch.messages.append(order_message(Order.RESERVE, payment))
            if life.limit_day is not None:
                for usage, minor in usages_taken(life.limit_keys, life.limit_day, terms):
                    batch.taken[usage] = batch.taken.get(usage, 0) + minor
                    batch.totals[usage] = batch.totals.get(usage, 0) + minor
            return
        if (order := order_of(life.step)) is not None:
            batch.messages.append(order_message(order, payment))
        snapshot = payment_message(payment)
        batch.news.append(snapshot)
        fact = fact_of(payment, snapshot)
        if fact is not None:
            batch.messages.append(fact)


def _taken(payment: Payment, batch: _Batch) -> KawaseError | None:
    """Whether another payment has taken the order that this one is to pay."""
    label = payment.terms.order_label
    return confirm_refusal(payment.terms, batch.claims.get(label), closed=label in batch.closed)


def _confirmed(asks: Sequence[Ask], batch: _Batch) -> list[Payment]:
    """The payments that are to be confirmed or authorised."""
    return [
        payment
        for ask in asks
        if not ask.cancels
        and (payment := batch.payments.get((ask.wallet.participant_id, ask.payment_id)))
    ]


def _held(asks: Sequence[Ask], batch: _Batch) -> list[Payment]:
    """The authorised payments that are to be cancelled."""
    return [
        payment
        for ask in asks
        if ask.cancels
        and (payment := batch.payments.get((ask.wallet.participant_id, ask.payment_id)))
        and payment.life.state is State.AUTHORISED
    ]


def _give_back(payment: Payment, batch: _Batch) -> None:
    """What a cancelled payment had taken from limits."""
    for usage, minor in taken_by([payment]).items():
        batch.taken[usage] = batch.taken.get(usage, 0) - minor
        batch.totals[usage] = batch.totals.get(usage, 0) - minor
