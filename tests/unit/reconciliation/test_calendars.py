"""Which days have a file, and when one is late."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.reconciliation.calendars import WATCHED, gives_file, overdue
from services.reconciliation.partners import Format, Partner, PartnersMalformed, read_partners

TOKYO = ZoneInfo("Asia/Tokyo")
FRIDAY = date(2026, 10, 30)
BANK = Partner(
    id="bank",
    zone="Asia/Tokyo",
    formats=(Format.ZENGIN03,),
    business_days=("JP",),
    closed=(date(2026, 11, 6),),
    due=time(9),
)
WALLET = BANK.model_copy(update={"id": "wallet", "business_days": (), "closed": ()})
PARTNERS = {each.id: each for each in (BANK, WALLET)}


def late(now: datetime, *days: date, partner: Partner = BANK, **wanted: list[str]) -> list[date]:
    given = {partner.id: {day: frozenset({"zengin03"}) for day in days}}
    return [each.day for each in overdue(PARTNERS, given, wanted, now)]


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), TOKYO)


@pytest.mark.parametrize(
    ("day", "gives"),
    [
        (FRIDAY, True),
        (FRIDAY + timedelta(days=1), False),
        (date(2026, 11, 3), False),
        (date(2026, 12, 31), False),
        (date(2026, 11, 6), False),
    ],
)
def test_a_bank_gives_no_file_of_a_day_it_is_closed_on(day: date, gives: bool) -> None:
    assert gives_file(BANK, day) is gives
    assert gives_file(WALLET, day)
    assert gives_file(None, day)


def test_a_file_is_late_from_its_hour_on_the_next_business_day() -> None:
    before = FRIDAY - timedelta(days=1)
    assert late(at(date(2026, 11, 2), 8, 59), before) == []
    assert late(at(date(2026, 11, 2), 9), before) == [FRIDAY]
    assert late(at(date(2026, 11, 2), 9), before, FRIDAY) == []


def test_a_wallets_file_is_late_on_the_morning_after_whatever_day_it_is() -> None:
    sunday = FRIDAY + timedelta(days=2)
    assert late(at(sunday, 9), FRIDAY, partner=WALLET) == [FRIDAY + timedelta(days=1)]


def test_who_has_never_given_a_file_or_promises_no_hour_is_not_late() -> None:
    silent = BANK.model_copy(update={"due": None})
    given = {"bank": {FRIDAY: frozenset({"zengin03"})}}
    now = at(FRIDAY + timedelta(days=30), 9)
    assert list(overdue({"bank": silent}, given, {}, now)) == []
    assert list(overdue(PARTNERS, {}, {}, now)) == []


def test_a_format_that_is_wanted_is_late_by_itself() -> None:
    (found,) = overdue(
        PARTNERS,
        {"bank": {FRIDAY: frozenset({"zengin03"})}},
        {"bank": ["zengin03", "camt053"]},
        at(date(2026, 11, 2), 9),
    )
    assert (found.day, found.formats) == (FRIDAY, ("camt053",))


def test_what_is_older_than_a_fortnight_is_no_news() -> None:
    now = at(FRIDAY + timedelta(days=60), 9)
    assert min(late(now, FRIDAY, partner=WALLET)) == now.date() - WATCHED


def test_a_country_whose_holidays_are_not_known_is_refused() -> None:
    text = '[[partner]]\nid = "x"\nzone = "UTC"\nformats = []\nbusiness_days = ["XX"]\n'
    with pytest.raises(PartnersMalformed):
        read_partners(text, "x.toml")
