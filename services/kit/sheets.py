"""Rate sheets between services: their message, and a board that always has the newest in memory."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import structlog
from google.protobuf.message import DecodeError

from services.core.rate import RATE_PLACES
from services.core.sheet import RateSheet, RatesStale
from services.kit.following import follow
from services.kit.kafka import Record, Topics
from services.kit.outbox import parse_message_id
from services.pb.kawase.fx.v1 import rate_sheet_pb2

log = structlog.get_logger()

TOPIC = "fx.rate"
# One key, so that compaction keeps the newest sheet alone; all sheets share its stripe.
KEY = "sheet"


def encode_sheet(sheet: RateSheet) -> rate_sheet_pb2.RateSheet:
    """The sheet as its message; rates in the order of their currencies."""
    message = rate_sheet_pb2.RateSheet(
        sheet_id=sheet.sheet_id,
        source=sheet.source,
        rates=[encode_rate(base, quote, mid) for (base, quote), mid in sorted(sheet.mids.items())],
        spreads=[
            rate_sheet_pb2.CorridorSpread(corridor_id=corridor, spread_basis_points=spread)
            for corridor, spread in sorted(sheet.spreads.items())
        ],
    )
    message.source_time.FromDatetime(sheet.source_time)
    message.publish_time.FromDatetime(sheet.publish_time)
    message.expire_time.FromDatetime(sheet.expire_time)
    return message


def encode_rate(base: str, quote: str, mid: Decimal) -> rate_sheet_pb2.MidRate:
    """One pair, its rate with 12 places."""
    text = f"{mid.quantize(RATE_PLACES):f}"
    return rate_sheet_pb2.MidRate(base_currency_code=base, quote_currency_code=quote, mid=text)


def decode_sheet(message: rate_sheet_pb2.RateSheet) -> RateSheet:
    """The sheet a message holds. Raises ValueError where a rate is not a number."""
    try:
        mids = {
            (rate.base_currency_code, rate.quote_currency_code): Decimal(rate.mid)
            for rate in message.rates
        }
    except InvalidOperation as error:
        raise ValueError(f"sheet {message.sheet_id} has a rate that is not a number") from error
    return RateSheet(
        message.sheet_id,
        message.source,
        message.source_time.ToDatetime(UTC),
        message.publish_time.ToDatetime(UTC),
        message.expire_time.ToDatetime(UTC),
        mids,
        {spread.corridor_id: spread.spread_basis_points for spread in message.spreads},
    )


class SheetBoard:
    """Follows the topic of rate sheets and answers from memory; Kafka may come and go."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._newest: RateSheet | None = None
        self._sequence = 0
        self.ready = asyncio.Event()
        """Set once there is a sheet, valid or not."""

    @property
    def newest(self) -> RateSheet | None:
        """The newest sheet, valid or not."""
        return self._newest

    def current(self, now: datetime) -> RateSheet:
        """The newest sheet, if prices may be made from it at `now`. Raises `RatesStale`."""
        if self._newest is None or not self._newest.valid_at(now):
            raise RatesStale(self._newest)
        return self._newest

    async def run(self) -> None:
        """Follow the topic, for ever."""
        await follow(self._topics, TOPIC, self._read)

    def _read(self, records: list[Record]) -> None:
        for record in records:
            try:
                sheet = decode_sheet(rate_sheet_pb2.RateSheet.FromString(record.value))
            except (DecodeError, ValueError) as error:
                # The sheet before it stays in force until it expires, so nothing is priced wrongly.
                log.error("sheet_unreadable", offset=record.offset, problem=str(error))
                continue
            self.offer(sheet, _sequence_of(record))
        if self._newest is not None:
            self.ready.set()

    def offer(self, sheet: RateSheet, sequence: int) -> None:
        """Take `sheet`, unless it is an older one that comes again.

        Older is what has a lower sequence and no later time: the sandbox's clock may be set back,
        and sequences begin anew with a new database.
        """
        newest = self._newest
        if (
            newest is not None
            and sequence < self._sequence
            and sheet.publish_time <= newest.publish_time
        ):
            return
        self._newest = sheet
        self._sequence = sequence


def _sequence_of(record: Record) -> int:
    sequence = record.offset
    with suppress(ValueError):
        _, _, sequence = parse_message_id(record.message_id)
    return sequence
