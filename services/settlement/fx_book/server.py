"""FxBookService: deals, exposure and results, for the operator's people."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.core.clock import Clock
from services.core.errors import Malformed
from services.core.ids import new_reference
from services.kit.postgres import Connection
from services.kit.rpc import answers
from services.kit.sheets import SheetBoard
from services.kit.unit import Decided, Units
from services.pb.kawase.settlement.v1 import fx_book_service_pb2 as pb
from services.pb.kawase.settlement.v1.fx_book_service_pb2_grpc import FxBookServiceServicer
from services.settlement.fx_book import store
from services.settlement.fx_book.deals import (
    Deal,
    DealMalformed,
    DealNotFound,
    DealNotRecorded,
    DealState,
    DealTaken,
    Terms,
    accounts_of,
    make_deal,
    settle,
)
from services.settlement.fx_book.messages import (
    commands_of,
    deal_changed,
    deal_message,
    read_terms,
)
from services.settlement.ledger import Ledger

NAME = "kawase.settlement.v1.FxBookService"
PAGE_SIZE = 50
PAGE_LIMIT = 500


class PeriodMalformed(Malformed):
    """A day or a time zone that is none."""


class FxBookServer(FxBookServiceServicer):
    """Answers from the tables; deals are booked by the ledger."""

    def __init__(self, units: Units, ledger: Ledger, sheets: SheetBoard, clock: Clock) -> None:
        self._units = units
        self._ledger = ledger
        self._sheets = sheets
        self._clock = clock

    @answers
    async def RecordFxDeal(
        self, request: pb.RecordFxDealRequest, _context: Any
    ) -> pb.RecordFxDealResponse:
        """The same deal again is answered as it stands; another one under its id is refused."""
        terms = read_terms(request.deal)
        terms.check()
        # First what is known: a repeat is answered whatever the rates and the ledger are doing.
        async with self._units.pool.acquire() as connection:
            known = await store.lock_deal(connection, terms.deal_id)
        if known is not None:
            return pb.RecordFxDealResponse(deal=deal_message(_same(known, terms)))
        now = self._clock.now()
        mid = self._sheets.current(now).mid(terms.sold.currency, terms.bought.currency)
        # Before the transfer needs them: what the ledger refuses once, it refuses for ever.
        await self._ledger.open_accounts(accounts_of(terms))
        fresh = make_deal(new_reference(now), terms, mid, now)

        async def work(connection: Connection) -> Decided[Deal]:
            found = await store.lock_deal(connection, terms.deal_id)
            if found is not None:
                return Decided(_same(found, terms))
            await store.add_deal(connection, fresh, now)
            return Decided(fresh, [*commands_of(fresh), deal_changed(fresh, now)])

        deal = (await self._units.write(work)).answer
        return pb.RecordFxDealResponse(deal=deal_message(deal))

    @answers
    async def SettleFxDeal(
        self, request: pb.SettleFxDealRequest, _context: Any
    ) -> pb.SettleFxDealResponse:
        """An operator has seen both sides on the banks' statements. What the ledger has refused
        since is asked for anew."""
        if not request.operator:
            raise DealMalformed("Name the operator who settles the deal.", field="operator")

        async def work(connection: Connection) -> Decided[Deal]:
            found = await store.lock_deal(connection, request.deal_id)
            if found is None:
                raise DealNotFound(
                    f"There is no deal {request.deal_id[:80]!r}: see ListFxDeals.",
                    deal_id=request.deal_id[:80],
                )
            if found.state not in (DealState.RECORDED, DealState.SETTLED):
                raise DealNotRecorded(
                    f"The deal is {found.state}: only what the ledger has booked is settled.",
                    deal_id=found.terms.deal_id,
                )
            deal = settle(found, f"operator {request.operator}")
            if deal == found:
                return Decided(deal)
            now = self._clock.now()
            await store.update_deals(connection, [deal], now)
            return Decided(deal, [*commands_of(deal), deal_changed(deal, now)])

        deal = (await self._units.write(work)).answer
        return pb.SettleFxDealResponse(deal=deal_message(deal))

    @answers
    async def ListFxDeals(
        self, request: pb.ListFxDealsRequest, _context: Any
    ) -> pb.ListFxDealsResponse:
        """Newest first."""
        size = min(request.page_size, PAGE_LIMIT) if request.page_size > 0 else PAGE_SIZE
        async with self._units.pool.acquire() as connection:
            found = await store.list_deals(connection, request.page_token, size)
        return pb.ListFxDealsResponse(
            deals=[deal_message(deal) for deal in found],
            next_page_token=found[-1].reference if len(found) == size else "",
        )

    @answers
    async def GetExposure(
        self, _request: pb.GetExposureRequest, _context: Any
    ) -> pb.GetExposureResponse:
        async with self._units.pool.acquire() as connection, connection.transaction():
            found = await store.read_exposures(connection)
        return pb.GetExposureResponse(
            exposures=[
                pb.Exposure(
                    currency_code=each.currency,
                    corridor_id=each.corridor_id,
                    position_minor=each.position_minor,
                )
                for each in found
            ]
        )

    @answers
    async def GetFxResult(
        self, request: pb.GetFxResultRequest, _context: Any
    ) -> pb.GetFxResultResponse:
        start_time, end_time = period_of(request.day, request.time_zone)
        async with self._units.pool.acquire() as connection, connection.transaction():
            found = await store.read_results(connection, start_time, end_time)
        return pb.GetFxResultResponse(
            results=[
                pb.FxResult(
                    currency_code=each.currency,
                    corridor_id=each.corridor_id,
                    spread_income_minor=each.spread_income_minor,
                    realised_minor=each.realised_minor,
                    fee_income_minor=each.fee_income_minor,
                )
                for each in found
            ]
        )


def period_of(day: str, time_zone: str) -> tuple[datetime, datetime]:
    """A day's beginning and end in its zone (empty: UTC). Raises `PeriodMalformed`."""
    try:
        zone = ZoneInfo(time_zone or "UTC")
        first = date.fromisoformat(day)
        return (
            datetime(first.year, first.month, first.day, tzinfo=zone),
            _midnight_after(first, zone),
        )
    except (ValueError, OverflowError, ZoneInfoNotFoundError) as error:
        raise PeriodMalformed(
            f"The day is YYYY-MM-DD and the time zone an IANA name: {error}", field="day"
        ) from error


def _midnight_after(day: date, zone: ZoneInfo) -> datetime:
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=zone)


def _same(found: Deal, terms: Terms) -> Deal:
    if found.terms != terms:
        raise DealTaken(
            f"The deal {terms.deal_id} is on the books with other terms: choose another deal_id.",
            deal_id=terms.deal_id,
        )
    return found
