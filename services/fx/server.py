"""fx's questions: rates, a quote, and the operator's order to set a spread."""

from typing import Any

from services.core.clock import Clock
from services.core.currencies import minor_units
from services.core.money import Money
from services.core.sheet import RateSheet, RatesStale
from services.fx.domain import SpreadChange, checked_change, quote_price
from services.fx.worker import RateDesk
from services.kit.rpc import answers
from services.kit.sheets import encode_rate, encode_sheet
from services.pb.kawase.fx.v1 import fx_service_pb2 as fx
from services.pb.kawase.fx.v1 import fx_service_pb2_grpc
from services.pb.kawase.money.v1 import money_pb2

NAME = "kawase.fx.v1.FxService"


class FxServer(fx_service_pb2_grpc.FxServiceServicer):
    """Answers from the newest sheet of any fx process."""

    def __init__(self, desk: RateDesk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    async def _valid_sheet(self) -> RateSheet:
        sheet = await self._desk.newest()
        if sheet is None or not sheet.valid_at(self._clock.now()):
            raise RatesStale(sheet)
        return sheet

    @answers
    async def ListRates(self, _request: fx.ListRatesRequest, _context: Any) -> fx.ListRatesResponse:
        """The newest sheet if it is valid, and in any case how each source does."""
        sources = [
            fx.SourceHealth(source=one.source, usable=not one.problem, problem=one.problem)
            for one in self._desk.chain.health
        ]
        newest = await self._desk.newest()
        if newest is None or not newest.valid_at(self._clock.now()):
            return fx.ListRatesResponse(sources=sources)
        return fx.ListRatesResponse(sheet=encode_sheet(newest), sources=sources)

    @answers
    async def GetRate(self, request: fx.GetRateRequest, _context: Any) -> fx.GetRateResponse:
        """The mid of one pair. Raises `CurrencyUnknown`, `RateUnknown`, `RatesStale`."""
        base, quote = request.base_currency_code, request.quote_currency_code
        minor_units(base)
        minor_units(quote)
        sheet = await self._valid_sheet()
        rate = encode_rate(base, quote, sheet.mid(base, quote))
        return fx.GetRateResponse(rate=rate, sheet_id=sheet.sheet_id)

    @answers
    async def Quote(self, request: fx.QuoteRequest, _context: Any) -> fx.QuoteResponse:
        """What a payment would cost now.

        Raises `CurrencyUnknown`, `AmountOutOfRange`, `CorridorUnpriced`, `RateUnknown`,
        `RatesStale`.
        """
        target = Money(request.target.minor_units, request.target.currency_code)
        minor_units(target.currency)
        minor_units(request.home_currency_code)
        sheet = await self._valid_sheet()
        quoted = quote_price(sheet, request.corridor_id, target, request.home_currency_code)
        return fx.QuoteResponse(
            target=_money(quoted.target),
            home=_money(quoted.home),
            spread=_money(quoted.spread),
            mid=encode_rate(target.currency, quoted.home.currency, quoted.mid).mid,
            spread_basis_points=sheet.spread(request.corridor_id),
            sheet_id=sheet.sheet_id,
        )

    @answers
    async def SetSpread(self, request: fx.SetSpreadRequest, _context: Any) -> fx.SetSpreadResponse:
        """Set a corridor's spread, its first one too, and publish.

        Raises `IdMalformed`, `SpreadOutOfRange`, `OperatorMissing`, `ReasonMissing`, and
        `NoSourceUsable`; then nothing has changed.
        """
        change = checked_change(
            SpreadChange(
                request.corridor_id, request.spread_basis_points, request.operator, request.reason
            )
        )
        return fx.SetSpreadResponse(sheet=encode_sheet(await self._desk.publish(change)))


def _money(money: Money) -> money_pb2.Money:
    return money_pb2.Money(minor_units=money.minor, currency_code=money.currency)
