"""Create: price each payment from memory, and store those that come together in one unit.

The id decides first: a repeat gets its payment as it is now even where it could no longer be
priced, so a refusal is given only once it is known that the id is free.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.core.clock import Clock
from services.core.errors import KawaseError
from services.core.ids import checked_id
from services.core.money import Money
from services.gateway.acquiring.orders.model import quote_refusal
from services.gateway.acquiring.orders.store import Found, read_orders
from services.gateway.availability import AvailabilityBoard
from services.gateway.payments.model import Payment, Terms, first_life
from services.gateway.payments.pricing import (
    AskPartner,
    AskPerson,
    Place,
    Wish,
    agree,
    find_place,
)
from services.gateway.payments.refusals import PaymentExistsWithDifferentContent
from services.gateway.payments.scanning import Resolver, scan
from services.gateway.payments.shelf import Shelf
from services.gateway.payments.store.payments import add_payments, find_lives
from services.gateway.personal.places import place_of_person
from services.gateway.personal.store import find_by_token
from services.gateway.reference import Participant
from services.gateway.reference.board import ReferenceBoard
from services.kit.gather import Gather
from services.kit.postgres import Connection
from services.kit.sheets import SheetBoard
from services.kit.unit import Decided, Units


@dataclass(frozen=True, slots=True)
class Draft:
    """A wish with its terms, or with why it has none."""

    wish: Wish
    terms: Terms | None
    refusal: KawaseError | None = None


def content_digest(payer_id: str, code: str, typed: Money | None) -> bytes:
    """What has to be the same for a repeat of a payment id."""
    amount = "" if typed is None else f"{typed.minor} {typed.currency}"
    return hashlib.sha256("\x00".join((payer_id, code, amount)).encode()).digest()


class Creating:
    """Gathers create calls."""

    def __init__(
        self,
        units: Units,
        board: ReferenceBoard,
        sheets: SheetBoard,
        clock: Clock,
        shelf: Shelf,
        resolver: Resolver,
        availability: AvailabilityBoard,
    ) -> None:
        self._units = units
        self._board = board
        self._sheets = sheets
        self._clock = clock
        self._shelf = shelf
        self._resolver = resolver
        self._availability = availability
        self._gather: Gather[Draft, Payment] = Gather(self._work)

    def submit(
        self, wallet: Participant, payment_id: str, payer_id: str, code: str, typed: Money | None
    ) -> "asyncio.Future[Payment]":
        """The future of the payment, or of its refusal. Raises for ids of a wrong shape."""
        checked_id(payment_id, "payment_id")
        checked_id(payer_id, "payer_id")
        digest = content_digest(payer_id, code, typed)
        wish = Wish(wallet, payment_id, digest, payer_id, code, typed)
        try:
            place = find_place(scan(code), self._board.current)
            if isinstance(place, AskPartner):
                known = self._resolver.known(place.scheme, code)
                if known is None:
                    return asyncio.create_task(self._submit_resolved(wish, place))
                place = known
            elif isinstance(place, AskPerson):
                return asyncio.create_task(self._submit_to_person(wish, place))
        except KawaseError as refusal:
            return self._gather.submit(Draft(wish, None, refusal))
        return self._gather.submit(self.draft(wish, place))

    async def _submit_resolved(self, wish: Wish, asked: AskPartner) -> Payment:
        try:
            place = await self._resolver.ask(asked.scheme, wish.code)
        except KawaseError as refusal:
            return await self._gather.submit(Draft(wish, None, refusal))
        return await self._gather.submit(self.draft(wish, place))

    async def _submit_to_person(self, wish: Wish, asked: AskPerson) -> Payment:
        payer = (wish.wallet.participant_id, wish.payer_id)
        try:
            async with self._units.pool.acquire() as connection:
                code = await find_by_token(connection, asked.token)
            place = place_of_person(code, asked, payer, self._board.current)
        except KawaseError as refusal:
            return await self._gather.submit(Draft(wish, None, refusal))
        return await self._gather.submit(self.draft(wish, place))

    def draft(self, wish: Wish, place: Place) -> Draft:
        """The wish priced by what this process knows now; nothing is stored."""
        now = self._clock.now()
        try:
            terms = agree(wish, place, self._board.current, lambda: self._sheets.current(now), now)
        except KawaseError as refusal:
            return Draft(wish, None, refusal)
        partners = terms.acceptance_partner_id, terms.collect_partner_id
        if away := self._availability.refusal(*partners):
            return Draft(wish, None, away)
        return Draft(wish, terms)

    async def _work(self, drafts: Sequence[Draft]) -> Sequence[Payment | BaseException]:
        async def work(connection: Connection) -> Decided[list[Payment | BaseException]]:
            return Decided(await self._store(connection, drafts))

        answers = (await self._units.write(work)).answer
        for answer in answers:
            if isinstance(answer, Payment):
                self._shelf.put(answer.terms)
        return answers

    async def _store(
        self, connection: Connection, drafts: Sequence[Draft]
    ) -> list[Payment | BaseException]:
        drafts = await self._payable(connection, drafts)
        fresh = [draft.terms for draft in drafts if draft.terms is not None]
        made = await add_payments(connection, fresh) if fresh else set()
        taken = [
            (draft.wish.wallet.participant_id, draft.wish.payment_id)
            for draft in drafts
            if draft.terms is None or draft.terms.reference not in made
        ]
        known: dict[tuple[str, str], Payment] = {}
        if taken:
            found = await find_lives(connection, taken)
            terms = await self._shelf.fetch(connection, [each.reference for each in found.values()])
            known = {ids: Payment(terms[each.reference], each.life) for ids, each in found.items()}
        return [_answer(draft, made, known) for draft in drafts]

    async def _payable(self, connection: Connection, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """The drafts, those refused whose order can no longer be paid. Most have none."""
        labels = {draft.terms.order_label for draft in drafts if draft.terms} - {""}
        if not labels:
            return drafts
        orders = await read_orders(connection, labels)
        now = self._clock.now()
        return [_of_order(draft, orders, now) for draft in drafts]


def _of_order(draft: Draft, orders: Mapping[str, Found], now: datetime) -> Draft:
    if draft.terms is None or not draft.terms.order_label:
        return draft
    refusal = quote_refusal(draft.terms, orders.get(draft.terms.order_label), now)
    return draft if refusal is None else Draft(draft.wish, None, refusal)


def _answer(
    draft: Draft, made: set[str], known: dict[tuple[str, str], Payment]
) -> Payment | BaseException:
    if draft.terms is not None and draft.terms.reference in made:
        return Payment(draft.terms, first_life(draft.terms.create_time))
    wish = draft.wish
    payment = known.get((wish.wallet.participant_id, wish.payment_id))
    if payment is None:
        assert draft.refusal is not None
        return draft.refusal
    if payment.terms.digest != wish.digest:
        return PaymentExistsWithDifferentContent(wish.payment_id)
    return payment
