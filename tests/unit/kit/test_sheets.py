"""Rate sheets: what they answer, their message, and which one a board keeps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.core.sheet import CorridorUnpriced, RateSheet, RatesStale, RateUnknown
from services.kit.kafka import Topics
from services.kit.sheets import SheetBoard, decode_sheet, encode_sheet

NOON = datetime(2026, 10, 30, 12, tzinfo=UTC)
SHEET = RateSheet(
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "ecb",
    NOON - timedelta(hours=20),
    NOON,
    NOON + timedelta(minutes=30),
    {("JPY", "KRW"): Decimal("8.491347905282"), ("KRW", "JPY"): Decimal("0.117766933019")},
    {"panda-kakaopay": 150},
)


def board() -> SheetBoard:
    return SheetBoard(Topics("nowhere:1", "test", 1))


def test_a_sheet_gives_the_mid_of_a_pair_it_lists() -> None:
    assert SHEET.mid("JPY", "KRW") == Decimal("8.491347905282")


def test_a_currency_is_worth_one_of_itself() -> None:
    assert SHEET.mid("VND", "VND") == 1


def test_a_pair_that_is_not_listed_is_refused() -> None:
    with pytest.raises(RateUnknown) as refusal:
        SHEET.mid("JPY", "CNY")
    assert refusal.value.metadata == {"base_currency_code": "JPY", "quote_currency_code": "CNY"}


def test_a_corridor_without_a_spread_is_refused() -> None:
    assert SHEET.spread("panda-kakaopay") == 150
    with pytest.raises(CorridorUnpriced):
        SHEET.spread("panda-jpqr")


def test_a_sheet_is_valid_until_just_before_its_expiry() -> None:
    assert SHEET.valid_at(SHEET.expire_time - timedelta(microseconds=1))
    assert not SHEET.valid_at(SHEET.expire_time)


def test_a_sheet_survives_its_message() -> None:
    assert decode_sheet(encode_sheet(SHEET)) == SHEET


def test_rates_are_written_with_12_places() -> None:
    sheet = replace(SHEET, mids={("EUR", "EUR"): Decimal(1), ("IDR", "EUR"): Decimal("4.9E-7")})

    assert [rate.mid for rate in encode_sheet(sheet).rates] == ["1.000000000000", "0.000000490000"]


def test_a_rate_that_is_no_number_is_refused() -> None:
    message = encode_sheet(SHEET)
    message.rates[0].mid = "8,49"

    with pytest.raises(ValueError, match="not a number"):
        decode_sheet(message)


def test_a_board_without_a_sheet_says_that_rates_are_stale() -> None:
    with pytest.raises(RatesStale, match="none yet"):
        board().current(NOON)


def test_a_board_does_not_give_an_expired_sheet() -> None:
    kept = board()
    kept.offer(SHEET, 1)

    assert kept.current(NOON) == SHEET
    with pytest.raises(RatesStale) as refusal:
        kept.current(SHEET.expire_time)
    assert refusal.value.metadata == {"sheet_id": SHEET.sheet_id}


def test_an_older_sheet_that_comes_again_does_not_replace_a_newer_one() -> None:
    kept = board()
    newer = replace(SHEET, sheet_id="newer", publish_time=NOON + timedelta(minutes=1))
    kept.offer(newer, 2)
    kept.offer(SHEET, 1)

    assert kept.newest == newer


def test_a_sheet_of_a_clock_that_was_set_back_replaces_one_from_the_future() -> None:
    kept = board()
    kept.offer(replace(SHEET, publish_time=NOON + timedelta(days=1)), 7)
    kept.offer(SHEET, 8)

    assert kept.newest == SHEET
