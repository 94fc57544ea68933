"""The calls about billers, for a caller who is known: acquirers put them, the operator opens them.

A biller that was opened is a merchant too, changed in the same unit: its payable, its refunds and
its settlement are those of any merchant.
"""

from dataclasses import replace

from services.core.clock import Clock
from services.core.errors import Malformed
from services.core.ids import checked_id
from services.gateway.access.keys import Caller
from services.gateway.admin.putting import MERCHANT, Putting
from services.gateway.bills import store
from services.gateway.bills.model import BILL_SCHEME, Biller, BillPayment
from services.gateway.bills.reading import LONGEST_TYPED, plain
from services.gateway.bills.refusals import (
    AcquirerRequired,
    BillerCurrencyFixed,
    BillerIdTaken,
    BillerUnknown,
)
from services.gateway.bills.rules import check_biller, search_text_of, searched
from services.gateway.reference import Participant, ParticipantKind
from services.gateway.reference.board import ReferenceBoard
from services.gateway.reference.store import lock_changes
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

FILTER_MAXIMUM = 100


class FilterMalformed(Malformed):
    """What is searched for cannot be found."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"{field} must be up to {FILTER_MAXIMUM} characters, none of them NUL.", field=field
        )


class Billers:
    """Puts, opens and lists billers."""

    def __init__(self, board: ReferenceBoard, units: Units, clock: Clock) -> None:
        self._board = board
        self._units = units
        self._clock = clock
        self._putting = Putting(board, units, clock)

    async def put(self, caller: Caller, new: Biller) -> Biller:
        """Make a biller or say anew what it is; what is the operator's stays as it is, but that one
        of another category or country is closed.

        Raises `AcquirerRequired`, `BillerIdTaken`, `BillerCurrencyFixed`, leaves of `Malformed`.
        """
        if caller.participant.kind is not ParticipantKind.ACQUIRER:
            raise AcquirerRequired(caller.participant.participant_id)
        check_biller(new)

        async def work(connection: Connection) -> Decided[Biller]:
            await lock_changes(connection)
            known = await store.find_biller(connection, new.biller_id, lock=True)
            put = await self._merged(connection, known, new)
            messages = await self._store(connection, caller, put)
            return Decided(put, messages)

        put = (await self._units.write(work)).answer
        if put.fee_plan_id:
            await self._board.load()
        return put

    @staticmethod
    async def _merged(connection: Connection, known: Biller | None, new: Biller) -> Biller:
        if known is None:
            if await store.merchant_scheme(connection, new.biller_id) is not None:
                raise BillerIdTaken(new.biller_id)
            return new
        if known.acquirer_id != new.acquirer_id:
            raise BillerIdTaken(new.biller_id)
        if known.currency != new.currency:
            raise BillerCurrencyFixed(known.biller_id, known.currency)
        # What kind of business it is, and where, the operator looks at before it is paid again.
        is_same = (known.category_code, known.country_code) == (new.category_code, new.country_code)
        return replace(
            new,
            open=known.open and is_same,
            fee_plan_id=known.fee_plan_id,
            net_debit_limit=known.net_debit_limit,
        )

    async def _store(
        self, connection: Connection, caller: Caller, biller: Biller
    ) -> list[Outgoing]:
        await store.put_biller(connection, biller, search_text_of(biller), self._clock.now())
        if not biller.fee_plan_id:
            return []
        merchant = biller.merchant
        return await self._putting.put_within(connection, caller.key_id, MERCHANT, merchant)

    async def open(
        self, caller: Caller, biller_id: str, *, is_open: bool, fee_plan_id: str, debit_limit: int
    ) -> Biller:
        """Say on which terms a biller takes payments; closed, it keeps the terms it had.

        Raises `BillerUnknown`, `BillerIdTaken`, and what the rules of merchants raise.
        """

        async def work(connection: Connection) -> Decided[Biller]:
            await lock_changes(connection)
            known = await store.find_biller(connection, biller_id, lock=True)
            if known is None:
                raise BillerUnknown(biller_id)
            put = replace(known, open=is_open)
            if is_open:
                put = replace(put, fee_plan_id=fee_plan_id, net_debit_limit=debit_limit)
            if await store.merchant_scheme(connection, biller_id) not in (None, BILL_SCHEME):
                raise BillerIdTaken(biller_id)
            return Decided(put, await self._store(connection, caller, put))

        checked_id(biller_id, "biller_id")
        if is_open:
            checked_id(fee_plan_id, "fee_plan_id")
        opened = (await self._units.write(work)).answer
        await self._board.load()
        return opened

    async def page(
        self,
        caller: Participant,
        query: str,
        category_code: str,
        country_code: str,
        after: str,
        size: int,
    ) -> list[Biller]:
        """A page of the directory: open billers for wallets, an acquirer's own, all for operators.

        Raises `FilterMalformed`.
        """
        named = {"query": query, "category_code": category_code, "country_code": country_code}
        for field, value in named.items():
            if len(value) > FILTER_MAXIMUM or "\x00" in value:
                raise FilterMalformed(field)
        is_acquirer = caller.kind is ParticipantKind.ACQUIRER
        async with self._units.pool.acquire() as connection:
            return await store.list_billers(
                connection,
                after,
                size,
                searched(query),
                category_code=category_code,
                country_code=country_code,
                acquirer_id=caller.participant_id if is_acquirer else "",
                only_open=caller.kind is ParticipantKind.WALLET,
            )

    async def payments(
        self, caller: Participant, biller_id: str, reference: str, before: str, size: int
    ) -> list[BillPayment]:
        """Payments of a biller's bills, newest first. Raises `BillerUnknown`, `FilterMalformed`."""
        if len(reference) > LONGEST_TYPED or "\x00" in reference:
            raise FilterMalformed("reference")
        checked_id(biller_id, "biller_id")
        async with self._units.pool.acquire() as connection:
            biller = await store.find_biller(connection, biller_id)
            is_operator = caller.kind is ParticipantKind.OPERATOR
            owns = biller is not None and biller.acquirer_id == caller.participant_id
            if biller is None or not (owns or is_operator):
                raise BillerUnknown(biller_id)
            return await store.list_bill_payments(
                connection, biller_id, plain(reference), before, size
            )
